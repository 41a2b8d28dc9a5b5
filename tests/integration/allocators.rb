# Other allocators than the usual jemalloc beside a Ruby, and other Rubies: a jemalloc without
# statistics, none that is one, none at all, a Ruby that brings its own, a program that embeds one.
require "rbconfig"
require_relative "support"

STANDINS = "#{BUILD}/tests/integration/standins"
LOG = "#{TEMPORARY}/log"
# Tells when all is done, then waits for a signal.
SCRIPT = <<~RUBY
  require #{KNOWN.dump}
  Known.work(1, 0)
  threads = Array.new(4) { |i| Thread.new { Known.work(5, 2); Known.digest(i) } }
  sum = threads.sum(&:value) + Known.digest(9)
  File.write(ARGV[0] || ENV["RESULT"], sum.to_s + "\\n")
  Signal.trap("TERM") { exit 3 }
  sleep
RUBY
SUM = [0, 1, 2, 3, 9].sum { |seed| Known.digest(seed) }

# Run the block with the pid of a Ruby that has done its work; it must end as it would anywhere.
def with_ruby(name, *command, **options)
  result = "#{TEMPORARY}/result"
  FileUtils.rm_f([result, LOG])
  variables = { "RUBY_ALLOC_LOG" => LOG, "RESULT" => result }.merge(options.delete(:env) || {})
  pid = start(*command, env: variables, **options)
  sum = eventually("#{name}: work done") { File.exist?(result) && File.read(result)[/\d+(?=\n)/] }
  check "#{name}: sum", sum.to_i, SUM
  yield pid
  check "#{name}: exit status", finish(pid, :TERM).exitstatus, 3
  check "#{name}: regions left", regions, []
end

def log = File.exist?(LOG) ? File.read(LOG) : ""

def check_log(name, expected)
  log.match?(expected) or fail!("#{name}: log lacks #{expected}: #{log}")
end

def jemallocs_of(pid)
  File.readlines("/proc/#{pid}/maps", chomp: true).grep(/jemalloc/).map { |line| line.split.last }.uniq
end

def check_counted(name, pid)
  found = report(pid)
  check "#{name}: known objects", known(found), [21, 8, 13]
  check "#{name}: live objects", found["totals"]["live_objects"],
        found["totals"]["allocations"] - found["totals"]["frees"]
  found
end

def test_no_statistics
  name = "jemalloc without statistics"
  with_ruby(name, "ruby", "-e", SCRIPT, env: { "LD_LIBRARY_PATH" => "#{STANDINS}/statless" }) do |pid|
    check "#{name}: loaded", jemallocs_of(pid), ["#{STANDINS}/statless/libjemalloc.so.2"]
    found = check_counted(name, pid)
    check_unknown(name, found)
    check_log name, /this jemalloc keeps no statistics/
  end
end

# What only jemalloc could tell is null; what was counted, and what /proc says, is there.
def check_unknown(name, found)
  memory, fragmentation = found.values_at("memory", "fragmentation")
  %w[allocated active metadata dirty muzzy resident mapped retained].each do |field|
    check "#{name}: memory.#{field}", memory[field], nil
  end
  %w[thread_cache stranded slab_gaps dirty metadata ratio].each do |field|
    check "#{name}: fragmentation.#{field}", fragmentation[field], nil
  end
  %w[slabs utilization gap_bytes].each do |field|
    check "#{name}: classes' #{field}", found["classes"].map { |row| row[field] }.uniq, [nil]
  end
  %w[live requested rss].each { |field| memory[field].positive? or fail!("#{name}: memory.#{field}") }
  check "#{name}: version", found["process"]["jemalloc_version"], "5.0.0-standin"
end

def test_no_jemalloc
  name = "a libjemalloc.so.2 that is none"
  with_ruby(name, "ruby", "-e", SCRIPT, env: { "LD_LIBRARY_PATH" => "#{STANDINS}/bare" }) do |pid|
    check "#{name}: exit status of ruby_alloc_top", top("--once", pid)[0], 3
    check_log name, /libjemalloc.so.2 was not found: libc's own allocator serves/
  end
end

def patch(*arguments)
  system("patchelf", *arguments) or abort "FAIL: patchelf #{arguments.join(' ')}"
end

# The library's one need, under a name that no system has: what ld.so says then is its own.
def test_missing
  library = "#{TEMPORARY}/libruby_alloc.so"
  FileUtils.cp(File.realpath(OURS), library)
  patch("--replace-needed", JEMALLOC, "libjemalloc.so.missing", library)
  out, message, status = Open3.capture3({ "LD_PRELOAD" => library }, "ruby", "-e", "puts 1")
  check "missing jemalloc: output", [out, status.exitstatus], ["", 127]
  message.match?(/libjemalloc.so.missing: cannot open/) or fail!("ld.so: #{message}")
  readme = File.read(File.expand_path("../../README.md", __dir__))
  readme.match?(/`libjemalloc\.so\.2` can't be opened, install .*`apt-get install\s+libjemalloc2`/) or
    fail!("README.md doesn't say what to install when libjemalloc.so.2 is missing")
end

# Its soname is the one that our library needs: ld.so loads it once.
def test_linked
  name = "a Ruby linked to jemalloc"
  ruby = "#{TEMPORARY}/ruby"
  FileUtils.cp(RbConfig.ruby, ruby)
  patch("--add-needed", JEMALLOC, ruby)
  with_ruby("#{name}, alone", ruby, "-e", SCRIPT, preload: nil) do |pid|
    check "#{name}, alone: jemallocs", jemallocs_of(pid).size, 1
  end
  with_ruby(name, ruby, "-e", SCRIPT) do |pid|
    check "#{name}: jemallocs", jemallocs_of(pid).size, 1
    check_plausible(check_counted(name, pid))
    check "#{name}: log", log, ""
  end
end

def test_embedded
  name = "an embedded Ruby"
  with_ruby(name, "#{BUILD}/tests/integration/embedded", SCRIPT) do |pid|
    found = check_counted(name, pid)
    check_plausible(found)
    check "#{name}: version", found["process"]["ruby_version"], RUBY_VERSION
    check "#{name}: name", found["process"]["comm"], "embedded"
    check "#{name}: log", log, ""
  end
end

test_no_statistics
test_no_jemalloc
test_missing
test_linked
test_embedded
