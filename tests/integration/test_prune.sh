#!/bin/bash
# What killed processes leave behind: it can be read, it is told from what a living
# process has, also when the pid was used again, and --prune removes it and nothing else.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
namespace=$(stat -L -c %i /proc/self/ns/pid)
time_form='20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z'

# Some of what is left behind was made unreadable.
end_test() {
    clean_up
    chmod -R u+rwx "$TEST_DIR"
}
trap end_test EXIT

# run STATUS COMMAND...: a success is silent.
run() {
    execute "$@"
    [ "$1" -ne 0 ] || [ ! -s "$err" ] || fail "not silent on stderr"
}

prune() { run 0 "$top" --prune "$@"; }
out_lines() { [ "$(wc -l <"$out")" -eq "$1" ] || fail "not $1 lines"; }
regions() { find "$RUBY_ALLOC_DIR" -name 'ruby_alloc.*' | wc -l; }
regions_are() { [ "$(regions)" -eq "$1" ] || fail "$(regions) regions, not $1"; }

# start SCRIPT: a Ruby that runs SCRIPT once it is up; sets $pid.
start() {
    rm -f "$TEST_DIR/up"
    LD_PRELOAD=$library ruby -e 'File.write(ARGV[1], ""); eval ARGV[0]; sleep' "$1" "$TEST_DIR/up" \
        >/dev/null 2>&1 &
    pid=$!
    disown "$pid"
    started+=("$pid")
    until_true 30 test -e "$TEST_DIR/up" || fail "a Ruby did not start"
}

is_gone() { ! [ -e "/proc/$pid" ]; }

# stop: ends process $pid, and its region with it.
stop() {
    kill -CONT "$pid"
    kill -9 "$pid"
    until_true 10 is_gone || fail "does not die"
    rm -f "$RUBY_ALLOC_DIR/ruby_alloc.$pid".*
}

# leave_behind: a Ruby that ends by SIGKILL; sets $pid and $left, the path of its region.
leave_behind() {
    start ''
    kill -9 "$pid"
    until_true 10 is_gone || fail "does not die"
    left=$(echo "$RUBY_ALLOC_DIR/ruby_alloc.$pid".*)
}

test_nothing() {
    what="nothing to prune"
    prune
    out_has '^nothing was removed$'
    out_lines 1
    prune --json
    out_lines 0
    what="no such directory"
    RUBY_ALLOC_DIR=$TEST_DIR/nowhere prune
    out_has '^nothing was removed$'
    what="usage"
    run 2 "$top" --prune 1
    run 2 "$top" --prune --once
}

