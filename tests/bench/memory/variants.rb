# What is compared: allocators and their settings, as environments of the process measured.
#
#     VARIANTS=jemalloc,ours        only these; none: only the EXTRA ones
#     EXTRA="few|LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=narenas:2; next|..."
class Variant
  attr_reader :name, :environment

  def initialize(name, environment, only: nil)
    @name = name
    @environment = environment
    @only = only
  end

  def ours? = environment["LD_PRELOAD"].to_s.include?("libruby_alloc")
  def in?(part) = @only.nil? || @only == part

  # An extra one is anybody's: where it names no library, it is about glibc.
  def self.parse(text)
    name, settings = text.split("|", 2).map(&:strip)
    pairs = settings.to_s.split.map { |setting| setting.split("=", 2) }
    bad = name.to_s.empty? || pairs.empty? || pairs.any? { |pair| pair.size < 2 || pair.first.empty? }
    abort "bench-memory: EXTRA: #{text.strip.inspect} is not \"name|VARIABLE=VALUE ...\"" if bad
    new(name, pairs.to_h)
  end

  def self.all
    jemalloc = { "LD_PRELOAD" => Support::JEMALLOC }
    ours = { "LD_PRELOAD" => Support::OURS }
    [new("glibc", {}),
     new("arena_max_2", { "MALLOC_ARENA_MAX" => "2" }),
     new("jemalloc", jemalloc),
     new("ours", ours),
     new("ours_untuned", ours.merge("RUBY_ALLOC_TUNING" => "0")),
     new("ours_no_decay", ours.merge("RUBY_ALLOC_DECAY" => "0"), only: "burst")]
  end

  # What helps to measure, and is not measured.
  NONE = new("none", {})

  # As the caller wants them.
  def self.chosen(names = ENV["VARIANTS"], extra = ENV.fetch("EXTRA", ""))
    known = all
    unless names.nil?
      names = names.split(",").map(&:strip)
      unknown = names - known.map(&:name)
      known_names = known.map(&:name).join(", ")
      unknown.empty? or abort "bench-memory: VARIANTS: no #{unknown.join(', ')}; there are: #{known_names}"
      known = known.select { |variant| names.include?(variant.name) }
    end
    known + extra.split(/[;\n]/).reject { |text| text.strip.empty? }.map { |text| parse(text) }
  end
end
