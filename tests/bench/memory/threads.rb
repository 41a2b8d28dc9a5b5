# Threads that allocate strings of mixed sizes and keep some of them, as a job server does:
# threads.rb STRINGS, so many a thread. Prints the seconds it took and waits for the end of stdin.
THREADS = 16
KEPT = 2000
SIZES = [[70, 24..200], [25, 200..4000], [5, 4000..65_000]].freeze

def size(random)
  place = random.rand(100)
  _, range = SIZES.find { |share, _| (place -= share).negative? }
  random.rand(range)
end

# One string in eight takes the place of one that was kept before: which one is chance.
def work(seed, strings)
  random = Random.new(seed)
  kept = Array.new(KEPT)
  strings.times do
    string = "x" * size(random)
    kept[random.rand(KEPT)] = string if random.rand(8).zero?
  end
  kept
end

before = Process.clock_gettime(Process::CLOCK_MONOTONIC)
kept = Array.new(THREADS) { |seed| Thread.new { work(seed, Integer(ARGV.fetch(0))) } }.map(&:value)
$stdout.puts Process.clock_gettime(Process::CLOCK_MONOTONIC) - before
$stdout.flush
$stdin.read
kept.clear
