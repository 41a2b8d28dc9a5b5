# Programs that lose memory in one way each, and know how much: the report names that way as
# the largest loss, and its size is right to five in a hundred.
require_relative "steps"

PROGRAM = "#{BUILD}/tests/integration/victim_losses"
MUCH = 1_000_000
ENVIRONMENT = { "RUBY_ALLOC_ALL" => "1", "RUBY_ALLOC_INTERVAL" => "0" }.freeze

# The block gets the report, and how many bytes the program says that it has lost.
def with_losses(way, *arguments, configuration: nil)
  environment = configuration ? ENVIRONMENT.merge("MALLOC_CONF" => configuration) : ENVIRONMENT
  program = Stepper.new(PROGRAM, way, *arguments.map(&:to_s), environment: environment)
  lost, pid = program.numbers
  yield report(pid), lost, pid
  program.finish
end

def check_near(what, bytes, expected)
  (bytes - expected).abs <= 0.05 * expected or fail!("#{what}: #{bytes} bytes, #{expected} expected")
end

def check_largest(name, found, expected)
  lost = found["fragmentation"]
  check "#{name}: largest", lost["largest"], name
  check_near(name, lost[name], expected)
  share = lost[name].to_f / found["memory"]["rss"]
  (lost["#{name}_share"] - share).abs < 1e-6 or fail!("#{name}: share #{lost["#{name}_share"]}, not #{share}")
end

# 65: the most that a size of its class can lose.
def test_rounding
  [65, 72, 100, 136, 4097].each do |size|
    with_losses("rounding", MUCH * 72 / size, size) { |found, lost| check_largest("rounding", found, lost) }
  end
end

def test_thread_caches
  with_losses("caches", 32) { |found, lost| check_largest("thread_cache", found, lost) }
end

# The two losses between live and allocated: all of it, and each its own figure.
def check_between(name, found)
  memory, lost = found.values_at("memory", "fragmentation")
  check "#{name}: thread_cache", lost["thread_cache"], memory["tcache"]
  check "#{name}: thread_cache and stranded", lost["thread_cache"] + lost["stranded"],
        memory["allocated"] - memory["live"]
end

# No more can be had back than there is in RSS: most of these pages were never touched.
def check_advice(name, found, id, words)
  advice = found["advice"].find { |row| row["id"] == id } or return fail!("#{name}: no #{id} in #{found['advice']}")
  bytes = found["fragmentation"]["stranded"] - found["memory"]["internal"]
  check "#{name}: bytes", advice["bytes"], [bytes, found["memory"]["rss_anon"]].min
  advice["text"].include?(words) or fail!("#{name}: advice #{advice['text']}")
  check "#{name}: others about it", found["advice"].map { |row| row["id"] } & %w[thread_cache stranded prof_sampling], [id]
end

def test_threads_lost_at_a_fork
  with_losses("orphans", 150) do |found, lost|
    check_largest("stranded", found, lost)
    check_between("orphans", found)
    check_advice("orphans", found, "stranded", "lost at the fork")
    check "orphans: forked", found["process"]["forked"], true
    cached = found["fragmentation"]["thread_cache"]
    cached < lost / 100 or fail!("orphans: #{cached} bytes are said to be in caches")
  end
end

def test_sampled_by_the_profiler
  with_losses("sampled", 4000, configuration: "prof:true,lg_prof_sample:0") do |found, lost|
    check_largest("stranded", found, lost)
    check_between("sampled", found)
    check_advice("sampled", found, "prof_sampling", "lg_prof_sample")
  end
end

# Without a fork or a profiler there is no more than jemalloc's own.
def test_nothing_stranded
  with_losses("caches", 32) do |found, lost|
    check_between("caches", found)
    rest = found["fragmentation"]["stranded"] - found["memory"]["internal"]
    rest < lost / 1000 or fail!("caches: #{rest} bytes are said to be stranded")
  end
end

def test_gaps
  with_losses("gaps", MUCH) do |found, lost|
    check_largest("slab_gaps", found, lost)
    row = found["classes"].find { |c| c["size"] == 64 }
    check "gaps: regions in a slab of class 64", row["slab_regions"], 64
    check_near("gaps: of the class", row["gap_bytes"], lost)
    (row["utilization"] - 0.1).abs < 0.01 or fail!("gaps: utilization #{row['utilization']}")
  end
end

def test_dirty
  with_losses("dirty", 64, 1 << 20, configuration: "dirty_decay_ms:-1") do |found, lost|
    check_largest("dirty", found, lost)
  end
end

# It is not jemalloc's, and so not among the losses that `largest` chooses from.
def test_elsewhere
  with_losses("elsewhere", 30_000) do |found, lost|
    other = found["fragmentation"]["other"]
    check_near("elsewhere", other, lost)
    found["fragmentation"].slice("rounding", "thread_cache", "stranded", "slab_gaps", "dirty", "metadata").each do |name, bytes|
      bytes < other / 10 or fail!("elsewhere: #{name} is #{bytes}")
    end
  end
end

# A Ruby's objects live in pages of its own: what they grow by is not jemalloc's.
def test_ruby_heap
  script = <<~RUBY
    $stdout.sync = true
    def ready = ($stdout.puts("ready"); $stdin.read(1) or exit)
    GC.start
    puts GC.stat(:heap_allocated_pages)
    ready
    objects = Array.new(1_000_000) { Object.new }
    puts GC.stat(:heap_allocated_pages)
    ready
  RUBY
  page = `ruby -e 'print GC::INTERNAL_CONSTANTS[:HEAP_PAGE_SIZE] || 65536'`.to_i
  program = Stepper.new("ruby", "-e", script, environment: { "RUBY_ALLOC_INTERVAL" => "0" })
  before, pages = report(program.pid), program.numbers.first
  program.step
  after, pages = report(program.pid), program.numbers.first - pages
  program.finish
  grown = after["fragmentation"]["other"] - before["fragmentation"]["other"]
  check_near("Ruby's heap", grown, pages * page)
end

def text(pid)
  out, message, status = Open3.capture3(TOP, "--once", pid.to_s)
  status.success? && message.empty? or fail!("ruby_alloc_top --once: #{status}: #{message}")
  out
end

# What is given back lazily, by the sampler's tick here, counts in RSS until the kernel takes it,
# and is said to.
def test_lazily_given_back
  environment = ENVIRONMENT.merge("RUBY_ALLOC_INTERVAL" => "1",
                                  "MALLOC_CONF" => "dirty_decay_ms:100,muzzy_decay_ms:-1")
  program = Stepper.new(PROGRAM, "dirty", "64", (1 << 20).to_s, environment: environment)
  lost = program.numbers.first
  found = eventually("muzzy pages") do
    now = report(program.pid)
    now if now["memory"]["dirty"] < lost / 100
  end
  check_near("muzzy", found["memory"]["muzzy"], lost)
  check_near("lazy_free", found["memory"]["lazy_free"], lost)
  found["memory"]["rss"] > lost or fail!("not in rss: #{found['memory']['rss']}")
  shown = text(program.pid)
  shown.match?(/ 6\d\.\dMiB +\d+\.\d% +lazy_free: of other: given back already$/) or
    fail!("no word of lazy_free in:\n#{shown}")
  program.finish
end

def test_nothing_lazy
  with_losses("dirty", 64, 1 << 20, configuration: "dirty_decay_ms:-1") do |found, _lost, pid|
    check "nothing lazy", found["memory"]["lazy_free"], 0
    text(pid).match?(/lazy_free:/) and fail!("a line of lazy_free, where there is none")
  end
end

private_methods(false).grep(/\Atest_/).each { |test| send(test) }
