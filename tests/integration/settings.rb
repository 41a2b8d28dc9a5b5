# What the report says of each pair of MALLOC_CONF is what jemalloc itself says: on stderr of those
# that it refuses or doesn't know, by mallctl of what the others have become. For every key that
# the parser of a jemalloc from 5.2.0 to 5.3.1 reads, with values at its limits and beyond them.
require_relative "steps"

PROGRAM = "#{BUILD}/tests/integration/victim_settings"
FLAGS = %w[abort background_thread cache_oblivious confirm_conf disable_large_size_classes
           experimental_hpa_enforce_hugify experimental_hpa_start_huge_if_thp_always
           experimental_infallible_new experimental_tcache_gc hpa hpa_hugify_sync huge_arena_pac_thp
           prof prof_accum prof_active prof_final prof_gdump prof_leak prof_leak_error prof_log
           prof_pid_namespace prof_stats prof_sys_thread_name prof_thread_active_init prof_unbias
           retain stats_print tcache trust_madvise utrace xmalloc zero].freeze
NUMBERS = %w[calloc_madvise_threshold debug_double_free_max_scan dirty_decay_ms
             experimental_hpa_max_purge_nhp hpa_hugification_threshold hpa_hugify_delay_ms
             hpa_min_purge_delay_ms hpa_min_purge_interval_ms hpa_purge_threshold
             hpa_sec_batch_fill_extra hpa_sec_bytes_after_flush hpa_sec_max_alloc hpa_sec_max_bytes
             hpa_sec_nshards hpa_slab_max_alloc lg_extent_max_active_fit lg_prof_interval
             lg_prof_sample lg_san_uaf_align lg_tcache_flush_large_div lg_tcache_flush_small_div
             lg_tcache_nslots_mul max_background_threads mutex_max_spin muzzy_decay_ms narenas
             oversize_threshold process_madvise_max_batch prof_bt_max prof_recent_alloc_max
             san_guard_large san_guard_small stats_interval tcache_gc_delay_bytes
             tcache_gc_incr_bytes tcache_max tcache_nslots_large tcache_nslots_small_max
             tcache_nslots_small_min].freeze
TEXTS = %w[dss hpa_hugify_style junk metadata_thp percpu_arena prof_prefix prof_time_resolution
           stats_interval_opts stats_print_opts thp zero_realloc].freeze
# Of other kinds, or read and not shown.
OTHERS = %w[bin_shards hpa_dirty_mult narenas_ratio slab_sizes
            tcache_ncached_max nonsense narena].freeze
# Which set what another key sets: these go apart.
ALIASES = { "lg_tcache_max" => "tcache_max", "hpa_hugification_threshold_ratio" => "hpa_hugification_threshold",
            "hpa_purge_threshold_ratio" => "hpa_purge_threshold", "meta" => "metadata_thp", "d" => "dss",
            "percpu" => "percpu_arena", "th" => "th",
            "hpa_h" => "hpa_hugify_style", "pr" => "pr" }.freeze
WORDS = %w[true false default auto always never disabled primary secondary percpu phycpu none eager lazy
           alloc free abort high a d n p not\ supported nonsense JJ Ja J -] + [""]
SHAPES = ["", "-", "0x", "08", "010", "0x10", "0X1f", "0xg", "+7", " 5", "5 ", "1e3", "default"].freeze
RANGES = ["1-64:4", "1-64:0", "1-64:64", "1-64:65", "1-64:2|128-256:4", "1-64:2|", "1-64:2|x", "1-64",
          "8-48:33", "8-8:2", "8-8:2|8-8:1", "0-0:3", "65-79:2", "20480-4000000:9",
          "0-9999999999:1", "0.5", ".25", "1", "1.0", "1.00001", "65535.5", "65536", "1.", "-1", "-2", "x", "0.1"].freeze
