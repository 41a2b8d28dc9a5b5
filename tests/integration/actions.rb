# Acting on a Ruby from outside: what is printed, what is given back, who may do it, and what
# the exit status says where it can't be done.
require_relative "support"

OTHER = 64_341
NEARLY_ALL = 190_000_000
DROP = "kept = Array.new(50_000) { 'x' * 4090 }; kept.clear; kept = nil; 3.times { GC.start }".freeze

# A Ruby that has run code and sleeps in one system call.
def quiet(code, *command, **options)
  ready = "#{TEMPORARY}/ready.#{Support.started.size}"
  FileUtils.rm_f(ready)
  pid = start(*command, "ruby", "-e", "#{code}; File.write(ARGV[0], ''); sleep", ready, **options)
  eventually("a Ruby that is ready") { File.exist?(ready) }
  pid
end

def acted(pid, *arguments)
  status, lines, message = top(*arguments, "--json", pid)
  check "#{arguments.join(' ')}: exit status (#{message.chomp})", status, 0
  check "#{arguments.join(' ')}: lines", lines.size, 1
  check "#{arguments.join(' ')}: schema", lines[0]["schema"], "ruby_alloc.action/1"
  check "#{arguments.join(' ')}: pid", lines[0]["process"], { "pid" => pid }
  lines[0]
end

# One line that names the tool and holds part; nothing on stdout.
def refused(what, expected, part, *arguments)
  status, lines, message = top(*arguments)
  check "#{what}: exit status (#{message.chomp})", status, expected
  check "#{what}: output", lines, []
  check "#{what}: one line", message.count("\n"), 1
  message.start_with?("ruby_alloc_top: ") && message.include?(part) or fail!("#{what}: #{message}")
end

def text(*arguments)
  out, message, status = Open3.capture3(TOP, *arguments.map(&:to_s))
  check "#{arguments.join(' ')}: exit status (#{message.chomp})", status.exitstatus, 0
  out
end

def test_purge
  %w[--purge --malloc-trim].each do |action|
    pid = quiet(DROP, env: { "MALLOC_CONF" => "dirty_decay_ms:-1" })
    found = acted(pid, action)
    check "#{action}: action", found["action"], action.delete_prefix("--").tr("-", "_")
    check "#{action}: argument", found["argument"], nil
    check "#{action}: threads", found.values_at("threads_asked", "threads_flushed"), [nil, nil]
    before, after = found.values_at("before", "after")
    check "#{action}: much was dirty (#{before['dirty']})", before["dirty"] >= NEARLY_ALL, true
    check "#{action}: dirty", after["dirty"], 0
    check "#{action}: given back", found["given_back"], before["rss"] - after["rss"]
    check "#{action}: much is given back (#{found['given_back']})", found["given_back"] >= NEARLY_ALL, true
    check "#{action}: fields", before.keys, report(pid)["memory"].keys
    finish(pid, :KILL)
  end
  forget_regions
end

def test_text
  pid = quiet("Thread.new { sleep }; #{DROP}", env: { "MALLOC_CONF" => "dirty_decay_ms:-1" })
  out = text("--purge", pid)
  out.match?(/^memory +before +after +change\nrss +\d.*iB +\d.*iB +-\d.*MiB$/) or fail!("--purge: #{out}")
  out.match?(/^dirty +\d.*MiB +0B +-\d.*MiB$/) or fail!("--purge: #{out}")
  out.match?(/^\d+\.\dMiB given back to the system$/) or fail!("--purge: #{out}")
  out = text("--tcache-flush", pid)
  out.match?(/^\d+ of \d+ threads have emptied their caches/) or fail!("--tcache-flush: #{out}")
  out = text("--decay", "500", pid)
  out.match?(/^unused pages are given back after 500 ms from now on$/) or fail!("--decay: #{out}")
  out = text("--decay", "-1", pid)
  out.match?(/^unused pages are never given back from now on$/) or fail!("--decay -1: #{out}")
  finish(pid, :KILL)
  forget_regions
end

def test_decay
  pid = quiet("")
  { 0 => 0, -1 => -1, 12_345 => 12_345 }.each do |given, expected|
    found = acted(pid, "--decay=#{given}")
    check "--decay #{given}: argument", found["argument"], expected
    check "--decay #{given}: report", report(pid).dig("process", "jemalloc_conf", "dirty_decay_ms"), expected
  end
  refused "too long", 1, "takes no such value", "--decay=#{(1 << 63) - 1}", pid
  check "too long: report", report(pid).dig("process", "jemalloc_conf", "dirty_decay_ms"), 12_345
  finish(pid, :KILL)
  forget_regions
