# Nanoseconds that a fork takes in Ruby, until its child has been waited for: the median
# of as many as asked.
def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

taken = Array.new(Integer(ARGV.fetch(0))) do
  before = now
  Process.wait(fork { exit! })
  now - before
end
puts taken.sort[taken.size / 2]