LIMITS = ([-17, -16, -2, -1, 0, 1, 2, 16, 17, 23, 24, 63, 64, 65, 512, 513, 1023, 1024, 2048, 2049, 4094, 4095,
           4096, 16_383, 16_384] +
          [18_446_744_072_000, 7 << 60].flat_map { |limit| [limit, limit + 1] } +
          [21, 23, 32, 63, 64].flat_map { |power| [-1, 0, 1].map { |more| (1 << power) + more } } +
          # What doesn't fit in 64 bits, with and without becoming smaller by that.
          [40_000_000_000_000_000_000, 30_000_000_000_000_000_000]).map(&:to_s).freeze
# Keys that are given together, each with one of the values.
GROUPS = [[FLAGS, %w[true false tru truely 1 TRUE] + [""]],
          [NUMBERS, SHAPES + LIMITS],
          [TEXTS, WORDS],
          [OTHERS, RANGES + SHAPES],
          [ALIASES.keys, WORDS + %w[0 3 12 22 23 24 64 18446744073709551616 .25 0.95 1.00001 1. -1 5x]],
          [%w[abort_conf], %w[true false]]].freeze
MOST_ROWS = 30
AT_ONCE = 8

# It prints statistics whenever so many bytes were allocated.
def usable?(key, value) = key != "stats_interval" || !value.to_i(0).between?(0, 1 << 40)

# The number that jemalloc has read, as it has accepted it.
def number(value) = (value.strip.empty? ? 0 : Integer(value)) % (1 << 64)

# The number whose logarithm it has read, or nil where that is none.
def power(value) = number(value) < 64 ? 1 << number(value) : nil

# Whether a value that was accepted is the one that is shown.
def same?(key, target, value, shown)
  case target
  when "narenas" then value == "default" || number(value) == shown.to_i
  when /_opts\z/ then shown.include?(value)
  when "prof_prefix", "junk", "zero_realloc", "prof_time_resolution" then shown == value
  when "hpa_hugify_style" then shown.start_with?(value.empty? ? "auto" : value) # the first word
  when *TEXTS then shown.start_with?(value)
  when "hpa_dirty_mult" then (value == "-1" ? (1 << 32) - 1 : ("0#{value}".to_r * 65_536).floor) == shown.to_i
  when *FLAGS, "abort_conf" then value == shown
  when "tcache_max" then (key == target ? number(value) : power(value)) == shown.to_i
  else number(value) == shown.to_i
  end
end

# [effective, state] as jemalloc has it; told: its lines, shown: what mallctl has.
def expected(key, value, told, shown)
  target = ALIASES.fetch(key, key)
  name = target
  name = key if key == "lg_tcache_max" && !shown.key?("tcache_max")
  has = shown[name]
  effective = effective_text(name, has)
  return [effective, "unknown"] if told.include?("<jemalloc>: Invalid conf pair: #{key}:#{value}")
  return [effective, "refused"] if told.any? { |line| line.end_with?(": #{key}:#{value}") }
  return ranges(key, value, shown) if %w[bin_shards slab_sizes].include?(key) && value != "default"
  return [effective, nil] if has.nil? || key.end_with?("_ratio")
  return old_tcache(value, has, shown) if name == "lg_tcache_max"

  [effective, same?(key, target, value, has) ? "in_force" : "adjusted"]
end

# By what the small classes have: the last range that one lies in says how many shards, or pages.
def ranges(key, value, shown)
  said = value.split("|").map { |text| text.split(/[-:]/).map { |part| Integer(part) } }
  same = bins(shown).all? do |smaller, size, shards, pages|
    range = said.reverse.find do |first, last,|
      size >= first && (key == "slab_sizes" ? size <= last : smaller.zero? || smaller < last)
    end
    range.nil? || range.last == (key == "slab_sizes" ? pages : shards)
  end
  same ? [value, "in_force"] : [nil, "adjusted"]
end

def bins(shown)
  found = Array.new(shown["arenas.nbins"].to_i) do |i|
    %w[size nshards slab_size].map { |name| shown["arenas.bin.#{i}.#{name}"].to_i }
  end
  found.each_with_index.map do |(size, shards, bytes), i|
    [i.zero? ? 0 : found[i - 1].first, size, shards, bytes / shown["arenas.page"].to_i]
  end
