# Every pair that jemalloc was given, by this library and by MALLOC_CONF, with what became of it:
# in a Ruby, in its forked child, whatever they do to their environment.
require_relative "steps"

GIVEN = "narenas:3,dirty_decay_ms:500,nonsense:1,tcache:maybe,background_thread:true,tcache_nslots_large:9999,prof"
COLUMNS = %w[source key given effective state].freeze
USERS = [
  ["MALLOC_CONF", "narenas", "3", "3", "in_force"],
  ["MALLOC_CONF", "dirty_decay_ms", "500", "500", "in_force"],
  ["MALLOC_CONF", "nonsense", "1", nil, "unknown"],
  ["MALLOC_CONF", "tcache", "maybe", "true", "refused"],
  ["MALLOC_CONF", "background_thread", "true", "true", "in_force"],
  ["MALLOC_CONF", "tcache_nslots_large", "9999", "2048", "adjusted"],
  ["MALLOC_CONF", "prof", nil, nil, "unknown"]
].freeze

# The first report finds a process that has done all this.
SCRIPT = <<~RUBY
  $stdout.sync = true
  ENV["MALLOC_CONF"] = "narenas:7"
  Process.setproctitle("a title that is longer than the command line was " * 100)
  reader, writer = IO.pipe
  child = fork { writer.write("1"); writer.close; sleep }
  reader.read(1)
  puts child
  puts "ready"
  $stdin.read
  Process.kill(:KILL, child)
  Process.wait(child)
RUBY

def settings(found) = found["settings"].map { |row| row.values_at(*COLUMNS) }

# The library's own pairs, as they stand where these keys are set anew with these values.
def librarys(overridden)
  header = File.read(File.expand_path("../../lib/shim/tuning.h", __dir__))
  header[/define RA_TUNING "(.*)"/, 1].split(",").map do |pair|
    key, given = pair.split(":")
    new = overridden[key]
    ["library", key, given, new || given, new ? "overridden" : "in_force"]
  end
end

def with_ruby(environment)
  program = Stepper.new("ruby", "-e", SCRIPT, environment: { "RUBY_ALLOC_INTERVAL" => "0" }.merge(environment))
  yield report(program.pid), report(program.numbers.first)
  program.finish
end

def test_users_configuration
  expected = librarys({ "narenas" => "3", "dirty_decay_ms" => "500" }) + USERS
  with_ruby({ "MALLOC_CONF" => GIVEN }) do |found, child|
    check "settings", settings(found), expected
    check "background_thread", found["process"]["jemalloc_conf"]["background_thread"], true
    lost = expected.map { |row| row[1] == "background_thread" ? [*row.first(3), "false", "lost"] : row }
    check "settings of the child", settings(child), lost
    check "background_thread of the child", child["process"]["jemalloc_conf"]["background_thread"], false
    check "the child is one", child["process"]["forked"], true
  end
end

# A child that was killed before its sampler has taken a look: what its region was made with.
def test_child_without_a_sample
  program = Stepper.new("ruby", "-e", SCRIPT, environment: { "RUBY_ALLOC_INTERVAL" => "0",
                                                             "MALLOC_CONF" => "background_thread:true" })
  child = program.numbers.first
  Process.kill(:KILL, child)
  found = eventually("the child's end") do
    _, reports, = top("--once", "--json", child)
    reports.first if reports.first && reports.first["process"]["state"] == "exited"
  end
  check "no sample", found["memory"]["allocated"], nil
  check "no settings", found["settings"], []
  check "background_thread", found["process"]["jemalloc_conf"]["background_thread"], false
  program.finish
end

def test_librarys_default
  with_ruby({}) do |found, child|
    check "default", settings(found), librarys({})
    check "default in the child", settings(child), librarys({})
    conf = found["process"]["jemalloc_conf"]
    librarys({}).each do |_, key, given|
      check "default #{key}", conf[key].to_s, given if conf.key?(key)
    end
  end
end

def test_no_default
  with_ruby({ "RUBY_ALLOC_TUNING" => "0" }) do |found, _child|
    check "without a default", settings(found), []
  end
end

# A refused pair leaves the library's in force.
def test_refused
  with_ruby({ "MALLOC_CONF" => "narenas:none,dirty_decay_ms:-5" }) do |found, _child|
    effective = librarys({}).to_h { |row| row.values_at(1, 3) }
    check "refused", settings(found),
          librarys({}) + [["MALLOC_CONF", "narenas", "none", effective["narenas"], "refused"],
                          ["MALLOC_CONF", "dirty_decay_ms", "-5", effective["dirty_decay_ms"], "refused"]]
  end
end

# /etc/malloc.conf is a link; where this may be root of a user namespace, /etc is one of its own.
def test_file
  FileUtils.mkdir_p("#{TEMPORARY}/etc")
  FileUtils.ln_s("narenas:5,tcache:false,nonsense", "#{TEMPORARY}/etc/malloc.conf", force: true)
  unshare = ["unshare", "--mount", "--propagation", "private"]
  unshare += ["--user", "--map-root-user"] unless Process.uid.zero?
  return puts("skipped: mounts are refused here") unless system(*unshare, "mount", "--bind",
                                                                "#{TEMPORARY}/etc", "/etc", err: File::NULL)

  victim = "#{BUILD}/tests/integration/victim"
  run = <<~SH
    mount --bind "$1/etc" /etc
    coproc RUBY_ALLOC_ALL=1 MALLOC_CONF=tcache:true LD_PRELOAD=#{OURS} #{victim} "malloc:10:40 /" 2>/dev/null
    read -r <&${COPROC[0]}
    #{TOP} --once --json $COPROC_PID
    echo >&${COPROC[1]}
    wait
  SH
  out, status = Open3.capture2e(*unshare, "bash", "-c", run, "bash", TEMPORARY)
  check "in its own /etc: #{out}", status.exitstatus, 0
  check "settings of a file", settings(JSON.parse(out)),
        [["/etc/malloc.conf", "narenas", "5", "5", "in_force"],
         ["/etc/malloc.conf", "tcache", "false", "true", "overridden"],
         ["/etc/malloc.conf", "nonsense", nil, nil, "unknown"],
         ["MALLOC_CONF", "tcache", "true", "true", "in_force"]]
end

private_methods(false).grep(/\Atest_/).each { |test| send(test) }
