#!/bin/bash
# Signals, timers and threads of a real Ruby: as under plain jemalloc.
# shellcheck disable=SC2016 # what stands in single quotes is Ruby
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/same.sh
. "$here/same.sh"
export REGIONS=$here/regions.rb
script() { works "$1" ruby -r"$REGIONS" -e "$2"; }

script 'trap' '
    got = Hash.new(0)
    %w[USR1 USR2 HUP TERM WINCH CONT].each { |name| Signal.trap(name) { got[name] += 1; "x" * 1000 } }
    200.times do |i|
      name = got.keys[i % 7] || %w[USR1 USR2 HUP TERM WINCH CONT][i % 6]
      before = got[name]
      Process.kill(name, $$)
      Regions.wait_until("a handler of #{name} ran") { got[name] > before }
    end
    p got.values.sum, got.keys.sort
    p Signal.trap("USR1", "DEFAULT").class, Signal.trap("USR1", "IGNORE")
    Process.kill("USR1", $$)
    p Signal.list.size'

script 'interrupt' '
    begin
      Process.kill("INT", $$)
      sleep
    rescue Interrupt => error
      p error.class, error.message
    end
    begin
      Process.kill("TERM", $$)
      sleep
    rescue SignalException => error
      p error.signm
    end'

script 'children' '
    ended = Queue.new
    Signal.trap("CLD") { ended << 1 }
    pids = 20.times.map { |i| fork { exit i } }
    p pids.map { |pid| Process.wait2(pid)[1].exitstatus }
    ended.pop
    reader, writer = IO.pipe
    pid = fork { Signal.trap("TERM") { exit 9 }; writer.puts "ready"; sleep }
    reader.gets
    Process.kill("TERM", pid)
    p Process.wait2(pid)[1].exitstatus
    p Process.wait2(fork { abort })[1].exitstatus'

script 'timeout' '
    require "timeout"
    began = Regions.now
    p((Timeout.timeout(0.2) { sleep 30 } rescue $!.class))
    p((Timeout.timeout(0.2) { loop { "x" * 1000 } } rescue $!.class))
    p Timeout.timeout(30) { [1] * 100_000 }.size
    p Regions.now - began >= 0.4
    p 20.times.map { Thread.new { Timeout.timeout(0.05) { sleep 20 } rescue :late } }.map(&:value).uniq
    r, _w = IO.pipe
    p((Timeout.timeout(0.1) { r.read } rescue $!.message), IO.select([r], nil, nil, 0.05))'

script 'sleep and clocks' '
    began = Regions.now
    woken = Thread.new { sleep }
    Regions.wait_until("it sleeps") { woken.status == "sleep" }
    woken.wakeup
    p woken.join(20) == woken, sleep(0.05).class, Regions.now - began >= 0.05
    began = Regions.now
    cpu = Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
    sleep 0.3
    p Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) - cpu < (Regions.now - began) / 2
    times = 1000.times.map { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
    p times == times.sort
    p Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID) <= Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)'

# Thread.list is unchanged, and the kernel sees one thread more.
script 'threads' '
    require "set"
    def tasks = Dir.children("/proc/#{$$}/task").size
    more = ENV["OURS"] == "1" ? 1 : 0
    names = -> { Dir["/proc/#{$$}/task/*/comm"].map { |path| File.read(path).chomp }.sort - ["ruby_alloc"] }
    Regions.wait_until("it has named itself") { more.zero? || File.read(Dir["/proc/#{$$}/task/*/comm"].max) == "ruby_alloc\n" }
    p Thread.list.size, Thread.list == [Thread.main], tasks - more, names.call
    wait = Queue.new
    threads = 8.times.map { Thread.new { wait.pop } }
    Regions.wait_until("all wait") { threads.all? { |thread| thread.status == "sleep" } }
    p Thread.list.size, ThreadGroup::Default.list.size, tasks - more
    8.times { wait << 1 }
    threads.each(&:join)
    p Thread.list.size
    reader, writer = IO.pipe
    pid = fork do
      Regions.wait_until("the child has its own") { tasks == 1 + more }
      writer.puts Thread.list.size, tasks - more
    end
    Process.wait(pid)
    writer.close
    p reader.read, $?.success?'

script 'profiling signal' '
    ticks = 0
    Signal.trap("PROF") { ticks += 1 }
    20.times do
      before = ticks
      Process.kill("PROF", $$)
      Regions.wait_until("a tick") { ticks > before }
    end
    p ticks
    p Signal.trap("EXIT") { puts "left" }'

[ "$failures" -eq 0 ]
