# What allocators cost a Ruby in memory, and give or take in speed: `make bench-memory`.
#
# Each round runs each variant once, beginning with another one than the round before; the tables
# hold medians. Each single run is told on stderr.
#
#     ROUNDS=3 REQUESTS=12000 STRINGS=150000 PAIRS=4000000 IDLE=60    how much
#     PARTS=rails,threads,pairs,burst                                which parts
#     QUICK=1                                                        little of everything
#     CHART=FILE                                                     where the chart goes
#     VARIANTS=... EXTRA=...                                         see variants.rb
require "tmpdir"
require "fileutils"

ENV["RUBY_ALLOC_BUILD"] = File.expand_path(ENV.fetch("BUILD", "build"))
# On a tmpfs where there is one: a disk's moods are none of the allocator's.
scratch = File.writable?("/dev/shm") ? "/dev/shm" : Dir.tmpdir
ENV["TEST_DIR"] = Dir.mktmpdir("bench_memory.", scratch)
ENV["TMPDIR"] = ENV["TEST_DIR"] # workers that are killed leave uploads behind
# After Support's own, which kills what still runs.
at_exit do
  Process.waitall
  FileUtils.rm_rf(ENV.fetch("TEST_DIR"))
end

require_relative "../../integration/support"
%w[processes variants part part_rails part_threads part_pairs part_burst table chart].each do |file|
  require_relative file
end

class Bench
  # Name, usual value, value of a quick run.
  AMOUNTS = { "ROUNDS" => [3, 1], "REQUESTS" => [12_000, 150], "STRINGS" => [150_000, 2000],
              "PAIRS" => [4_000_000, 20_000], "IDLE" => [60, 1] }.freeze
  PARTS = { "rails" => [RailsPart, "REQUESTS"], "threads" => [ThreadsPart, "STRINGS"],
            "pairs" => [PairsPart, "PAIRS"], "burst" => [BurstPart, "IDLE"] }.freeze

  def initialize
    @variants = Variant.chosen
    @parts = chosen_parts
    @rounds = amount("ROUNDS")
    @runs = Hash.new { |runs, key| runs[key] = [] }
  end

  def run
    @rounds.times do |round|
      @parts.each { |part| round_of(part, round) if round < part.rounds(@rounds) }
    end
    @parts.each { |part| print_part(part) }
    write_chart
  end

  private

  def amount(name)
    usual, quick = AMOUNTS.fetch(name)
    number = Integer(ENV.fetch(name) { ENV["QUICK"] ? quick : usual }, exception: false)
    number&.positive? ? number : abort("bench-memory: #{name} must be a number above 0")
  end

  def chosen_parts
    names = ENV.fetch("PARTS", PARTS.keys.join(",")).split(",")
    unknown = names - PARTS.keys
    unknown.empty? or abort "bench-memory: PARTS: no #{unknown.join(', ')}; there are: #{PARTS.keys.join(', ')}"
    names.map { |name| PARTS.fetch(name) }.map { |part, setting| part.new(amount(setting)) }
  end

  def variants_of(part) = @variants.select { |variant| variant.in?(part.name) }

  def round_of(part, round)
    part.measure_all(variants_of(part).rotate(round)) do |variant, row|
      @runs[[part, variant]] << row
      numbers = part.columns.map { |column| format("%s %.#{column.decimals}f", column.key, row[column.key]) }
      warn "round #{round + 1} #{part.name} #{variant.name}: #{numbers.join(', ')}"
    end
  end

  # {name => {key => median}}
  def medians(part)
    variants_of(part).to_h do |variant|
      rows = @runs[[part, variant]]
      [variant.name, rows.first.keys.to_h { |key| [key, median(rows.map { |row| row[key] })] }]
    end
  end

  def median(numbers)
    numbers = numbers.sort
    (numbers[(numbers.size - 1) / 2] + numbers[numbers.size / 2]) / 2
  end

  def print_part(part)
    count = part.rounds(@rounds)
    puts "#{part.title}; #{count == 1 ? 'one round' : "medians of #{count} rounds"}"
    puts Table.new(part.columns, medians(part)), ""
    part.notes.each { |variant, text| puts "one worker of #{variant.name}, in the last round:", text }
    $stdout.flush
  end

  def write_chart
    path = ENV.fetch("CHART", "#{Support::BUILD}/memory.svg")
    marked = @variants.select(&:ours?).map(&:name)
    panels = @parts.flat_map do |part|
      part.columns.select(&:chart).map do |column|
        Chart::Panel.new(column.chart, medians(part).transform_values { |row| row[column.key] }, marked)
      end
    end
    File.write(path, Chart.new(panels))
    puts "chart: #{path}"
  end
end

begin
  Bench.new.run
rescue Interrupt
  abort "bench-memory: interrupted"
end
