# Everything at once and at random, for invariants: each process's work comes out right, the
# reader's counts are what the process counted itself, and nothing is left at the end.
#
#     SOAK_SECONDS=600 SOAK_SEED=... soak.rb
#
# The seed repeats what is chosen, not how it interleaves.
require_relative "support"

SECONDS = Integer(ENV.fetch("SOAK_SECONDS", "600"))
SEED = Integer(ENV.fetch("SOAK_SEED") { rand(1 << 31).to_s })
ACTORS = 6
VICTIM = "#{BUILD}/tests/integration/victim_soak"
CLASSES = [3584, 24_576, 393_216, 10_485_760].freeze
RUBY_WORK = <<~'RUBY'
  random = Random.new(ARGV[0].to_i)
  parts = Array.new(random.rand(1..30)) { |i| Thread.new { Known.work(2, 1); Known.digest(i) } }.map(&:value)
  parts << `echo #{random.rand(100)}`.to_i if random.rand(2) == 0
  child = fork { Known.work(random.rand(9), 0); exit!(Known.digest(3) % 100) } if random.rand(2) == 0
  parts << Process.wait2(child)[1].exitstatus if child
  pid = Process.spawn("ruby", "-e", "exit 3") if random.rand(4) == 0
  parts << Process.wait2(pid)[1].exitstatus if pid
  puts parts.sum
  $stdout.flush
  $stdin.read
RUBY

# State and start of a process; another that is given its pid has a later start. nil: none.
def state_and_start(pid)
  File.read("/proc/#{pid}/stat")[/.*\) (.*)/m, 1].split.values_at(0, 19)
rescue SystemCallError
  nil
end

# What the actors share: processes that anyone may read, and what was done.
class Record
  def initialize
    @lock = Mutex.new
    @processes = []
    @done = Hash.new(0)
  end

  def add(pid)
    process = [pid, state_and_start(pid)&.last]
    @lock.synchronize { @processes << process }
  end

  def count(what) = @lock.synchronize { @done[what] += 1 }
  def done = @lock.synchronize { @done.dup }
  def pids = @lock.synchronize { @processes.last(40).map(&:first) }
  def all = @lock.synchronize { @processes.uniq }
end

RECORD = Record.new

# The processes of one actor; all that it does is chosen by its own random numbers.
class Actor
  def initialize(seed)
    @random = Random.new(seed)
  end

  ACTIONS = { soak: 4, ruby: 2, read: 4, list: 2, prune: 1 }.freeze

  def act
    action = ACTIONS.flat_map { |name, weight| [name] * weight }.sample(random: @random)
    send(action)
    RECORD.count(action)
  end

  private

  # The block gets the process's stdin and stdout; all of its family ends with it.
  def with(*command)
    input, control = IO.pipe
    said, output = IO.pipe
    environment = { "LD_PRELOAD" => OURS, "RUBY_ALLOC_ALL" => "1" }
    pid = Process.spawn(environment, *command, in: input, out: output, pgroup: true)
    Support.started << pid
    RECORD.add(pid)
    [input, output].each(&:close)
    yield pid, control, said
    Process.kill(:KILL, @random.rand(2).zero? ? pid : -pid) if @random.rand(3).zero?
  ensure
    control.close
    Process.wait(pid)
    said.read # to the end of the last of the family
    said.close
    Support.started.delete(pid)
  end

  def line_of(said)
    said.wait_readable(60) or abort "FAIL: a process hangs"
    said.gets or abort "FAIL: a process ended early"
  end

  def soak
    with(VICTIM, @random.rand(1 << 30).to_s) do |pid, control, said|
      @random.rand(1..5).times do |round|
        control.write("x") unless round.zero?
        loop do
          line = line_of(said)
          compare(line)
          break if line.split[1].to_i == pid
        end
      end
    end
  end

  # What a quiet process says of itself and what the reader says of it.
  def compare(line)
    word, pid, live_known, *counts = line.split
    check "soak: what it says", word, "counts"
    RECORD.add(pid.to_i)
    found = report(pid)
    rows = CLASSES.map { |size| found["classes"].find { |row| row["size"] == size } || {} }
    seen = rows.map { |row| row.values_at("allocations", "frees", "live_objects").map(&:to_i) }
    expected = counts.map(&:to_i).each_slice(3).to_a
    [seen, expected].each { |list| list.each(&:pop) } if live_known == "0"
    check "soak: #{pid}'s objects", seen, expected
    check_plausible(found) if live_known == "1"
  end

  def ruby
    seed = @random.rand(1 << 30)
    with("ruby", "-r", KNOWN, "-e", RUBY_WORK, seed.to_s) do |pid, _, said|
      sum, threads = expected_of(seed)
      check "ruby #{pid}, seed #{seed}: result", line_of(said).to_i, sum
      check "ruby #{pid}, seed #{seed}: objects", known(report(pid)), [2 * threads, threads, threads]
    end
  end

  # The same choices as in RUBY_WORK.
  def expected_of(seed)
    random = Random.new(seed)
    threads = random.rand(1..30)
    sum = (0...threads).sum { |i| digest(i) }
    sum += random.rand(100) if random.rand(2).zero?
    sum += digest(3) % 100 if random.rand(2).zero?
    sum += 3 if random.rand(4).zero?
    [sum, threads]
  end

  DIGESTS = Array.new(31) { |seed| Known.digest(seed) }.freeze
  def digest(seed) = DIGESTS[seed]

  READS = [%w[--once --json], %w[--json], %w[--batch --json -n 3 -d 0.05]].freeze

  # A process may just begin, end, be killed, or its region be removed: no region, or no answer in
  # time, is then an honest word. A damaged region, or what isn't JSON, never is.
  def read
    pid = RECORD.pids.sample(random: @random) or return
    status, reports, message = top(*READS.sample(random: @random), pid)
    check "reader of #{pid}: #{message.chomp}: status", [0, 1, 3, 6].include?(status), true
    check "reader of #{pid}: whose", reports.map { |found| found["process"]["pid"] } - [pid], []
  end

  def list
    status, reports, message = top("--json")
    check "list: #{message.chomp}: status", [0, 1, 6].include?(status), true
    reports.each { |found| check "list: schema", found["schema"], "ruby_alloc.report/1" }
  end

  def prune
    _, message, status = Open3.capture3(TOP, "--prune")
    check "prune: #{message.chomp}: status", status.exitstatus, 0
  end
end

def run_actors(deadline)
  actors = Array.new(ACTORS) { |i| Actor.new(SEED + i) }
  threads = actors.map { |actor| Thread.new { actor.act while now < deadline && Support.failures.zero? } }
  threads.each(&:join)
end

# Dead, or a zombie that only waits for its parent. In ten minutes pids come round again.
def ended?(pid, start)
  state, now = state_and_start(pid)
  state.nil? || state == "Z" || now != start
end

def check_end
  eventually("the end of all processes") { RECORD.all.all? { |pid, start| ended?(pid, start) } }
  Open3.capture3(TOP, "--prune")
  check "regions left", regions, []
  check "other files left", Dir.children(REGIONS), []
end

puts "soak: SOAK_SEED=#{SEED} SOAK_SECONDS=#{SECONDS}"
$stdout.flush
run_actors(now + SECONDS)
check_end
done = RECORD.done.map { |what, count| "#{count} #{what}" }
puts "soak: #{done.join(', ')}; #{RECORD.all.size} processes"
puts "soak: failed; repeat with SOAK_SEED=#{SEED}" if Support.failures.positive?
