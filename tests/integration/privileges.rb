# A root process forks workers that become another user: their regions go with them. Read by
# that user and by root, refused to a third, removed by the worker at its normal end.
require_relative "support"

USER = 64_301
OTHER = 64_302
unless becomes?(USER)
  puts "skipped: only root can drop privileges to another user"
  exit 77
end

SHARED = "#{TEMPORARY}/shared"

# What the other users run must be theirs to read, wherever the tree and its build lie.
FileUtils.mkdir(SHARED)
FileUtils.cp([TOP, File.realpath(OURS), KNOWN], SHARED)
FileUtils.chmod(0o755, [SHARED, *Dir["#{SHARED}/*"]])
FileUtils.chmod(0o711, TEMPORARY)
FileUtils.chmod(0o1777, REGIONS)
LIBRARY = "#{SHARED}/#{File.basename(File.realpath(OURS))}"

# [exit status, report, message] of ruby_alloc_top as seen by user.
def top_as(user, pid)
  out, message, status = Open3.capture3("setpriv", "--reuid=#{user}", "--regid=#{user}", "--clear-groups",
                                        "#{SHARED}/ruby_alloc_top", "--once", "--json", pid.to_s)
  [status.exitstatus, out.empty? ? nil : JSON.parse(out), message]
end

def owner_of(pid)
  regions_of = regions.grep(/\Aruby_alloc\.#{pid}\./)
  check "regions of #{pid}", regions_of.size, 1
  stat = File.stat("#{REGIONS}/#{regions_of.first}")
  check "mode of #{regions_of.first}", stat.mode & 0o7777, 0o600
  stat.uid
end

# Seen by its user, by root and by another.
def check_seen(name, pid, user, counts)
  check "#{name}: region's user", owner_of(pid), user
  { user => 0, 0 => 0, OTHER => 4, USER => user == USER ? 0 : 4 }.each do |reader, expected|
    status, found, message = top_as(reader, pid)
    check "#{name}: exit status for #{reader} (#{message.chomp})", status, expected
    check "#{name}: output for #{reader}", found.nil?, expected != 0
    check "#{name}: counts for #{reader}", known(found), counts if found
    check "#{name}: message for #{reader}", message.lines.size, expected.zero? ? 0 : 1
  end
end

# Lines "WAY PID" that the workers of a master write; the block gets each one's way and pid.
def with_workers(name, count, *command, left: 0)
  control, stdin = IO.pipe
  said, stdout = IO.pipe
  environment = { "LD_PRELOAD" => LIBRARY, "RUBY_ALLOC_ALL" => "1" }
  master = Process.spawn(environment, *command, in: control, out: stdout, pgroup: true)
  Support.started << master
  [control, stdout].each(&:close)
  lines = Array.new(count) do
    (IO.select([said], nil, nil, 30) && said.gets) or abort "FAIL: #{name}: no worker"
  end
  lines.map(&:split).each { |way, pid| yield way, pid.to_i }
  check "#{name}: master's region's user", owner_of(master), 0
  stdin.close
  check "#{name}: end", finish(master).to_i, 0
  check "#{name}: regions left", regions.size, left
end

def test_c
  with_workers("C", 5, "#{BUILD}/tests/integration/victim_drop", USER.to_s) do |way, pid|
    check_seen("C by #{way}", pid, way == "seteuid_and_back" ? 0 : USER, [15, 0, 15])
  end
end

WAYS = {
  "UID.change_privilege" => "Process::GID.change_privilege(u); Process::UID.change_privilege(u)",
  "Sys.setuid" => "Process::Sys.setgid(u); Process::Sys.setuid(u)",
  "Sys.setreuid" => "Process::Sys.setregid(u, u); Process::Sys.setreuid(u, u)",
  "Sys.setresuid" => "Process::Sys.setresgid(u, u, u); Process::Sys.setresuid(u, u, u)",
  "UID.switch" => "Process::Sys.seteuid(u); Process::Sys.seteuid(0)"
}.freeze

def test_ruby
  script = WAYS.map do |way, code|
    "fork { u = #{USER}; Known.work(3, 0); Process.groups = []; #{code}; Known.work(4, 2);
            $stdout.syswrite('#{way} ' + Process.pid.to_s + 10.chr); $stdin.read }"
  end
  script = "Known.work(1, 0); #{script.join('; ')}; exit Process.waitall.all? { |_, s| s.success? }"
  with_workers("Ruby", WAYS.size, "ruby", "-r", KNOWN, "-e", script) do |way, pid|
    check_seen("Ruby by #{way}", pid, way == "UID.switch" ? 0 : USER, [7, 2, 6])
  end
end

# After the drop another Ruby takes the process's place: same name, and now that user's.
def test_exec
  replace = "Process::Sys.setgid(#{USER}); Process::Sys.setuid(#{USER}); exec *ARGV"
  successor = "Known.work(2, 1); $stdout.syswrite('exec ' + Process.pid.to_s + 10.chr); $stdin.read"
  with_workers("exec", 1, "ruby", "-e", "fork { #{replace} }; Process.wait; exit $?.success?",
               "ruby", "-r", "#{SHARED}/known.rb", "-e", successor) do |_, pid|
    check_seen("exec", pid, USER, [2, 1, 1])
  end
end

# A worker that shuts itself in a directory before, as some servers do, can't reach its region
# any more: its helper gives it away, and what is left at the end says that it may go.
def test_chroot
  jail = "#{TEMPORARY}/jail"
  FileUtils.mkdir(jail)
  script = "Array.new(100) { 'x' * 1000 } # which brings the helper
            Dir.chroot('#{jail}'); Dir.chdir('/'); Known.work(2, 1)
            Process::Sys.setgid(#{USER}); Process::Sys.setuid(#{USER})
            $stdout.syswrite('chroot ' + Process.pid.to_s + 10.chr); $stdin.read"
  with_workers("chroot", 1, "ruby", "-r", KNOWN, "-e",
               "fork { #{script} }; Process.wait; exit $?.success?", left: 1) do |_, pid|
    check "chroot: region's user", owner_of(pid), USER
    status, found, message = top_as(0, pid)
    check "chroot: exit status for root (#{message.chomp})", status, 0
    check "chroot: counts", known(found), [2, 1, 1] if found
  end
  _, _, status = Open3.capture3(TOP, "--prune")
  check "chroot: prune", [status.exitstatus, regions], [0, []]
end

# A refused change leaves the region with root.
def test_refused
  script = "begin; Process::Sys.setuid(#{USER}); rescue Errno::EPERM; Known.work(1, 0); end
            $stdout.syswrite('refused ' + Process.pid.to_s + 10.chr); $stdin.read"
  with_workers("refused", 1, "setpriv", "--bounding-set=-setuid", "ruby", "-r", KNOWN, "-e",
               "fork { #{script} }; Process.wait; exit $?.success?") do |_, pid|
    check_seen("refused", pid, 0, [1, 0, 1])
  end
end

test_c
test_ruby
test_exec
test_chroot
test_refused
