# A crowd where regions lie: processes, some of them stopped, and files of others that are no
# regions. Says what the list costs, and how long the screen takes for a key meanwhile.
#
# ruby crowd.rb TOP LIBRARY DIRECTORY PROCESSES SILENT FILES SECONDS
#
# Prints one line of JSON; fails where the list isn't what it must be. Times are only told.
require "io/console"
require "json"
require "open3"
require "pty"
require "timeout"

TOP, LIBRARY, DIRECTORY = ARGV.shift(3)
PROCESSES, SILENT, FILES, SECONDS = ARGV.map { |number| Integer(number) }
ENV["RUBY_ALLOC_DIR"] = DIRECTORY
ENV["TERM"] = "xterm"
PATIENCE = 60

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def until_true(what)
  last = now + PATIENCE
  until yield
    abort "FAIL: never #{what}" if now > last
    sleep 0.02
  end
end

def regions = Dir.children(DIRECTORY).count { |name| name.start_with?("ruby_alloc.") }

def start_processes
  environment = { "LD_PRELOAD" => LIBRARY, "RUBY_ALLOC_ALL" => "1" }
  pids = Array.new(PROCESSES) { spawn(environment, "sleep", "1000") }
  until_true("#{PROCESSES} regions") { regions >= PROCESSES }
  until_true("all ready") do
    Dir.glob("#{DIRECTORY}/ruby_alloc.*").all? { |path| File.binread(path, 12).to_s[8, 4] == "YDER" }
  end
  pids.first(SILENT).each { |pid| Process.kill(:STOP, pid) }
  pids
end

# Of the dead and of the living; empty, short, and as long as a region.
def make_files(count, pids, namespace)
  Array.new(count) do |i|
    pid = i.even? ? pids[i % pids.size] : i + 1
    path = "#{DIRECTORY}/ruby_alloc.#{pid}.#{10**12 + i}.#{namespace}"
    File.open(path, "w") { |file| file.truncate([0, 100, 200_000][i % 3]) }
    path
  end
end

def list
  before = Process.times
  start = now
  out, err, status = Open3.capture3(TOP, "--once")
  after = Process.times
  { out:, err:, status: status.exitstatus, seconds: now - start,
    cpu: after.cutime + after.cstime - before.cutime - before.cstime }
end

def check(listed, pids)
  abort "FAIL: status #{listed[:status]}: #{listed[:err]}" unless listed[:status].zero?
  shown = listed[:out].lines.drop(1).map(&:to_i)
  abort "FAIL: #{(pids - shown).size} of #{pids.size} processes are missing" unless (pids - shown).empty?
  said = FILES.zero? ? "" : "ruby_alloc_top: #{FILES} files that are no regions have regions' names: left out\n"
  abort "FAIL: said #{listed[:err]}" unless listed[:err] == said
end

# The screen on a terminal of its own.
class Screen
  attr_reader :first

  def initialize
    start = now
    @reader, @writer, @pid = PTY.spawn(TOP, "-d", "0.5")
    @reader.winsize = [40, 120]
    @shown = +""
    see(/COMMAND/)
    @first = now - start
  end

  def see(pattern)
    Timeout.timeout(PATIENCE) { @shown << @reader.readpartial(65_536) until @shown.b =~ pattern }
    @shown.clear
  rescue Timeout::Error
    abort "FAIL: the screen never showed #{pattern.source}"
  end

  # Seconds until a key has its answer.
  def press(key, pattern)
    @shown.clear
    start = now
    @writer.write(key)
    see(pattern)
    now - start
  end

  def quit
    @writer.write("q")
    Timeout.timeout(PATIENCE) { loop { @reader.readpartial(65_536) } }
  rescue EOFError, Errno::EIO
    Process.wait(@pid)
  end
end

# Files come and go, and lists are made, as long as the block takes.
def with_churn(pids, namespace)
  is_over = false
  churn = Thread.new do
    until is_over
      paths = make_files([FILES / 10, 1].max, pids, namespace + 1)
      list
      paths.each { |path| File.unlink(path) }
    end
  end
  yield
ensure
  is_over = true
  churn.join
end

pids = start_processes
begin
  namespace = File.stat("/proc/self/ns/pid").ino
  alone = list
  make_files(FILES, pids, namespace)
  crowded = list
  check(crowded, pids)
  answers = []
  screen = Screen.new
  with_churn(pids, namespace) do
    last = now + SECONDS
    until now > last
      answers << screen.press("?", /keys \(arrows|others end/) << screen.press("x", /COMMAND/)
      sleep rand * 0.2
    end
  end
  screen.quit
  puts JSON.generate(list: crowded[:seconds].round(3), list_cpu: crowded[:cpu].round(3),
                     processes_cpu: alone[:cpu].round(3), first_frame: screen.first.round(3),
                     keys: answers.size, slowest_key: answers.max.round(3),
                     median_key: answers.sort[answers.size / 2].round(3))
ensure
  pids.each { |pid| Process.kill(:KILL, pid) }
  pids.each { |pid| Process.wait(pid) }
end
