# A job server as Sidekiq is: 25 threads take jobs from a queue. Writes the sum of all results to
# $RESULT, then waits, its threads idle, for TERM.
require ENV.fetch("KNOWN")

THREADS = 25
count = ENV.fetch("JOBS").to_i
jobs = Queue.new
results = Queue.new

def work(jobs, results)
  while (job = jobs.pop)
    Known.work(2, 1)
    results << Known.digest(job)
  end
end

reader, writer = IO.pipe
Signal.trap("TERM") { writer.close }
threads = Array.new(THREADS) { Thread.new { work(jobs, results) }.tap { |thread| thread.name = "job" } }
count.times { |job| jobs << job }
sum = Array.new(count) { results.pop }.sum
File.write(ENV.fetch("RESULT"), "#{sum}\n")
reader.read
jobs.close
threads.each(&:join)