end

# jemalloc 5.2 has the logarithm as it was given, and no less than small classes in its caches.
def old_tcache(value, has, shown)
  cached = shown["arenas.tcache_max"]
  power(value) == cached.to_i ? [has, "in_force"] : [cached, "adjusted"]
end

def effective_text(name, shown)
  return shown if shown.nil? || shown !~ /\A\d+\z/ || TEXTS.include?(name)
  return fraction(shown.to_i) if name == "hpa_dirty_mult"

  shown.to_i >= 1 << 63 ? (shown.to_i - (1 << 64)).to_s : shown
end

def fraction(parts)
  return "-1" if parts == (1 << 32) - 1

  whole, rest = parts.divmod(65_536)
  "#{whole}.#{format('%014d', rest * 10**14 / 65_536).sub(/0+\z/, '').ljust(1, '0')}"
end

NAMES = (GROUPS.flat_map(&:first) + ALIASES.values).uniq.map { |key| "#{'text:' if TEXTS.include?(key)}opt.#{key}" }
CLASSES = %w[arenas.tcache_max arenas.page arenas.nbins] +
          (0...64).flat_map { |i| %w[size nshards slab_size].map { |name| "arenas.bin.#{i}.#{name}" } }
Run = Struct.new(:pairs, :path, :input, :pid)

# A process with these pairs. It reads what never comes, and is killed: profilers write at the end.
def begin_run(pairs, index)
  path = "#{TEMPORARY}/run#{index}"
  input = IO.pipe
  environment = { "MALLOC_CONF" => pairs.map { |pair| pair.join(":") }.join(","), "RUBY_ALLOC_ALL" => "1",
                  "RUBY_ALLOC_INTERVAL" => "0" }
  pid = start(PROGRAM, *NAMES, *CLASSES, in: input[0], out: ["#{path}.out", "w"], err: ["#{path}.err", "w"],
                                                    chdir: TEMPORARY, env: environment)
  Run.new(pairs, path, input, pid)
end

# [report, what mallctl shows by key, jemalloc's lines]
def end_run(run)
  lines = eventually("settings of #{run.pairs}") do
    Process.wait(run.pid, Process::WNOHANG) and
      abort "FAIL: ended with #{run.pairs}: #{$?}: #{File.read("#{run.path}.err")}"
    text = File.read("#{run.path}.out")
    text.delete_suffix("ready\n").lines(chomp: true) if text.end_with?("ready\n")
  end
  found = report(run.pid)
  finish(run.pid, :KILL)
  run.input.each(&:close)
  shown = lines.to_h { |line| line.delete_prefix("opt.").partition(" ").values_at(0, 2) }
  shown["narenas"] = [shown["narenas"].to_i, 4094].min.to_s # beyond which it says "Reducing narenas to limit (4094)"
  [found, shown, File.readlines("#{run.path}.err", chomp: true).grep_v(/-- Set conf value/)]
end

# As the report has texts: cut off, and null if there is nothing.
def cut(text) = text.nil? || text.empty? ? nil : text[0, 39]

def check_run(run)
  found, shown, told = end_run(run)
  pairs = run.pairs
  rows = found["settings"]
  check "pairs", rows.map { |row| row.values_at("key", "given") }, pairs.map { |pair| pair.map { |text| cut(text) } }
  rows.zip(pairs).each do |row, (key, value)|
    effective, state = expected(key, value, told, shown)
    check "#{key}:#{value}", row.values_at("effective", "state"), [cut(effective), state]
  end
  check "arenas at most", found["process"]["jemalloc_conf"]["narenas"], shown["narenas"].to_i
end

batches = GROUPS.flat_map do |keys, values|
  values.uniq.product(keys.each_slice(MOST_ROWS).to_a).map do |value, some|
    some.filter_map { |key| [key, value] if usable?(key, value) }
  end
end
batches.each_slice(AT_ONCE) do |some|
  some.each_with_index.map { |pairs, index| begin_run(pairs, index) }.each { |run| check_run(run) }
  forget_regions
end
