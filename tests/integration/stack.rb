# Reads what gcc writes of call graphs and frames (-fcallgraph-info=su), see test_stack.sh.
FRAME = 512
CHAIN = 2048

# What only the helper's thread runs, which has a stack of our own making, and what runs once
# before the program does, on the main thread's.
ELSEWHERE = %w[run set_up].freeze

# Where a host's thread comes in: what other libraries call, by name or by registration.
HANDLERS = %w[prepare parent child hand_on tear_down].freeze

frames = {}
calls = Hash.new { |hash, key| hash[key] = [] }
files = {}
ARGV.each do |path|
  File.foreach(path) do |line|
    if line =~ /^node: \{ title: "([^"]+)" label: "([^"]*)"/
      title, label = $1, $2
      name, place, size = label.split("\\n")
      next unless size&.match?(/\A\d+ bytes/)

      frames[title] = size.to_i
      files[title] = "#{name} (#{place})"
      abort "#{files[title]}: a frame of no fixed size: #{size}" if size.include?("(dynamic)")
    elsif line =~ /^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/
      calls[$1] << $2
    end
  end
end
abort "no frames found in #{ARGV.length} files" if frames.length < 100

short = ->(title) { title.split(":").last.split(".").first }
# A function whose address is taken is called by nobody here: it counts as one that a host's
# thread may come in by, unless it is said above where it runs.
called = calls.values.flatten.uniq
helper = lambda do |title, seen|
  next seen if seen.include?(title) || !frames.key?(title)

  seen << title
  calls[title].each { |target| helper.call(target, seen) }
  seen
end
roots = frames.keys.reject { |title| called.include?(title) || ELSEWHERE.include?(short.call(title)) }
%w[malloc free].concat(HANDLERS).each do |name|
  found = frames.keys.find { |title| short.call(title) == name }
  abort "no function #{name}: has it another name now?" unless found
  roots |= [found]
end
ELSEWHERE.each do |name|
  abort "no function #{name}: has it another name now?" if frames.keys.none? { |title| short.call(title) == name }
end
reached = roots.each_with_object([]) { |root, seen| helper.call(root, seen) }

status = 0
reached.select { |title| frames[title] > FRAME }.each do |title|
  puts "FAILED: #{files[title]} takes #{frames[title]} bytes of a host's stack, at most #{FRAME} may be"
  status = 1
end

deepest = {}
depth = lambda do |title, path|
  next [0, []] if !frames.key?(title) || path.include?(title)
  next deepest[title] if deepest.key?(title)

  best = calls[title].map { |target| depth.call(target, path + [title]) }.max_by(&:first) || [0, []]
  deepest[title] = [frames[title] + 8 + best[0], [title] + best[1]]
end
roots.each do |root|
  bytes, chain = depth.call(root, [])
  next if bytes <= CHAIN

  puts "FAILED: #{bytes} bytes of a host's stack in all, at most #{CHAIN} may be:"
  chain.each { |title| puts "    #{frames[title]} #{files[title]}" }
  status = 1
end
exit status
