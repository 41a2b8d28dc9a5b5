# What the tests written in Ruby share: starting processes under the library, asking
# ruby_alloc_top about them, and waiting for something with a deadline. The tests themselves
# run without the library.
require "json"
require "open3"
require "fileutils"
require "io/wait"
require_relative "known"

module Support
  BUILD = ENV.fetch("RUBY_ALLOC_BUILD")
  TOP = "#{BUILD}/ruby_alloc_top"
  OURS = "#{BUILD}/libruby_alloc.so"
  JEMALLOC = "libjemalloc.so.2"
  TEMPORARY = File.realpath(ENV.fetch("TEST_DIR"))
  REGIONS = "#{TEMPORARY}/regions"
  KNOWN = File.expand_path("known.rb", __dir__)

  FileUtils.mkdir_p(REGIONS)
  ENV["RUBY_ALLOC_DIR"] = REGIONS
  ENV["LC_ALL"] = "C.UTF-8"

  @started = []
  @failures = 0
  class << self
    attr_reader :started
    attr_accessor :failures
  end

  module_function

  def fail!(message)
    Support.failures += 1
    puts "FAIL: #{message}"
  end

  def check(what, actual, expected)
    actual == expected or fail!("#{what}: #{actual.inspect}, expected #{expected.inspect}")
  end

  # The block's first true value; ends the test when there is none in time.
  def eventually(what, seconds = 30)
    deadline = now + seconds
    loop do
      value = yield
      return value if value
      now < deadline or abort "FAIL: never came true: #{what}"
      sleep 0.02
    end
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  # Start a program in a process group of its own, killed at the end of the test at the latest.
  def start(*command, preload: OURS, log: "#{TEMPORARY}/output", **options)
    environment = { "LD_PRELOAD" => preload }.merge(options.delete(:env) || {})
    pid = Process.spawn(environment, *command, in: File::NULL, out: [log, "a"], err: [:child, :out],
                                               pgroup: true, **options)
    Support.started << pid
    pid
  end

  # Send a signal and wait for the end. Returns the Process::Status.
  def finish(pid, signal = nil, seconds = 30)
    Process.kill(signal, pid) if signal
    status = eventually("end of process #{pid}", seconds) { Process.wait2(pid, Process::WNOHANG) }
    Support.started.delete(pid)
    status[1]
  end

  # May this process, as root, become the user? In some sandboxes root may not.
  def becomes?(user)
    Process.uid.zero? && system("setpriv", "--reuid=#{user}", "--regid=#{user}", "--clear-groups", "true",
                                err: File::NULL)
  end

  # [exit status, reports, message] of ruby_alloc_top.
  def top(*arguments)
    out, message, status = Open3.capture3(TOP, *arguments.map(&:to_s), stdin_data: "")
    status.exited? or abort "FAIL: ruby_alloc_top #{arguments.join(' ')}: #{status}"
    [status.exitstatus, out.lines.map { |line| JSON.parse(line) }, message]
  end

  def report(pid)
    status, reports, message = top("--once", "--json", pid)
    status.zero? or abort "FAIL: no report of #{pid}: #{message}"
    reports.first
  end

  def listing = top("--json")[1]

  # Numbers of the known objects: made by the process, freed by it, there now.
  def known(report)
    row = report["classes"].find { |c| c["size"] >= Known::SIZE }
    return [0, 0, 0] unless row && row["size"] == 7 << 20

    row.values_at("allocations", "frees", "live_objects")
  end

  def regions = Dir.children(REGIONS).grep(/\Aruby_alloc\./)

  def forget_regions
    FileUtils.rm_rf(regions.map { |region| "#{REGIONS}/#{region}" })
  end

  # Make a region's file and sample look so many seconds old; with pid also that process's.
  def age(path, file_seconds, sample_seconds, *pid)
    arguments = [file_seconds, sample_seconds, path, *pid].map(&:to_s)
    system("#{BUILD}/tests/integration/victim_age", *arguments) or abort "FAIL: victim_age"
  end

  # The path of the region of a killed process; as root it may be given to a user.
  def dead_region(user: nil)
    pid = start("#{BUILD}/tests/integration/victim", "malloc:10:40 kill:9",
                env: { "RUBY_ALLOC_ALL" => "1" }, rlimit_core: 0)
    check "victim: signal", finish(pid).termsig, 9
    name = regions.grep(/\Aruby_alloc\.#{pid}\./).first or abort "FAIL: no region was left"
    File.chown(user, user, "#{REGIONS}/#{name}") if user
    "#{REGIONS}/#{name}"
  end

  # A report with jemalloc's figures: a process that has just begun may have none yet.
  def sampled(pid)
    eventually("a sample of #{pid}") do
      found = report(pid)
      found if found["memory"]["allocated"]
    end
  end

  # What holds in every process; thread caches and the sample's moment blur the steps between.
  def check_plausible(report)
    pid = report["process"]["pid"]
    report = sampled(pid) unless report["memory"]["allocated"]
    memory, totals = report.values_at("memory", "totals")
    outer = memory.values_at("live", "resident")
    check "#{pid}: live and resident, #{outer}: ascending", outer, outer.sort
    check "#{pid}: sum of sizes", report["sizes"].sum { |s| s["allocations"] }, totals["allocations"]
    check "#{pid}: live objects", totals["live_objects"],
          totals["inherited_objects"] + totals["allocations"] - totals["frees"]
  end

  def clean_up
    Support.started.each do |pid|
      Process.kill(:KILL, -pid)
    rescue Errno::ESRCH
      next
    end
  end
end

include Support
at_exit do
  Support.clean_up
  exit 1 if Support.failures.positive? && $!.nil?
end
