#!/bin/bash
# A Ruby that starts other programs, and becomes one: as under plain jemalloc, with the
# right regions meanwhile, and nothing left behind.
# shellcheck disable=SC2016 # what stands in single quotes is Ruby
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/same.sh
. "$here/same.sh"
export REGIONS=$here/regions.rb
script() { works "$1" ruby -r"$REGIONS" -e "$2"; }

RUBY_ALLOC_ALL=1 works 'from C' "$RUBY_ALLOC_BUILD/tests/integration/victim_exec"

script 'system and backticks' '
    p system("exit 3"), $?.exitstatus, system("true"), system("kill -9 $$"), $?.termsig
    p `echo shell; exit 4`, $?.exitstatus
    p `ruby -e "puts 6 * 7"`, $?.success?, %x(cat /proc/self/comm)
    Regions.require_of($$)'

script 'spawn' '
    reader, writer = IO.pipe
    pid = Process.spawn("cat", in: reader)
    Regions.wait_until("cat runs") { File.read("/proc/#{pid}/comm") == "cat\n" }
    Regions.require_of($$)
    writer.puts "to cat"; writer.close
    p Process.wait2(pid)[1].exitstatus
    30.times.map { |i| Process.spawn("exit #{i}") }.each_with_index do |child, i|
      raise "status" unless Process.wait2(child)[1].exitstatus == i
    end
    Regions.require_of($$)'

script 'spawn of a Ruby' '
    ruby = IO.popen(["ruby", "-r#{ENV["REGIONS"]}", "-e", "puts $$; $stdout.flush; gets; p Process.ppid"], "r+")
    pid = ruby.gets.to_i
    Regions.require_of($$, pid)
    report = Regions.report(pid)
    raise "not a process of its own: #{report["process"]}" if report && report["process"]["forked"]
    ruby.puts
    p ruby.gets.to_i == $$
    ruby.close
    p $?.success?
    Regions.require_of($$)'

script 'fork and exec' '
    reader, writer = IO.pipe
    pid = fork { writer.close; exec "cat", in: reader }
    Regions.wait_until("cat runs") { File.read("/proc/#{pid}/comm") == "cat\n" }
    Regions.require_of($$)
    reader.close; writer.puts "to cat"; writer.close
    p Process.wait2(pid)[1].exitstatus
    p Process.wait2(fork { exec "false" })[1].exitstatus
    p Process.wait2(fork { exec "sh", "-c", "kill -9 $$" })[1].termsig
    p Process.wait2(fork { exec "ruby", "-e", "exit 5" })[1].exitstatus
    p Process.wait2(fork { begin; exec "no-such-program"; rescue Errno::ENOENT; exit 6; end })[1].exitstatus
    p Process.wait2(fork { begin; exec "no-such-program"; rescue Errno::ENOENT; raise "out"; end rescue exit 7 })[1].exitstatus
    Regions.require_of($$)'

script 'exec of another Ruby in place' '
    100_000.times { "x" * 100 }
    before = Regions.report
    Regions.require_of($$)
    ENV["BEFORE"] = before ? before["totals"]["allocations"].to_s : ""
    ENV["FIRST"] = $$.to_s
    exec "ruby", "-r#{ENV["REGIONS"]}", "-e", %q(
        p $$ == ENV["FIRST"].to_i
        Regions.require_of($$)
        if (report = Regions.report)
          raise "not fresh" unless report["totals"]["allocations"] < ENV["BEFORE"].to_i - 90_000
          raise "inherited" unless report["totals"]["inherited_objects"].zero?
        end
        exec "sh", "-c", %(test -z "$(ls -A "$RUBY_ALLOC_DIR")" && echo shell, no region))'

script 'fork of a fork' '
    statuses = 3.times.map do |i|
      pid = fork do
        inner = fork { Array.new(1000) { "y" * 300 }; exit 10 + i }
        exit Process.wait2(inner)[1].exitstatus + 10
      end
      Process.wait2(pid)[1].exitstatus
    end
    p statuses
    going, over = IO.pipe
    pids = 4.times.map { fork { over.close; going.read } }
    going.close
    Regions.require_of($$, *pids)
    over.close
    p Process.waitall.all? { |_, status| status.success? }
    Regions.require_of($$)'

# The two processes that a daemon leaves end by _exit, in libc: their regions go with them.
script 'daemon' '
    reader, writer = IO.pipe
    release, hold = IO.pipe
    first = fork do
      Process.daemon(true, true)
      [reader, hold].each(&:close)
      Array.new(1000) { "z" * 500 }
      writer.puts $$, Process.ppid
      writer.close
      release.read
    end
    [writer, release].each(&:close)
    p Process.wait2(first)[1].exitstatus
    daemon = reader.gets.to_i
    p daemon != first, reader.gets.to_i != $$
    if (report = Regions.report(daemon))
      raise "wrong: #{report["process"]}" unless report["process"].values_at("state", "forked") == ["running", true]
    end
    Regions.wait_until("the daemon has a region") { !ENV["OURS"][0] || Regions.pids.include?(daemon) }
    hold.close
    Regions.wait_until("the daemon ended") { !File.exist?("/proc/#{daemon}") }
    Regions.require_of($$)'

# As root Ruby forks for each of these instead of calling vfork. The child that finds no
# program ends by _exit; the one that does is replaced by what knows nothing of regions.
script 'programs that are not there' '
    p system("no-such-program"), (`no-such-program` rescue $!.class)
    p (Process.spawn("/no/such/program") rescue $!.class)
    Regions.require_of($$)'

script 'programs without the library' '
    p system({ "LD_PRELOAD" => nil }, "true"), system("true", unsetenv_others: true)
    p IO.popen({ "LD_PRELOAD" => nil }, ["echo", "piped"], &:read), IO.popen("echo piped", &:read)
    Regions.require_of($$)'

[ "$failures" -eq 0 ]
