# Figures that depend on the page a jemalloc was built for, and on how it rounds large sizes: under
# the jemalloc that is installed and under stand-ins for others, to the byte.
require_relative "steps"

STANDINS = "#{BUILD}/tests/integration/standins"
PROGRAM = "#{BUILD}/tests/integration/victim_pages"
KIB = 1024
# Each is the only one of its bucket: [count, bytes].
OBJECTS = [[9, 20_001], [10, 33_000], [5, 57_000], [7, 1_048_577], [3, 9_000_001]].freeze

# [report, bytes the program's objects have, keepcost] under the jemalloc in directory.
def look(directory = nil)
  environment = { "RUBY_ALLOC_ALL" => "1", "RUBY_ALLOC_INTERVAL" => "0" }
  environment["LD_LIBRARY_PATH"] = directory if directory
  program = Stepper.new(PROGRAM, *OBJECTS.flatten.map(&:to_s), environment: environment)
  found = report(program.pid)
  program.finish
  [found, *program.numbers]
end

# Up to size: of the row of classes or sizes that takes in objects of so many bytes.
def row_of(rows, key, size) = rows.find { |row| row[key] >= size }

# Objects of a size have usable bytes each, and are counted with those of their class.
def check_rounding(name, found, usable)
  OBJECTS.zip(usable) do |(count, size), bytes|
    row = row_of(found["classes"], "size", bytes)
    check "#{name}: objects of #{size}", row.values_at("allocations", "live_objects", "live_bytes"),
          [count, count, count * bytes]
    asked = row_of(found["sizes"], "max", size)
    check "#{name}: asked for #{size}", asked.values_at("allocations", "requested_bytes", "class"),
          [count, count * size, row["size"]]
  end
  check "#{name}: bytes of all classes", found["memory"]["live"],
        found["classes"].sum { |row| row["live_bytes"] }
  rounding = OBJECTS.zip(usable).sum { |(count, size), bytes| count * (bytes - size) }
  # The rest is what little the C libraries have allocated.
  (found["fragmentation"]["rounding"] - rounding).between?(0, 16 * KIB) or
    fail!("#{name}: rounding #{found['fragmentation']['rounding']}, of which #{rounding} in large objects")
end

# What the stand-in says of pages, counted in these.
def check_pages(name, found, keepcost, page)
  check "#{name}: dirty, muzzy", found["memory"].values_at("dirty", "muzzy"), [3 * page, 2 * page]
  check "#{name}: loss to dirty pages", found["fragmentation"]["dirty"], 3 * page
  check "#{name}: keepcost", keepcost, 5 * page
  check "#{name}: arenas", found["arenas"].map { |row| row.values_at("active", "dirty", "muzzy") },
        [[103 * page, 3 * page, 2 * page]]
  check "#{name}: gaps", found["fragmentation"].values_at("slab_gaps", "class_gaps", "large_padding"),
        [3 * page + 80, 80, 3 * page]
end

def test_installed
  found, bytes, = look
  usable = OBJECTS.map { |_, size| CLASSES.find { |bound| bound >= size } }
  check "installed: bytes", bytes, OBJECTS.zip(usable).sum { |(count, _), each| count * each }
  check_rounding("installed", found, usable)
end

# Four for each doubling.
CLASSES = (12..24).flat_map { |power| (5..8).map { |quarters| quarters << power - 2 } }.freeze

def test_large_pages
  name = "pages of 64 KiB"
  found, _, keepcost = look("#{STANDINS}/large")
  check_rounding(name, found, OBJECTS.map { |_, size| CLASSES.find { |bound| bound >= size } })
  check_pages(name, found, keepcost, 64 * KIB)
  # Small are the classes below four pages.
  slabs = found["classes"].select { |row| row["size"] > 16 * KIB }.to_h { |row| row.values_at("size", "slab_regions") }
  check "#{name}: objects in a slab", slabs, { 20 * KIB => 4096, 40 * KIB => 4096, 56 * KIB => 4096,
                                               1280 * KIB => nil, 10_240 * KIB => nil }
end

def test_rounding_to_pages
  name = "rounding to pages"
  found, bytes, keepcost = look("#{STANDINS}/paged")
  usable = OBJECTS.map { |_, size| (size + 4095) / 4096 * 4096 }
  check "#{name}: bytes", bytes, OBJECTS.zip(usable).sum { |(count, _), each| count * each }
  check_rounding(name, found, usable)
  check_pages(name, found, keepcost, 4 * KIB)
end

private_methods(false).grep(/\Atest_/).each { |test| send(test) }