test_deaths() {
    local death
    # shellcheck disable=SC2016 # Ruby's
    for death in 'Process.kill(:KILL, $$)' 'Process.kill(:SEGV, $$)' 'Process.kill(:ABRT, $$)'; do
        what="ended by $death"
        rm -f "$TEST_DIR/go"
        start "Process.setrlimit(:CORE, 0); sleep 0.01 until File.exist?('$TEST_DIR/go'); $death; sleep"
        run 0 "$top" --json "$pid"
        : >"$TEST_DIR/go"
        until_true 20 is_gone || fail "does not end"
        run 0 "$top" --once "$pid"
        out_has "^pid $pid +state exited "
        out_has "^STALE +the process has ended; last sampled $time_form \\([0-9.ms]+ ago\\)\$"
        run 0 "$top" --json "$pid"
        ruby -rjson -e 'report = JSON.parse(STDIN.read)
            exit report["process"]["state"] == "exited" && report["totals"]["live_objects"] > 1000 &&
                 report["memory"]["sample_time"].match?(/\A#{ARGV[0]}\z/) &&
                 report["process"]["own_allocator"].nil?' "$time_form" <"$out" || fail "the JSON is wrong"
    done
    prune
    regions_are 0
}

# A memory cgroup of our own, by either version; sets $group.
make_group() {
    local base
    [ "$(id -u)" -eq 0 ] || return 1
    for base in /sys/fs/cgroup/memory /sys/fs/cgroup; do
        group=$base/ruby_alloc_test.$$
        mkdir "$group" 2>/dev/null || continue
        { echo 100000000 >"$group/memory.limit_in_bytes" || echo 100000000 >"$group/memory.max"; } \
            2>/dev/null && return 0
        rmdir "$group"
    done
    return 1
}

test_out_of_memory() {
    what="out of memory"
    if make_group; then
        start "File.write('$group/cgroup.procs', \$\$); kept = []; loop { kept << 'x' * 1_000_000 }"
        until_true 60 is_gone || fail "was not killed"
        until_true 10 rmdir "$group" || fail "the group is in use"
    else
        echo "no memory cgroup can be made: an OOM kill is stood in for by SIGKILL"
        # shellcheck disable=SC2016 # Ruby's
        start 'kept = Array.new(50) { "x" * 1_000_000 }; Process.kill(:KILL, $$)'
        until_true 10 is_gone || fail "was not killed"
    fi
    run 0 "$top" --json "$pid"
    ruby -rjson -e 'report = JSON.parse(STDIN.read)
        exit report["process"]["state"] == "exited" && report["memory"]["live"] > 45_000_000' \
        <"$out" || fail "the last state is not there"
    prune
    out_has "^removed  pid $pid "
}

test_removes_the_dead_alone() {
    local first second living
    what="two dead and a living one"
    leave_behind
    first=$pid
    leave_behind
    second=$pid
    start ''
    living=$pid
    regions_are 3
    prune
    out_lines 3
    for pid in $first $second; do
        out_has "^removed  pid $pid +last seen $time_form  ruby -e File\\.write"
    done
    out_has '^2 regions removed, [0-9.]+KiB given back$'
    regions_are 1
    run 0 "$top" --once "$living"
    out_has "^pid $living +state running "
    run 1 "$top" --once "$first"
    what="JSON"
    leave_behind
    prune --json
    out_lines 1
    ruby -rjson -e 'line = JSON.parse(STDIN.read)
        exit line["schema"] == "ruby_alloc.prune/1" && line["action"] == "removed" &&
             line["pid"] == ARGV[0].to_i && line["command"].start_with?("ruby -e ") &&
             line["path"] == ARGV[1] && line["uid"] == Process.uid && line["bytes"].positive? &&
             line["last_seen"].match?(/\A#{ARGV[2]}\z/) && line["reason"].nil?' \
        "$pid" "$left" "$time_form" <"$out" || fail "the JSON is wrong"
    prune
    out_has '^nothing was removed$'
    pid=$living
    stop
}

test_stopped_and_zombie() {
    local zombie
    what="a stopped process"
    start ''
    kill -STOP "$pid"
    prune
    out_has '^nothing was removed$'
    stop
    what="a zombie"
    start 'r, w = IO.pipe; child = fork { w.puts; sleep }; r.gets; Process.kill(:KILL, child); File.write(ENV["TEST_DIR"] + "/child", child)'
    until_true 10 test -s "$TEST_DIR/child"
    zombie=$(cat "$TEST_DIR/child")
    until_true 10 grep -q '^State:.Z' "/proc/$zombie/status" || fail "no zombie"
    prune
    out_has "^removed  pid $zombie "
    out_lines 2
    stop
    regions_are 0
}

test_hostile_names() {
    local dead name
    what="things that are no region"
    leave_behind
    dead=$pid
    echo precious >"$TEST_DIR/precious"
    mv "$left" "$TEST_DIR/template"
    for name in "ruby_alloc.$dead.1" "ruby_alloc.$dead.1.$namespace.x" "ruby_alloc.0$dead.1.$namespace" \
        "ruby_alloc.-$dead.1.$namespace" "ruby_alloc.$dead.+1.$namespace" "ruby_alloc." ruby_alloc \
        "ruby_alloc.$dead.99999999999999999999.$namespace" "ruby_alloc.$dead.1.$namespace"$'\n' \
        "ruby_alloc.9999999999.1.$namespace" "ruby_alloc.0.1.$namespace" "ruby_alloc.$dead..$namespace" \
        "other.$dead.1.$namespace"; do
        cp "$TEST_DIR/template" "$RUBY_ALLOC_DIR/$name"
    done
    prune
    out_has '^nothing was removed$'
    [ "$(find "$RUBY_ALLOC_DIR" -type f -printf x | wc -c)" -eq 13 ] || fail "a file is gone"
    find "$RUBY_ALLOC_DIR" -type f -delete

    what="files of other kinds"
    ln -s "$TEST_DIR/precious" "$RUBY_ALLOC_DIR/ruby_alloc.$dead.1.$namespace"
    ln -s /nowhere "$RUBY_ALLOC_DIR/ruby_alloc.$dead.2.$namespace"
    ln "$TEST_DIR/precious" "$RUBY_ALLOC_DIR/ruby_alloc.$dead.3.$namespace"
    mkfifo "$RUBY_ALLOC_DIR/ruby_alloc.$dead.4.$namespace"
    mkdir "$RUBY_ALLOC_DIR/ruby_alloc.$dead.5.$namespace"
    prune
    out_has '^nothing was removed; 5 kept$'
    [ "$(grep -c "^kept     pid $dead .*: it is not a regular file$" "$out")" -eq 4 ] || fail "four are no file"
    out_has '^kept .*\.3\.[0-9]+: it has a second name \(a hard link\)$'
    regions_are 5
    [ "$(cat "$TEST_DIR/precious")" = precious ] || fail "a file elsewhere was changed"
    rm -r "$RUBY_ALLOC_DIR"/ruby_alloc.*

    what="damaged ones of a dead process"
    : >"$RUBY_ALLOC_DIR/ruby_alloc.$dead.1.$namespace"
    head -c 5000 /dev/urandom >"$RUBY_ALLOC_DIR/ruby_alloc.$dead.2.$namespace"
    truncate -s 1T "$RUBY_ALLOC_DIR/ruby_alloc.$dead.3.$namespace" ||
        : >"$RUBY_ALLOC_DIR/ruby_alloc.$dead.3.$namespace"
    prune
    out_has "^removed  pid $dead +last seen - +-\$"
    out_has '^3 regions removed, '
    regions_are 0
}

# Someone gave a living process's region the name of a dead one.
test_renamed() {
    what="a living one under a dead one's name"
    local living
    leave_behind
    rm "$left"
    start ''
    living=$(echo "$RUBY_ALLOC_DIR/ruby_alloc.$pid".*)
    mv "$living" "$left"
    prune
    out_has '^kept .*: its name and its contents speak of different processes$'
    out_has '^nothing was removed; 1 kept$'
    [ -e "$left" ] || fail "it was removed"
    rm -f "$left"
    stop
}

test_other_users() {
    local copy=$TEST_DIR/top mine theirs
    what="users"
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        echo "not root: the regions of other users are not tested"
        return
    fi
    cp "$top" "$copy" && chmod 755 "$copy"
    leave_behind
    mine=$left
    leave_behind
    theirs=$left
    chown 65534 "$theirs"
    run 0 as_nobody "$copy" --prune
    out_has "^removed  pid $pid "
    out_has '^1 region removed, '
    [ -e "$mine" ] || fail "it removed another's region"
    [ ! -e "$theirs" ] || fail "it left its own region"
    leave_behind
    chown 65534 "$left"
    prune
    out_has '^2 regions removed, '
    regions_are 0
}

test_refused() {
    local copy=$TEST_DIR/top
    what="a directory that can't be written"
    leave_behind
    chmod 555 "$RUBY_ALLOC_DIR"
    if [ "$(id -u)" -ne 0 ]; then
        run 1 "$top" --prune
    elif as_nobody true 2>/dev/null; then
        cp "$top" "$copy" && chmod 755 "$copy" && chown 65534 "$left"
        run 1 as_nobody "$copy" --prune
    else
        return
    fi
    grep -qE '^ruby_alloc_top: can.t remove .*: Permission denied$' "$err" || fail "no message"
    chmod 1777 "$RUBY_ALLOC_DIR"
    prune
    regions_are 0
}

# Each child looks whether its own region is there, all its life long, while others prune.
test_while_processes_come_and_go() {
    local pruners=() lost
    what="while processes come and go"
    for _ in 1 2; do
        (while [ ! -e "$TEST_DIR/done" ]; do "$top" --prune >/dev/null || echo "$?" >>"$TEST_DIR/bad"; done) &
        pruners+=($!)
        started+=($!)
    done
    # shellcheck disable=SC2016 # Ruby's
    lost=$(LD_PRELOAD=$library timeout 120 ruby -e '
        own = -> { Dir["#{ENV["RUBY_ALLOC_DIR"]}/ruby_alloc.#{$$}.*"].size == 1 }
        lost = 0
        60.times do |i|
            children = Array.new(4) { |n|
                fork { good = Array.new(10) { own.call.tap { sleep 0.002 } }.all?
                       exit!(1) unless good
                       n.even? ? Process.kill(:KILL, $$) : exit } }
            lost += children.count { |child| Process.wait2(child)[1].exitstatus == 1 }
            lost += own.call ? 0 : 1
        end
        print lost')
    : >"$TEST_DIR/done"
    wait "${pruners[@]}"
    [ "$lost" = 0 ] || fail "$lost living processes lost their regions"
    [ ! -e "$TEST_DIR/bad" ] || fail "a prune failed"
    prune
    regions_are 0
}

# In a pid namespace of its own the next pid can be chosen: the pid of the dead is used again.
test_pid_used_again() {
    what="a pid used again"
    if [ "$(id -u)" -ne 0 ] || ! unshare --pid --mount --fork --mount-proc true 2>/dev/null; then
        echo "no pid namespace can be made: a pid that is used again is not tested"
        return
    fi
    # shellcheck disable=SC2016 # the inner shell's
    timeout 60 unshare --pid --mount --fork --mount-proc bash -c '
        again() { # COMMAND...: starts it with pid 300, waits until it is up
            rm -f "$TEST_DIR/up"
            echo 299 >/proc/sys/kernel/ns_last_pid
            "$@" ruby -e "File.write(ARGV[0], %()); sleep" "$TEST_DIR/up" &
            [ $! -eq 300 ] || echo "WRONG PID $!"
            until [ -e "$TEST_DIR/up" ]; do sleep 0.02; done
        }
        state() { "$0" --json 300 | ruby -rjson -e "print JSON.parse(STDIN.read)[%q(process)][%q(state)], %( )"; }
        again env LD_PRELOAD="$1"
        state "$0"; kill -9 300; wait 300 2>/dev/null
        again env
        state "$0"; "$0" --prune | head -1 | cut -d" " -f1-4; kill -9 300; wait 300 2>/dev/null
        again env LD_PRELOAD="$1"
        kill -9 300; wait 300 2>/dev/null
        again env LD_PRELOAD="$1"
        ls "$RUBY_ALLOC_DIR" | wc -l
        state "$0"; "$0" --prune | tail -1 | cut -d" " -f1-3; state "$0"
        kill -9 300; wait 300 2>/dev/null; "$0" --prune | tail -1 | cut -d" " -f1-3' "$top" "$library" >"$out" 2>"$err"
    printf '%s\n' 'running exited removed  pid 300' 2 'running 1 region removed,' \
        'running 1 region removed,' | cmp -s - "$out" || fail "not as expected"
    regions_are 0
}

test_nothing
test_deaths
test_out_of_memory
# A run's directory goes with what strangers have put there, but for what isn't empty.
test_strangers_in_a_run() {
    local run=$RUBY_ALLOC_DIR/ruby_alloc_run
    what="strangers in a run"
    mkdir -p "$run.aaaaaa/empty" "$run.bbbbbb/full"
    : >"$run.aaaaaa/file"
    : >"$run.bbbbbb/full/file"
    prune
    [ ! -e "$run.aaaaaa" ] || fail "it stays"
    [ -e "$run.bbbbbb/full/file" ] || fail "what is a stranger's was removed"
    out_has "^kept     $run.bbbbbb: user $(id -u) has put a directory into it: remove both\$"
    rm -r "$run.bbbbbb"
}

test_removes_the_dead_alone
test_strangers_in_a_run
test_stopped_and_zombie
test_hostile_names
test_renamed
test_other_users
test_refused
test_while_processes_come_and_go
test_pid_used_again

[ $failures -eq 0 ]
