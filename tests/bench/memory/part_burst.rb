# burst.rb: a Ruby that drops what it took and goes quiet. All variants idle at the same time.
class BurstPart < Part
  SCRIPT = File.expand_path("burst.rb", __dir__)

  column :peak, "peak RSS", 1
  column :dropped, "after the drop", 1
  column :rss, "after idling", 1, chart: "A Ruby that dropped 140 MB and idled: RSS, MiB"

  def initialize(seconds)
    super()
    @seconds = seconds
  end

  def name = "burst"
  def title = "A Ruby that drops 140 MB, then idles for #{@seconds} s; MiB"
  def rounds(_count) = 1

  def measure_all(variants, &block)
    begin_all(variants, {}, &block)
  end

  private

  # One inside the other: all have begun when the idling does, and each is ended.
  def begin_all(variants, rows, &block)
    variant, *others = variants
    return idle(rows, &block) unless variant

    Processes.converse(variant, RbConfig.ruby, SCRIPT) do |pid, said|
      Processes.line_from(said, 60)
      rows[variant] = { pid: pid, peak: Processes.peak_rss([pid]), dropped: Processes.rss([pid]) }
      begin_all(others, rows, &block)
    end
  end

  def idle(rows)
    sleep @seconds
    rows.each { |variant, row| yield variant, row.except(:pid).merge(rss: Processes.rss([row[:pid]])) }
  end
end
