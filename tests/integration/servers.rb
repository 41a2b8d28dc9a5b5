# Servers as they run in production, under load and while their workers come and go: the same
# answers as under plain jemalloc, the right processes in ruby_alloc_top's list, exact counts.
require "socket"
require_relative "support"

SOCKET = "#{TEMPORARY}/socket"
CLIENTS = 4
REQUESTS = 200
EXPECTED = Array.new(REQUESTS) { |number| Known.digest(number).to_s }

# [body, pid of the worker]
def request(number)
  socket = UNIXSocket.new(SOCKET)
  socket.write "GET /#{number} HTTP/1.0\r\n\r\n"
  answer = socket.read
  raise Errno::ECONNRESET if answer.empty?
  head, body = answer.split("\r\n\r\n", 2)
  head =~ %r{\AHTTP/1.\d 200} or abort "FAIL: request #{number}: #{head.inspect}"
  [body, head[/^x-pid: (\d+)/i, 1].to_i]
ensure
  socket&.close
end

# A worker that is replaced may close a connection that it has not read from yet: a client
# then asks again.
def patiently(tries = 20)
  yield
rescue Errno::EPIPE, Errno::ECONNRESET
  (tries -= 1).positive? ? retry : raise
end

# All requests by several clients at once: [bodies by number, number of requests by worker].
def load
  numbers = Queue.new
  REQUESTS.times { |number| numbers << number }
  numbers.close
  answers = Array.new(CLIENTS) { Thread.new { answers_of(numbers) } }.flat_map(&:value).sort
  [answers.map { |_, body, _| body }, answers.map(&:last).tally]
end

def answers_of(numbers)
  answers = []
  while (number = numbers.pop)
    answers << [number, *request(number)]
  end
  answers
end

# Run the block while `count` threads do `step` again and again; returns what step returned.
def meanwhile(count, step)
  running = true
  threads = Array.new(count) do
    Thread.new do
      results = []
      results << step.call while running
      results
    end
  end
  yield
  running = false
  threads.flat_map(&:value)
ensure
  running = false
end

# Clients ask and ruby_alloc_top lists while the block changes the server's workers.
def under_load(name, master)
  strange = nil
  ask = lambda do
    number = rand(REQUESTS)
    patiently { request(number) }.first == EXPECTED[number]
  end
  answers = meanwhile(CLIENTS, ask) do
    strange = meanwhile(1, -> { strangers(master) }) { yield }
  end
  check "#{name}: wrong answers of #{answers.size}", answers.count(false), 0
  check "#{name}: others than #{master} and its children", strange.flatten.uniq, []
end

# What a list holds beside the master and its children; an ended child has no parent any more.
def strangers(master)
  status, reports, message = top("--json")
  return ["exit status #{status}: #{message}"] unless [0, 1].include?(status)

  reports.map { |report| report["process"] }.reject do |process|
    parents = process["pid"] == master ? [Process.pid] : [master, nil]
    parents.include?(process["ppid"])
  end
end

def start_server(*command, preload: OURS, environment: {})
  FileUtils.rm_f(SOCKET)
  variables = { "KNOWN" => KNOWN, "SOCKET" => SOCKET }.merge(environment)
  pid = start(*command, preload: preload, env: variables)
  eventually("#{command.join(' ')} answers") { answers? }
  pid
end

def answers?
  request(0)
rescue Errno::ENOENT, Errno::ECONNREFUSED
  nil
end

# Workers of master in the list, once there are `count` and none of `gone` is left.
def workers_of(master, count, gone = [])
  eventually("#{count} workers of #{master} without #{gone}") do
    processes = listing.map { |report| report["process"] }
    workers = processes.select { |p| p["ppid"] == master && p["state"] == "running" }
    pids = workers.map { |worker| worker["pid"] }
    pids if pids.size == count && (pids & gone).empty?
  end
end

# The counts of each worker, exact, from where they stood before the load.
def check_workers(name, workers)
  before = workers.to_h { |pid| [pid, known(report(pid))] }
  bodies, by_worker = load
  check "#{name}: answers", bodies, EXPECTED
  check "#{name}: unknown workers", by_worker.keys - workers, []
  workers.each do |pid|
    requests = by_worker.fetch(pid, 0)
    changes = [2 * requests, requests, requests]
    after = report(pid)
    check "#{name}: worker #{pid}", known(after), before[pid].zip(changes).map(&:sum)
    check "#{name}: worker #{pid} forked", after["process"]["forked"], true
    check_plausible(after)
  end
