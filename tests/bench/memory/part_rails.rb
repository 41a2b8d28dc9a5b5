require "net/http"
require "socket"

# The bookshop (app/) on Puma, loaded by wrk: what its two workers take, and give.
class RailsPart < Part
  APP = File.expand_path("app", __dir__)
  MIX = File.expand_path("mix.lua", __dir__)
  WORKERS = 2
  CONNECTIONS = 10
  SAMPLE_SECONDS = 0.25

  column :peak, "peak RSS", 1
  column :mean, "mean RSS", 1
  column :rss, "end RSS", 1, chart: "Rails on Puma: RSS of two workers at the end, MiB"
  column :pss, "end PSS", 1
  column :rate, "requests/s", 1, chart: "Rails on Puma: requests per second"
  column :p99, "p99 ms", 1
  column :cpu, "CPU ms/request", 2

  attr_reader :notes

  def initialize(requests)
    super()
    @requests = requests
    @notes = {}
  end

  def name = "rails"

  def title
    "Rails on Puma, #{WORKERS} workers of 5 threads, #{@requests} requests; MiB of all workers"
  end

  def measure(variant)
    serve(variant) do |port, workers|
      before = Processes.cpu(workers)
      load, mean = watch(workers) { ask(port) }
      cpu = (Processes.cpu(workers) - before) * 1000 / @requests
      row = { peak: Processes.peak_rss(workers), mean: mean, rss: Processes.rss(workers), pss: Processes.pss(workers),
              rate: @requests / load["seconds"], p99: load["p99_ms"], cpu: cpu }
      @notes[variant] = chain(workers.first) if variant.ours?
      row
    end
  end

  private

  # The same rows for all: made once, copied for each run.
  def database
    @database ||= "#{Support::TEMPORARY}/bookshop".tap do |path|
      environment = { "DATABASE_URL" => url(path), "RAILS_ENV" => "production" }
      pid = Processes.launch(Variant::NONE, "ruby", "#{APP}/seed.rb", more: environment)
      finish(pid, nil, 120).success? or abort "bench-memory: no database#{Processes.log_tail}"
    end
  end

  def url(path) = "sqlite3:#{path}?pool=5&timeout=20000"

  # Puma gets its socket as from systemd, so that two runs at once need no two ports by name.
  def serve(variant)
    path = "#{Support::TEMPORARY}/run"
    FileUtils.cp(database, path)
    socket = TCPServer.new("127.0.0.1", 0)
    more = { "LISTEN_FDS" => "1", "DATABASE_URL" => url(path) }
    master = Processes.launch(variant, "sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh",
                              "puma", "--quiet", "-C", "#{APP}/puma.rb", more: more, 3 => socket)
    port = socket.addr[1]
    result = yield port, workers_of(master, port)
    finish(master, :TERM)
    result
  ensure
    socket&.close
    FileUtils.rm_f(Dir.glob("#{path}*"))
  end

  def workers_of(master, port)
    workers = eventually("#{WORKERS} workers of Puma", 60) do
      Process.wait(master, Process::WNOHANG) and abort "bench-memory: Puma ended early#{Processes.log_tail}"
      found = Processes.children(master)
      found if found.size == WORKERS
    end
    answer = Net::HTTP.start("127.0.0.1", port, read_timeout: 60) { |http| http.get("/api/books/1") }
    answer.code == "200" or abort "bench-memory: the application answers #{answer.code}#{Processes.log_tail}"
    workers
  end

  # [what the block returns, mean RSS in the second half of its time]
  def watch(workers)
    samples = []
    running = true
    watcher = Thread.new do
      while running
        samples << Processes.rss_now(workers)
        sleep SAMPLE_SECONDS
      end
    end
    result = yield
    running = false
    watcher.join
    later = samples.drop(samples.size / 2)
    [result, later.sum / later.size]
  ensure
    running = false
  end

  # What mix.lua says of the answers, all of which must be right.
  def ask(port)
    said = "#{Support::TEMPORARY}/wrk"
    FileUtils.rm_f(said)
    pid = Processes.launch(Variant::NONE, "wrk", "-t1", "-c#{CONNECTIONS}", "-d3600", "--timeout", "60",
                           "-s", MIX, "http://127.0.0.1:#{port}", more: { "REQUESTS" => @requests.to_s }, log: said)
    finish(pid, nil, 60 + @requests)
    numbers = File.read(said).scan(/(\w+)=([\d.]+)/).to_h.transform_values(&:to_f)
    right = numbers.values_at("answers", "wrong", "lost") == [@requests, 0, 0]
    right or abort "bench-memory: not every answer was right:\n#{File.read(said)}#{Processes.log_tail}"
    numbers
  end

  # Our report's lines on memory: from "memory" to the first empty line.
  def chain(pid)
    text, message, status = Open3.capture3(Support::TOP, "--once", pid.to_s)
    status.success? or abort "bench-memory: #{message}"
    text[/^memory .*?\n\n/m]
  end
end
