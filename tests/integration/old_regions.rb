# Regions of processes that died more than a day ago go when a process of the same user starts
# that looks, as one in sixteen does: these alone. Of others the oldest go, where the dead hold
# more than RUBY_ALLOC_KEEP says.
require_relative "support"

LOG = "#{TEMPORARY}/log"
DAY = 24 * 60 * 60
HOUR = 60 * 60
USER = 64_311

def old_region(**options)
  dead_region(**options).tap { |path| age(path, DAY + HOUR, DAY + HOUR) }
end

# What must outlive the start of another process, by name.
def kept_regions
  kept = {
    "young" => dead_region.tap { |path| age(path, DAY - HOUR, DAY - HOUR) },
    "young by its sample" => dead_region.tap { |path| age(path, DAY + HOUR, HOUR) },
    "young by its file" => dead_region.tap { |path| age(path, HOUR, DAY + HOUR) },
    "of another pid namespace" => old_region.then { |path| rename(path, path.sub(/\d+\z/, "1")) },
    "not a region" => old_region.then { |path| rename(path, "#{path}x") },
    "a directory" => hostile { |path| Dir.mkdir(path) },
    "a symlink" => hostile { |path| File.symlink(rename(old_region, "#{TEMPORARY}/target"), path) }
  }
  kept["another user's"] = old_region(user: USER) if Process.uid.zero?
  kept
end

def rename(from, to)
  File.rename(from, to)
  to
end

# At the name that a dead process's region would have; old, as far as it can be.
def hostile
  path = old_region
  File.unlink(path)
  yield path
  path
end

# It sleeps and samples only when asked, so that its region can be made to look old.
def living_region
  pid = start("ruby", "-e", "sleep", env: { "RUBY_ALLOC_INTERVAL" => "0", "RUBY_ALLOC_LOG" => LOG })
  name = eventually("a living process's region") { regions.grep(/\Aruby_alloc\.#{pid}\./).first }
  eventually("sleep") { File.read("/proc/#{pid}/stat")[/\) (.)/, 1] == "S" }
  age("#{REGIONS}/#{name}", DAY + HOUR, DAY + HOUR)
  ["#{REGIONS}/#{name}", pid]
end

# A process that has looked: one whose pid is divided by sixteen, which a shell waits for.
LOOKS = '[ $(($$ % 16)) -eq 0 ] || exit 99; exec "$@"'.freeze

def start_and_look(*prefix, preload: OURS, keep: "4M")
  environment = { "RUBY_ALLOC_LOG" => LOG, "RUBY_ALLOC_KEEP" => keep }
  pid = eventually("a process that looks") do
    tried = start("sh", "-c", LOOKS, "sh", *prefix, "env", "LD_PRELOAD=#{preload}", "ruby", "-e", "sleep",
                  preload: nil, env: environment)
    eventually("a program or an end") do
      File.read("/proc/#{tried}/comm") == "ruby\n" || File.read("/proc/#{tried}/stat")[/\) (.)/, 1] == "Z"
    end
    next tried if File.read("/proc/#{tried}/comm") == "ruby\n"

    finish(tried) && nil
  end
  eventually("a sample of #{pid}") { top("--once", "--json", pid)[1].dig(0, "memory", "allocated") }
  finish(pid, :KILL)
  File.unlink(*Dir["#{REGIONS}/ruby_alloc.#{pid}.*"])
end

def check_removed(path)
  check "removed: #{path}", File.exist?(path), false
  check "log of #{path}", File.read(LOG).include?("removed #{File.basename(path)}: "), true
end

def test_old_regions
  kept = kept_regions
  kept["living"], living = living_region
  old = old_region
  start_and_look
  check_removed(old)
  kept.each { |name, path| check "kept: #{name}", File.symlink?(path) || File.exist?(path), true }
  check "kept: the symlink's target", File.exist?("#{TEMPORARY}/target"), true
  finish(living, :KILL)
  FileUtils.rm_rf(kept.values)
  check "regions left", regions, []
end

# Root's old regions are not another user's to remove, nor is the directory's stickiness needed.
def test_old_regions_of_a_user
  library = "#{TEMPORARY}/#{File.basename(File.realpath(OURS))}"
  FileUtils.cp(File.realpath(OURS), library)
  FileUtils.chmod(0o711, TEMPORARY)
  FileUtils.chmod(0o777, REGIONS)
  FileUtils.touch(LOG)
  FileUtils.chmod(0o666, LOG)
  as_user = ["setpriv", "--reuid=#{USER}", "--regid=#{USER}", "--clear-groups"]
  old = old_region(user: USER)
  kept = old_region # last: the victim before ran as root, and may have looked around itself
  start_and_look(*as_user, preload: library)
  check_removed(old)
  check "kept: root's", File.exist?(kept), true
  File.unlink(kept)
end

# The first to go is the one that was not heard of for longest, whatever its name.
def test_bound
  ages = [3, 1, 4, 2]
  dead = ages.map { |hours| dead_region.tap { |path| age(path, hours * HOUR, hours * HOUR) } }
  each = File.stat(dead.first).blocks * 512
  start_and_look(keep: (3 * each).to_s)
  check "bound: hours of those that are left", ages.zip(dead).filter_map { |hours, path| hours if File.exist?(path) },
        [1, 2]
  start_and_look(keep: "0")
  check "bound of 0: regions left", regions, []
  dead.values_at(0, 2).each do |path|
    check "log of #{path}", File.read(LOG).include?("removed #{File.basename(path)}: the dead hold"), true
  end
end

test_old_regions
test_bound
if becomes?(USER)
  test_old_regions_of_a_user
else
  puts "skipped: only root can test what another user removes"
end
