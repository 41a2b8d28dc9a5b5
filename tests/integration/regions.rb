# For scripts that run with and without the library: which processes have a region?
module Regions
  DEADLINE = 20

  module_function

  def pids
    Dir.children(ENV.fetch("RUBY_ALLOC_DIR"))
       .filter_map { |name| name[/\Aruby_alloc\.(\d+)\./, 1]&.to_i }.sort
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def wait_until(what)
    limit = now + DEADLINE
    until yield
      abort "never came true: #{what}, regions of #{pids} while here is #{$$}" if now > limit
      sleep 0.005
    end
  end

  # These processes and no others; under plain jemalloc none.
  def require_of(*wanted)
    wanted = ENV["OURS"] == "1" ? wanted.sort : []
    wait_until("regions of #{wanted}") { pids == wanted }
  end

  # What the tool says of a process; without the library nil.
  def report(pid = $$)
    return unless ENV["OURS"] == "1"

    require "json"
    top = "#{ENV.fetch("RUBY_ALLOC_BUILD")}/ruby_alloc_top"
    JSON.parse(IO.popen([top, "--once", "--json", pid.to_s], &:read))
  end
end
