# Ruby at work where much may be refused: each step prints its result or the error's class, which
# are those that it gives under plain jemalloc. Run behind known.rb; arguments: the steps to take,
# or all of them.
def attempt(name)
  return unless ARGV.empty? || ARGV.include?(name)

  puts "#{name}: #{yield}"
rescue SystemCallError, ThreadError, NoMemoryError, RuntimeError => error
  puts "#{name}: #{error.class}"
end

def child
  pid = fork { Known.work(2, 1) && exit(Known.digest(2) % 100) }
  Process.wait2(pid)[1].exitstatus
end

$stdout.sync = true
attempt("digest") { Known.digest(1) }
attempt("known") { Known.work(8, 4) && "done" }
attempt("threads") { Array.new(30) { |i| Thread.new { Known.work(2, 1) && Known.digest(i) } }.sum(&:value) }
attempt("fork") { child }
attempt("shell") { `echo from a shell`.chomp }
attempt("garbage") { 3.times { Array.new(20_000) { |i| "x" * (i % 700) } } && GC.start.inspect }
attempt("exec") { exec("ruby", "-e", "puts 'exec: a new image'; exit 6") }
exit 6
