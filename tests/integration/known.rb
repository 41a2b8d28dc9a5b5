# Allocations of sizes that Ruby itself never asks for, so that a test can tell how many there
# were: by libc's own functions, past Ruby's garbage collector. Loaded by the programs under test.
require "fiddle"

module Known
  SIZE = 7_000_001
  LIBC = Fiddle.dlopen(nil)
  MALLOC = Fiddle::Function.new(LIBC["malloc"], [Fiddle::TYPE_SIZE_T], Fiddle::TYPE_UINTPTR_T)
  FREE = Fiddle::Function.new(LIBC["free"], [Fiddle::TYPE_UINTPTR_T], Fiddle::TYPE_VOID)

  module_function

  # Make `made` objects and free `freed` of them.
  def work(made, freed)
    objects = Array.new(made) { MALLOC.call(SIZE) }
    raise NoMemoryError, "malloc refused" if objects.include?(0)

    objects.first(freed).each { |object| FREE.call(object) }
  end

  # Some work of Ruby's own, whose result is the same everywhere.
  def digest(seed)
    text = +""
    300.times { |i| text << ("%d-%d," % [seed, i]) * (i % 7) }
    text.each_char.each_slice(50).map(&:join).sort.join.unpack("C*").sum { |c| c * (seed + 1) }
  end
end
