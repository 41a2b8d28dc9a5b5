# How a burst leaves gaps, and how to close them. Many objects of one size are made, most of
# them go, at random: what stays is spread over all the slabs, and no slab can be given back.
# --cure: what stays is copied once the burst is over, into as few slabs as it needs.
#
#   LD_PRELOAD=libruby_alloc.so ruby fragment.rb [--cure] COMMAND...
#
# Runs COMMAND with its own process id as the last argument when it is done: ruby_alloc_top.
cure = ARGV.delete("--cure")

rows = Array.new(60_000) { |number| number.to_s.ljust(600) }
random = Random.new(1)
kept = rows.select { random.rand < 0.1 }
rows = nil
GC.start

if cure
  # Not dup, which would share the bytes of the old string.
  kept.map! { |row| row + "" }
  GC.start
end

system({ "LD_PRELOAD" => nil }, *ARGV, Process.pid.to_s) || exit(1)
kept.size == kept.uniq.size || exit(1) # alive until here
