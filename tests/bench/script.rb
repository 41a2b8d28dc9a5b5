# Allocates as Ruby programs do, and little else: strings beyond the embedded size,
# arrays, hashes that grow and are dropped.
strings = []
60_000.times do |i|
  strings << "string number #{i}, long enough to need memory of its own"
  strings.shift if strings.size > 5_000
end
table = {}
20_000.times { |i| table[i % 3_000] = [i] * 20 }
puts strings.size + table.size
