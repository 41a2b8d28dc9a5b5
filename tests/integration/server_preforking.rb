# A preforking server as Unicorn and Passenger are: a master that forks workers, which all accept
# on one socket, and that makes a new one for each that ends. TERM ends it.
require "socket"
require ENV.fetch("KNOWN")

WORKERS = 3

def answer(client)
  path = client.gets.to_s.split[1].to_s
  nil while client.gets.to_s.chomp != ""
  Known.work(2, 1)
  client.write "HTTP/1.0 200 OK\r\nx-pid: #{Process.pid}\r\n\r\n#{Known.digest(path[1..].to_i)}"
ensure
  client.close
end

def work(listener, stop)
  Signal.trap("TERM") { stop.push(true) }
  until stop.any?
    listener.wait_readable(0.1) or next
    client = listener.accept_nonblock(exception: false)
    answer(client) unless client == :wait_readable
  end
end

def fork_worker(listener, stop)
  fork { work(listener, stop) }
end

Known.work(5, 1)
stop = []
listener = UNIXServer.new(ENV.fetch("SOCKET"))
listener.listen(128)
workers = Array.new(WORKERS) { fork_worker(listener, stop) }
Signal.trap("TERM") { stop.push(true) }
until stop.any?
  ended = Process.wait(-1, Process::WNOHANG)
  workers[workers.index(ended)] = fork_worker(listener, stop) if ended
  sleep 0.02
end
workers.each { |pid| Process.kill("TERM", pid) }
Process.waitall
