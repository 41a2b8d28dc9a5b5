# pairs.c: a native extension that works without Ruby's lock, on all cores at once.
class PairsPart < Part
  column :rate, "pairs/us", 2
  column :cpu, "CPU ns/pair", 1
  column :peak, "peak RSS", 1

  def initialize(pairs)
    super()
    @pairs = pairs
  end

  def name = "pairs"
  def title = "C, 8 threads, #{@pairs} pairs of malloc and free each; counted as in a Ruby; MiB"

  def measure(variant)
    command = "#{Support::BUILD}/tests/bench/memory/pairs"
    Processes.converse(variant, command, @pairs.to_s) do |pid, said|
      rate, cpu = Processes.line_from(said, 600).split.map(&:to_f)
      { rate: rate, cpu: cpu, peak: Processes.peak_rss([pid]) }
    end
  end
end
