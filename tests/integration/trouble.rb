# Whatever is refused to the library, the Ruby runs on: the same output and exit status as under
# plain jemalloc in the same trouble, and the log says what happened.
require_relative "support"

LAUNCH = "#{BUILD}/tests/integration/victim_launch"
LOG = "#{TEMPORARY}/logs/log"
PREPARE, STEPS = [KNOWN, File.expand_path("trouble_work.rb", __dir__)].map { |path| File.read(path) }
WORK = ["ruby", "-e", PREPARE + STEPS].freeze
EPERM = 1
EAGAIN = 11
OTHER = 64_321
SWITCHES = becomes?(OTHER)
puts "skipped: without root another user's files and limits are not tested" unless SWITCHES

# Open to another user, wherever the tree and its build lie.
LIBRARY = "#{TEMPORARY}/libruby_alloc.so"
FileUtils.cp(File.realpath(OURS), LIBRARY)
FileUtils.mkdir(File.dirname(LOG))
FileUtils.chmod(0o711, TEMPORARY)
FileUtils.chmod(0o1777, [REGIONS, File.dirname(LOG)])

# [output, Process::Status] of a command; the time limit is for a host that hangs.
def run(preload, *command)
  reader, writer = IO.pipe
  pid = start(*command, preload: preload, env: { "RUBY_ALLOC_LOG" => LOG },
                        out: writer, err: "#{TEMPORARY}/err")
  writer.close
  output = Thread.new { reader.read }
  status = finish(pid, nil, 60)
  [output.value, status]
end

# Each pattern must be in the log; none given: the log is empty. plain: what run gives there under
# plain jemalloc.
def trouble(name, prefix, *patterns, command: WORK, plain: nil)
  FileUtils.rm_f(LOG)
  plain, plain_status = plain || run(JEMALLOC, *prefix, *command)
  check "#{name}: log under jemalloc", File.exist?(LOG), false
  output, status = run(LIBRARY, *prefix, *command)
  check "#{name}: output", output, plain
  check "#{name}: wait status", status.to_i, plain_status.to_i
  check_log(name, patterns)
  [output, status]
end

def check_log(name, patterns)
  log = File.exist?(LOG) ? File.read(LOG) : ""
  patterns.each { |pattern| log.match?(pattern) or fail!("#{name}: log lacks #{pattern}: #{log}") }
  check "#{name}: log", log, "" if patterns.empty?
end

# The work is done to its end without other errors than these, and nothing is left.
def completes(name, *arguments, errors: [], **options)
  output, status = trouble(name, *arguments, **options)
  check "#{name}: exit status", status.exitstatus, 6
  check "#{name}: errors", output.scan(/.*Error$/), errors
  check "#{name}: regions left", regions, []
  forget_regions
end

# The process can't open anything from some point on: from its start, or in the middle of its life.
def test_descriptors
  [3, 4, 5, 7].each { |count| trouble("#{count} descriptors", ["prlimit", "--nofile=#{count}"]) }
  check "few descriptors: regions left", regions, []
  forget_regions
  [0, 3].each do |count|
    limited = "#{PREPARE}\nProcess.setrlimit(:NOFILE, #{count})\n#{STEPS}"
    steps = %w[digest known threads fork garbage]
    completes("#{count} descriptors later", [], command: ["ruby", "-e", limited, *steps])
  end
end

# Nothing may be written, the log least of all: no signal either.
def test_file_size
  completes("no bytes in a file", %w[prlimit --fsize=0])
  completes("4096 bytes in a file", %w[prlimit --fsize=4096], /no region in .*: error 27$/,
            /without a region/)
end

def test_address_space
  script = "a = []
    begin
      loop { a << 'x' * 1_000_000 }
    rescue NoMemoryError
      a = nil
      puts 'caught'
    end"
  [120, 200].each do |megabytes|
    limit = ["prlimit", "--as=#{megabytes}000000"]
    output, = trouble("#{megabytes} MB", limit, command: ["ruby", "-e", script])
    check "#{megabytes} MB: output", output, "caught\n"
  end
end

def test_container
  completes("a container's calls, others refused", [LAUNCH, "container:#{EPERM}", "--"])
  completes("a container's calls, others deadly", [LAUNCH, "container:kill", "--"])
end

# One call that the library needs beyond what Ruby needs.
def test_no_reservation
  fallocate = RUBY_PLATFORM.start_with?("x86_64") ? 285 : 47
  completes("no fallocate", [LAUNCH, "refuse:#{fallocate}:#{EPERM}", "--"],
            /no region in .*: error #{EPERM}$/, /without a region/)
end

# A signal interrupts each process's first reservations: they are made all the same.
def test_interrupted_reservation
  strace = %w[strace --seccomp-bpf -f -qq -o /dev/null -e trace=fallocate]
  completes("fallocate is interrupted", [*strace, "-e", "inject=fallocate:error=EINTR:when=1..3"])
end

def test_no_threads
  [EPERM, EAGAIN].each do |error|
    completes("no threads: error #{error}", [LAUNCH, "threadless:#{error}", "--"],
              /no sampler thread: error #{error};/, errors: ["threads: ThreadError"])
  end
end

# This limit is a user's, and none for root.
def test_processes
  return if Process.uid.zero? && !SWITCHES

  user = SWITCHES ? [LAUNCH, "user:#{OTHER}", "--"] : []
  trouble("no more processes", [*user, "prlimit", "--nproc=1"], /no sampler thread: error #{EAGAIN};/,
          command: [*WORK, "digest", "known", "threads", "garbage"])
  check "no more processes: regions left", regions, []
end

TYPES = {
  "file" => "file", "directory" => "directory", "fifo" => "fifo", "symlink" => "link", "hardlink" => "file"
}.freeze

SQUATTED = [*WORK, "digest", "threads"].freeze

# Something is at the region's name already: not ours to write to, follow or remove. The program's
# own file there is another matter: it can only be one that this very process left.
def test_squatted
  users = SWITCHES ? [OTHER, OTHER + 1] : [Process.uid]
  plain = run(JEMALLOC, *SQUATTED)
  TYPES.keys.product(users).each do |kind, owner|
    replaced = TYPES[kind] == "file" && owner == users.first
    squat(kind, owner, plain, replaced ? [] : [/no region in .*: error 17$/, /without a region/])
    left = regions.map { |region| File.ftype("#{REGIONS}/#{region}") }
    check "a #{kind} of #{owner}: left", left, replaced ? [] : [TYPES[kind]]
    forget_regions
  end
end

def squat(kind, owner, plain, patterns)
  target = "#{REGIONS}/target"
  File.write(target, "precious")
  File.chown(owner, owner, target) if SWITCHES
  prefix = [LAUNCH, "squat:#{kind}:#{owner}", *("user:#{OTHER}" if SWITCHES), "--"]
  trouble("a #{kind} of #{owner}", prefix, *patterns, command: SQUATTED, plain: plain)
  check "a #{kind} of #{owner}: the target", File.read(target), "precious"
  File.unlink(target)
end

test_descriptors
test_file_size
test_address_space
test_container
test_no_reservation
test_interrupted_reservation
test_no_threads
test_processes
test_squatted