end

def check_master(name, master)
  after = report(master)
  check "#{name}: master", known(after), [5, 1, 4]
  check "#{name}: master's parent", after["process"]["ppid"], Process.pid
  check_plausible(after)
end

# Killed by what can't be caught, a process leaves its region; a Ruby that is told to end by TERM
# or INT, by which it ends itself at last, does not.
def check_left(name, pids)
  check "#{name}: regions left", regions.map { |region| region[/\d+/].to_i }.sort, pids.sort
  pids.each do |pid|
    check "#{name}: state of #{pid}", report(pid)["process"]["state"], "exited"
  end
  forget_regions
end

def check_plain(name, *command, environment: {})
  plain = start_server(*command, preload: JEMALLOC, environment: environment)
  check "#{name}: answers under plain jemalloc", load.first, EXPECTED
  finish(plain, :TERM)
  check "#{name}: regions under plain jemalloc", regions, []
end

PUMA = ["puma", "--silent", "-C", File.expand_path("server_puma.rb", __dir__)].freeze

# A phased restart replaces the workers one by one; TTIN and TTOU add and remove one.
def test_puma_phased
  check_plain("puma", *PUMA)
  master = start_server(*PUMA)
  first = workers_of(master, 2)
  check_workers("puma", first)
  check_master("puma", master)
  second = third = nil
  under_load("puma", master) do
    Process.kill(:USR1, master)
    second = workers_of(master, 2, first)
    Process.kill(:TTIN, master)
    workers_of(master, 3)
    Process.kill(:TTOU, master)
    third = workers_of(master, 2)
  end
  check "puma: workers kept", second - third, []
  check_workers("puma after its restart", third)
  check_master("puma after its restart", master)
  finish(master, :INT)
  check_left("puma", [])
end

# With preload_app! a restart is an exec in place: a new image, counting from 0 under its old pid.
def test_puma_preload
  preload = { "PRELOAD_APP" => "1" }
  master = start_server(*PUMA, environment: preload)
  first = workers_of(master, 2)
  check_workers("preloaded puma", first)
  inherited = first.map { |pid| report(pid)["totals"]["inherited_objects"] }
  check "preloaded puma: inherited #{inherited}", inherited.min > 1000, true
  second = nil
  under_load("preloaded puma", master) do
    Process.kill(:USR2, master)
    second = workers_of(master, 2, first)
  end
  check_workers("preloaded puma after its restart", second)
  check_master("preloaded puma after its restart", master)
  finish(master, :TERM)
  check_left("preloaded puma", [])
end

def test_preforking
  server = ["ruby", File.expand_path("server_preforking.rb", __dir__)]
  check_plain("preforking", *server)
  master = start_server(*server)
  workers = workers_of(master, 3)
  check_workers("preforking", workers)
  check_master("preforking", master)
  Process.kill(:KILL, workers.first)
  others = workers_of(master, 3, workers.first(1))
  check "preforking: workers kept", workers.drop(1) - others, []
  check_workers("preforking after a kill", others)
  finish(master, :TERM)
  check_left("preforking", workers.first(1))
end

JOBS = 500

# [pid, sum of the results]
def run_jobs(preload)
  result = "#{TEMPORARY}/result"
  server = start("ruby", File.expand_path("server_jobs.rb", __dir__),
                 preload: preload, env: { "KNOWN" => KNOWN, "RESULT" => result, "JOBS" => JOBS.to_s })
  sum = eventually("all jobs done") { File.exist?(result) && File.read(result)[/\d+(?=\n)/] }
  File.unlink(result)
  [server, sum.to_i]
end

def test_jobs
  expected = JOBS.times.sum { |job| Known.digest(job) }
  plain, sum = run_jobs(JEMALLOC)
  check "jobs: sum under plain jemalloc", sum, expected
  check "jobs: plain end", finish(plain, :TERM).success?, true
  server, sum = run_jobs(OURS)
  check "jobs: sum", sum, expected
  after = report(server)
  check "jobs: known objects", known(after), [2 * JOBS, JOBS, JOBS]
  workers = after["threads"].select { |thread| thread["name"] == "job" && thread["state"] == "live" }
  check "jobs: threads", workers.size, 25
  check "jobs: threads that allocated", workers.count { |thread| thread["allocations"].positive? }, 25
  check_plausible(after)
  check "jobs: end", finish(server, :TERM).success?, true
  check_left("jobs", [])
end

test_puma_phased
test_puma_preload
test_preforking
test_jobs
