# Takes 140 MB, drops them, says so and goes quiet until the end of stdin.
big = Array.new(35_000) { |i| "x" * (3000 + i % 2000) }
big.clear
GC.start
$stdout.puts "dropped"
$stdout.flush
$stdin.read
