# Puma's configuration for test_servers.sh: answers with a digest and its pid, and makes two
# known objects a request, of which one stays.
require ENV.fetch("KNOWN")

bind "unix://#{ENV.fetch('SOCKET')}"
workers 2
threads 2, 2
preload_app! if ENV["PRELOAD_APP"]
before_fork { Known.work(5, 1) }
app do |environment|
  Known.work(2, 1)
  [200, { "x-pid" => Process.pid.to_s }, [Known.digest(environment["PATH_INFO"][1..].to_i).to_s]]
end
