# Proves of a library that what ld.so calls in it while it relocates it (the resolvers of its
# IFUNC symbols) stays inside: follows every call and jump from there through the disassembly,
# and finds none that leaves, none through an address in memory or a register, and nothing
# that reads the table of addresses (GOT), where addresses in other objects stand.
#
#   ruby resolver.rb LIBRARY      prints the functions that are reached, or what is wrong
library = ARGV.fetch(0)

def lines_of(*command)
  lines = IO.popen(command, err: File::NULL, &:readlines)
  $?.success? ? lines : abort("#{command.join(" ")} failed")
end

resolvers = lines_of("readelf", "-rW", library).filter_map { |line| line[/R_X86_64_IRELATIV\S*\s+(\h+)/, 1]&.hex }
abort "no resolver in #{library}" if resolvers.empty?

table = lines_of("readelf", "-SW", library).filter_map do |line|
  next unless line =~ /\s\.got(\.plt)?\s+PROGBITS\s+(\h+)\s+\h+\s+(\h+)/
  ($2.hex...$2.hex + $3.hex)
end
abort "no table of addresses in #{library}" if table.empty?

Instruction = Struct.new(:function, :address, :text)
functions = {} # first address => instructions, up to the next symbol
name = instructions = nil
lines_of("objdump", "-dw", "--no-show-raw-insn", library).each do |line|
  if line =~ /\A(\h+) <(.*)>:/
    name = $2
    instructions = functions[$1.hex] = []
  elsif line =~ /\A\s*(\h+):\s+(.*?)\s*\z/
    instructions << Instruction.new(name, $1.hex, $2)
  end
end

starts = functions.keys.sort
waiting = resolvers.dup
seen = {}
wrong = []
until waiting.empty?
  address = waiting.pop
  start = starts.reverse_each.find { |found| found <= address }
  next if seen[start]
  seen[start] = functions[start].first&.function or next wrong << "nothing at #{address.to_s(16)}"
  functions[start].each do |instruction|
    text = instruction.text.sub(/\A(notrack|bnd|rep\S*|lock|data16)\s+/, "")
    referred = text[/# (\h+)/, 1]&.hex
    bad =
      if text =~ /\A(call|jmp)\S*\s+\*/ then "goes where it isn't known"
      elsif text =~ /@plt/ then "calls another library"
      elsif referred && table.any? { |range| range.cover?(referred) } then "reads the table of addresses"
      elsif text =~ /%[fg]s:(?!0x28\b)/ then "reads thread-local data"
      end
    wrong << "#{seen[start]}: #{bad}: #{instruction.text}" if bad
    target = text[/\A(?:call|j\w+)\s+(\h+) </, 1]&.hex
    waiting << target if target
  end
end

if wrong.any?
  puts "while ld.so relocates #{File.basename(library)}:", wrong
  exit 1
end
puts seen.values
