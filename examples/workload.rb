# A small web application without the web: threads that parse JSON and render
# ERB, and a cache of the results that grows and shrinks, so that its memory
# fragments. Runs until it is told to stop (Ctrl-C, SIGTERM), or for the number of
# seconds given as its argument (60).
#
#   LD_PRELOAD=libruby_alloc.so ruby workload.rb 300
#   ruby_alloc_top PID           # in another terminal
require "erb"
require "json"

PAGE = ERB.new(<<~HTML, trim_mode: "-")
  <h1><%= order["customer"]["name"] %></h1>
  <table>
  <%- order["lines"].each do |line| -%>
    <tr><td><%= ERB::Util.h(line["title"]) %></td><td><%= line["price"] * line["count"] %></td></tr>
  <%- end -%>
  </table>
HTML

WORDS = %w[lamp table chair <sofa> "desk" shelf mirror carpet curtain pillow].freeze

# What a client would send: between one and sixty lines, so that no two pages are of a size.
def request_body(random)
  lines = Array.new(random.rand(1..60)) do
    { title: WORDS.sample(random.rand(1..6), random: random).join(" "),
      price: random.rand(10_00), count: random.rand(1..9) }
  end
  JSON.generate(customer: { name: "Customer #{random.rand(10_000)}", id: random.rand(1 << 40) },
                lines: lines)
end

def render(body)
  order = JSON.parse(body)
  PAGE.result_with_hash(order: order)
end

# Keeps up to LARGE pages; when full it drops entries here and there, down to SMALL: the free
# places between those that stay are what fragmentation is made of.
class Cache
  LARGE = 12_000
  SMALL = 3_000

  attr_reader :rounds

  def initialize
    @pages = {}
    @lock = Mutex.new
    @rounds = 0
  end

  def store(key, page, random)
    @lock.synchronize do
      @pages[key] = page
      shrink(random) if @pages.size >= LARGE
    end
  end

  private

  def shrink(random)
    share = SMALL.fdiv(LARGE)
    @pages.select! { random.rand < share }
    @rounds += 1
  end
end

deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + Float(ARGV.fetch(0, 60))
stop = false
%w[INT TERM].each { |signal| trap(signal) { stop = true } }

cache = Cache.new
$stdout.sync = true
puts "workload: process #{Process.pid}"

workers = Array.new(4) do |index|
  Thread.new do
    Thread.current.name = "worker #{index}"
    random = Random.new(index)
    until stop
      cache.store(random.rand(1 << 30), render(request_body(random)), random)
      sleep 0.0005 # an application waits for its database, too
    end
  end
end

warm = false
until stop
  sleep 0.1
  if !warm && cache.rounds.positive?
    warm = true
    puts "workload: warm"
  end
  stop = true if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
end
workers.each(&:join)
puts "workload: done"