end

# One thread allocates, once it has begun; the main one sleeps.
def test_flush
  pid = quiet("Thread.new { loop { 'x' * 3000 } }")
  asked, flushed = eventually("a flush that one thread of several followed") do
    counts = acted(pid, "--tcache-flush").values_at("threads_asked", "threads_flushed")
    counts if counts[0] > 1 && counts[1].positive?
  end
  check "threads (#{asked}, #{flushed})", flushed <= asked, true
  finish(pid, :KILL)
  forget_regions
end

# [exit status, message] as seen by another user.
def purge_as(user, pid)
  FileUtils.mkdir_p("#{TEMPORARY}/shared")
  FileUtils.cp(TOP, "#{TEMPORARY}/shared")
  FileUtils.chmod(0o755, ["#{TEMPORARY}/shared", "#{TEMPORARY}/shared/ruby_alloc_top"])
  FileUtils.chmod(0o711, TEMPORARY)
  FileUtils.chmod(0o1777, REGIONS)
  _, message, status = Open3.capture3("setpriv", "--reuid=#{user}", "--regid=#{user}", "--clear-groups",
                                      "#{TEMPORARY}/shared/ruby_alloc_top", "--purge", pid.to_s)
  [status.exitstatus, message]
end

def test_other_user
  return puts("skipped: only root can become another user") unless becomes?(OTHER)

  pid = quiet(DROP, env: { "MALLOC_CONF" => "dirty_decay_ms:-1" })
  status, message = purge_as(OTHER, pid)
  check "another user: exit status (#{message.chomp})", status, 4
  check "another user: message", message.lines.size, 1
  check "another user: nothing was purged", report(pid)["memory"]["dirty"] >= NEARLY_ALL, true
  finish(pid, :KILL)
  forget_regions
end

def test_stopped
  pid = quiet(DROP, env: { "MALLOC_CONF" => "dirty_decay_ms:-1" })
  Process.kill(:STOP, pid)
  eventually("a stopped Ruby") { File.read("/proc/#{pid}/stat").match?(/\) T /) }
  began = now
  refused "stopped", 6, "it is stopped: kill -CONT", "--purge", pid
  check "stopped: in time (#{now - began} s)", now - began < 20, true
  Process.kill(:CONT, pid)
  check "stopped: nothing was purged", report(pid)["memory"]["dirty"] >= NEARLY_ALL, true
  finish(pid, :KILL)
  refused "killed", 1, "has ended", "--purge", pid
  forget_regions
  refused "gone", 1, "", "--purge", pid
end

def test_without_the_library
  pid = quiet("", preload: "")
  refused "no library", 3, "", "--purge", pid
  finish(pid, :KILL)
  pid = quiet("", env: { "MALLOC_CONF" => "tcache:false" })
  refused "no caches", 1, "its allocator has nothing of the kind", "--tcache-flush", pid
  finish(pid, :KILL)
  forget_regions
end

# The same user, or anyone: two at once, and neither is turned away.
def test_two_at_once
  pid = quiet("")
  results = Array.new(8) do |i|
    Thread.new { top(*[["--purge"], ["--tcache-flush"], ["--decay=1000"], ["--malloc-trim"]][i % 4], "--json", pid) }
  end
  results.map(&:value).each { |status, _, message| check "at once (#{message.chomp})", status, 0 }
  finish(pid, :KILL)
  forget_regions
end

# libc behind the library has one way to give back, and no decay times or caches of ours to empty.
def test_libc
  pid = quiet(DROP, env: { "RUBY_ALLOC_BACKEND" => "libc" })
  return puts("skipped: no libc backend") if report(pid).dig("process", "backend") != "libc"

  %w[--purge --malloc-trim].each { |action| acted(pid, action) }
  ["--decay=0", "--tcache-flush"].each do |action|
    refused "libc: #{action}", 1, "its allocator has nothing of the kind", action, pid
  end
  finish(pid, :KILL)
  forget_regions
end

test_purge
test_text
test_decay
test_flush
test_other_user
test_stopped
test_without_the_library
test_two_at_once
test_libc
