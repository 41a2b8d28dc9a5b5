# A program with a leak, as it is often found: a cache that nothing is ever removed from.
# Beside it, work that allocates a lot and keeps nothing.
#
#   LD_PRELOAD=libruby_alloc.so ruby leak.rb [ROUNDS]
#
# A line on standard output for each round, so that something else can follow along.
class Sessions
  def initialize
    @by_token = {}
  end

  # Each visitor brings a new token: the entry is never found again, and never removed.
  def fetch(token)
    @by_token[token] ||= "session data of #{token}: ".ljust(3000, ".")
  end
end

$stdout.sync = true
sessions = Sessions.new
rounds = (ARGV[0] || 20).to_i

rounds.times do |round|
  1000.times { |visitor| sessions.fetch("#{round}-#{visitor}") }
  20_000.times { |i| "page #{i}".upcase }
  puts "round #{round + 1} of #{rounds}"
  sleep 0.05
end
