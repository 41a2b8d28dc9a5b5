# How processes end, and what is left of them: a normal end leaves nothing, after any other the
# last state can be read.
require_relative "support"

NORMAL = {
  "end of script" => "nil", "exit" => "exit 3", "abort" => "abort 'message'",
  "exception" => "raise 'told to'",
  "at_exit" => "at_exit { Known.work(1, 0) }", "exit in a thread" => "Thread.new { exit 4 }.join",
  "throw" => "throw :nothing", "exit!" => "exit! 5", "exit! in a child" => "Process.wait(fork { exit! 5 })", "end with threads" => "9.times { Thread.new { sleep } }"
}.freeze

def test_normal_end
  NORMAL.each do |name, code|
    status = finish(start("ruby", "-r", KNOWN, "-e", "Known.work(2, 1); #{code}"))
    check "#{name}: by signal", status.signaled?, false
    check "#{name}: regions left", regions, []
  end
end

# Ruby cleans up, and then ends itself by the signal.
TOLD = %i[TERM INT HUP ALRM USR1 USR2].freeze

def test_told_to_end
  TOLD.each do |signal|
    mark = "#{TEMPORARY}/#{signal}"
    script = "Known.work(2, 1); fork { sleep }; File.write(ARGV[0], ''); sleep"
    pid = start("ruby", "-r", KNOWN, "-e", script, mark)
    eventually("a Ruby") { File.exist?(mark) && regions.size == 2 }
    # Its child as well, which is of its process group.
    status = finish(pid, signal)
    check "SIG#{signal}: signal", status.termsig, Signal.list[signal.to_s]
    Process.kill(signal, -pid)
    eventually("no region after SIG#{signal}") { regions.empty? }
  end
end

DEATHS = {
  "SIGKILL" => ["Process.kill(:KILL, $$); sleep", 9],
  "SIGSEGV" => ["Process.kill(:SEGV, $$); sleep", 6], # Ruby reports it and aborts
  "abort()" => ["Fiddle::Function.new(Known::LIBC['abort'], [], Fiddle::TYPE_VOID).call", 6],
  "SIGXCPU" => ["Process.kill(:XCPU, $$); sleep", 24],
  "SIGKILL in a child" => ["Process.wait(fork { Known.work(7, 3); Process.kill(:KILL, $$); sleep })
                            Process.kill(:KILL, $$); sleep", 9]
}.freeze

def test_death
  DEATHS.each do |name, (code, signal)|
    pid = start("ruby", "-r", KNOWN, "-e", "Known.work(20, 8); #{code}", rlimit_core: 0)
    check "#{name}: signal", finish(pid).termsig, signal
    check_last_state(name, pid, [20, 8, 12])
    child = (regions.map { |region| region[/\d+/].to_i } - [pid]).first
    check "#{name}: a child's region", !child.nil?, name == "SIGKILL in a child"
    check_last_state(name, child, [7, 3, 16]) if child
    forget_regions
  end
end

def check_last_state(name, pid, counts)
  found = report(pid)
  check "#{name}: state", found["process"]["state"], "exited"
  check "#{name}: known objects", known(found), counts
  check "#{name}: live objects", found["totals"]["live_objects"],
        found["totals"].values_at("inherited_objects", "allocations").sum - found["totals"]["frees"]
  check "#{name}: rss", found["memory"]["rss"], nil
end

# A quiet process that is killed: every number that it counted is still there, as it was.
def test_killed_while_quiet
  mark = "#{TEMPORARY}/quiet"
  script = "Known.work(3, 1); File.write(ARGV[0], ''); sleep"
  pid = start("ruby", "-r", KNOWN, "-e", script, mark)
  eventually("quiet") { File.exist?(mark) && File.read("/proc/#{pid}/stat")[/\) (.)/, 1] == "S" }
  before = sampled(pid)
  finish(pid, :KILL)
  after = report(pid)
  %w[calls totals sizes].each { |group| check "killed: #{group}", after[group], before[group] }
  %w[allocated active resident].each do |field|
    check "killed: last #{field}", after["memory"][field], before["memory"][field]
  end
  forget_regions
end

# Names hold the start time: a process that got the pid of a dead one is not taken for it.
def test_reused_pid
  dead = dead_region
  other = start("sleep", "1000", preload: nil)
  renamed = File.basename(dead).sub(/\.\d+/, ".#{other}")
  File.rename(dead, "#{REGIONS}/#{renamed}")
  age("#{REGIONS}/#{renamed}", 0, 0, other)
  status, reports, message = top("--once", "--json", other)
  states = reports.map { |found| found["process"]["state"] }
  check "reused pid: states (#{message.chomp})", states - ["exited"], []
  check "reused pid: exit status #{status}", [0, 3].include?(status), true
  finish(other, :KILL)
  forget_regions
end

test_normal_end
test_told_to_end
test_death
test_killed_while_quiet
test_reused_pid
