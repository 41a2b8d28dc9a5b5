# Programs that say "ready" and wait for a byte before they go on, looked at in between.
require_relative "support"

class Stepper
  attr_reader :pid, :text

  # Starts a program; environment: beside that of every test. Returns when it is ready.
  def initialize(*command, environment: {})
    ours, theirs = IO.pipe, IO.pipe
    @pid = Support.start(*command, env: environment, in: theirs[0], out: ours[1], err: File::NULL)
    [ours[1], theirs[0]].each(&:close)
    @from, @to = ours[0], theirs[1]
    wait
  end

  # What it said before it was ready for the first or next time.
  def wait
    lines = []
    loop do
      @from.wait_readable(60) or abort "FAIL: process #{@pid} never got ready"
      line = @from.gets or abort "FAIL: process #{@pid} ended early, having said #{lines.join}"
      break if line == "ready\n"

      lines << line
    end
    @text = lines.join
  end

  def step
    @to.write("\n")
    wait
  end

  def numbers = @text.split.map(&:to_i)

  # Lets it run to its end, which must be a good one.
  def finish
    @to.close
    status = Support.finish(@pid)
    Support.check "end of #{@pid}", status.exitstatus, 0
    @from.close
  end
end
