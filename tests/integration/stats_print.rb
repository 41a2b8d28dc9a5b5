# Every figure of jemalloc's in a report is the one that jemalloc itself prints
# (malloc_stats_print, as JSON) at the same quiet moment in the same process; and the steps
# between the figures add up, to the byte.
require_relative "steps"

PROGRAM = "#{BUILD}/tests/integration/victim_stats"
# Nothing that purges by itself: it would go on between one look and the other.
QUIET = "dirty_decay_ms:-1,muzzy_decay_ms:-1"
CONFIGURATIONS = [
  [1, "narenas:2,#{QUIET}"],
  [12, "narenas:5,dirty_decay_ms:0,muzzy_decay_ms:-1"],
  [12, "narenas:3,tcache:false,#{QUIET},junk:true,lg_tcache_max:17"],
  [6, "narenas:2,background_thread:true,#{QUIET},tcache_max:4096,retain:false,thp:never"],
  [40, "narenas:40,#{QUIET},metadata_thp:auto,prof_prefix:name,percpu_arena:disabled"]
].freeze

# [report, what jemalloc printed, bytes the program holds, bytes that making a thread takes]
def look(threads, configuration)
  environment = { "MALLOC_CONF" => configuration, "RUBY_ALLOC_ALL" => "1", "RUBY_ALLOC_INTERVAL" => "0" }
  program = Stepper.new(PROGRAM, threads.to_s, environment: environment)
  report(program.pid) # the sampler's first look makes it set up its own
  program.step
  found = report(program.pid)
  program.step
  held, thread, json = program.text.split("\n", 3)
  program.finish
  [found, JSON.parse(json)["jemalloc"], held.to_i, thread.to_i]
end

def check_memory(found, printed)
  all = printed["stats"]
  merged = printed["stats.arenas"]["merged"]
  page = printed["arenas"]["page"]
  expected = all.slice("allocated", "active", "metadata", "resident", "mapped", "retained")
  expected.update("dirty" => merged["pdirty"] * page, "muzzy" => merged["pmuzzy"] * page,
                  "tcache" => merged["tcache_bytes"], "internal" => merged["internal"])
  check "memory", found["memory"].slice(*expected.keys).sort, expected.sort
end

# Those with a thread or a page; the others have nothing to show.
def check_arenas(found, printed)
  page = printed["arenas"]["page"]
  expected = printed["stats.arenas"].grep_v(["merged", nil]).filter_map do |index, arena|
    pages = arena.values_at("pactive", "pdirty", "pmuzzy") if index.match?(/\A\d+\z/)
    next unless pages && (arena["nthreads"].positive? || pages.any?(&:positive?))

    { "index" => index.to_i, "threads" => arena["nthreads"],
      "allocated" => arena["small"]["allocated"] + arena["large"]["allocated"],
      "active" => pages[0] * page, "dirty" => pages[1] * page, "muzzy" => pages[2] * page,
      "tcache" => arena["tcache_bytes"] }
  end
  check "arenas", found["arenas"], expected
  expected.size > 1 or fail!("only #{expected.size} arenas")
end

# [size, regions in a slab, slabs, regions in use] by size
def bins(printed)
  kinds = printed["arenas"]["bin"]
  used = printed["stats.arenas"]["merged"]["bins"]
  kinds.zip(used).to_h do |kind, bin|
    [kind["size"], [kind["nregs"], *bin.values_at("curslabs", "curregs")]]
  end
end

def check_classes(found, printed)
  small = bins(printed)
  sizes = small.keys + printed["arenas"]["lextent"].map { |kind| kind["size"] }
  check "classes jemalloc hasn't", found["classes"].map { |row| row["size"] } - sizes, []
  found["sizes"].each do |row|
    check "class of #{row['max']}", row["class"], sizes.find { |size| size >= row["max"] }
  end
  found["classes"].each do |row|
    regions, slabs, used = small[row["size"]]
    gaps = (slabs * regions - used) * row["size"] if slabs
    check "class #{row['size']}", row.values_at("slab_regions", "slabs", "gap_bytes"),
          [regions, slabs, gaps]
    next unless slabs&.positive?

    (row["utilization"] - used.to_f / (slabs * regions)).abs < 1e-6 or
      fail!("class #{row['size']}: utilization #{row['utilization']}, #{used} of #{slabs} slabs")
  end
end

def check_settings(found, printed, configuration)
  given = configuration.split(",").map { |pair| pair.split(":") }
  settings = found["settings"]
  check "settings", settings.map { |row| row.values_at("key", "given") }, given
  shown = printed["opt"]
  settings.each do |row|
    key = row["key"].sub("lg_tcache_max", "tcache_max")
    check "effective #{row['key']}", row["effective"], shown.fetch(key).to_s
    check "state of #{row['key']}", row["state"], "in_force"
    check "source of #{row['key']}", row["source"], "MALLOC_CONF"
  end
  keys = %w[narenas dirty_decay_ms muzzy_decay_ms background_thread tcache prof]
  check "jemalloc_conf", found["process"]["jemalloc_conf"].slice(*keys).sort, shown.slice(*keys).sort
end

# Of what is lost to gaps, all of it has a name: free places in slabs, those of classes that
# the program never used included, and a page beside each large object.
def check_gaps(found, printed)
  lost = found["fragmentation"]
  small = bins(printed)
  known = found["classes"].map { |row| row["size"] }
  gaps = small.transform_values { |regions, slabs, used| slabs * regions - used }
  gaps = gaps.to_h { |size, free| [size, free * size] }
  large = printed["stats.arenas"]["merged"]["lextents"].sum { |extents| extents["curlextents"] }
  check "gaps of classes", lost["class_gaps"], gaps.values.sum
  check "gaps of the program's classes", found["classes"].sum { |row| row["gap_bytes"] || 0 },
        gaps.slice(*known).values.sum
  check "pages beside large objects", lost["large_padding"], large * printed["arenas"]["page"]
  check "slab_gaps", lost["slab_gaps"], lost["class_gaps"] + lost["large_padding"]
end

# What jemalloc has allocated and the program doesn't hold is in thread caches or jemalloc's own,
# but for what our own thread took when it was made.
def check_caches(found, held, thread)
  memory = found["memory"]
  rest = memory["allocated"] - memory["live"] - memory["tcache"] - memory["internal"]
  check "allocated, but nobody's", rest, thread
  check "thread_cache", found["fragmentation"]["thread_cache"], memory["tcache"]
  check "stranded", found["fragmentation"]["stranded"], memory["internal"] + thread
  memory["live"] >= held or fail!("#{memory['live']} bytes live, though the program holds #{held}")
end

def check_chain(found)
  steps = found["memory"].values_at("requested", "live", "allocated", "active", "resident")
  check "chain #{steps}: ascending", steps, steps.sort
end

CONFIGURATIONS.each do |threads, configuration|
  before = Support.failures
  found, printed, held, thread = look(threads, configuration)
  check_memory(found, printed)
  check_arenas(found, printed)
  check_classes(found, printed)
  check_settings(found, printed, configuration)
  check_gaps(found, printed)
  check_caches(found, held, thread)
  check_chain(found)
  puts "with #{threads} threads, #{configuration}" if Support.failures > before
end
