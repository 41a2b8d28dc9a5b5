require "rbconfig"

# threads.rb: a Ruby whose threads make strings and keep some.
class ThreadsPart < Part
  SCRIPT = File.expand_path("threads.rb", __dir__)

  column :peak, "peak RSS", 1
  column :rss, "end RSS", 1, chart: "Threads that make strings: RSS at the end, MiB"
  column :seconds, "seconds", 2
  column :cpu, "CPU seconds", 2

  def initialize(strings)
    super()
    @strings = strings
  end

  def name = "threads"
  def title = "Ruby threads, #{@strings} strings each, of which few stay; MiB"

  def measure(variant)
    Processes.converse(variant, RbConfig.ruby, SCRIPT, @strings.to_s) do |pid, said|
      seconds = Float(Processes.line_from(said, 600))
      { peak: Processes.peak_rss([pid]), rss: Processes.rss([pid]), seconds: seconds, cpu: Processes.cpu([pid]) }
    end
  end
end
