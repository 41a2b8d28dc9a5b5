#!/bin/bash
# Each way to end, or to become another program: as under plain jemalloc, and no region is left;
# who goes on after all has one, with all that it counted.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
export RUBY_ALLOC_ALL=1 VICTIM_LATE=$RUBY_ALLOC_BUILD/tests/integration/victim_late.so
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_leaving

regions() { find "$RUBY_ALLOC_DIR" -name 'ruby_alloc.*' | wc -l; }
is_at() { [ "$(grep -c '^ready' "$TEST_DIR/$1")" -ge "$2" ] || ! kill -0 "$pid" 2>/dev/null; }

# begin NAME PRELOAD WAY; end NAME: its output and exit status are kept under NAME.
begin() {
    : >"$TEST_DIR/$1"
    rm -f "$TEST_DIR/go" && mkfifo "$TEST_DIR/go"
    LD_PRELOAD=$2 "$victim" "$3" >"$TEST_DIR/$1" 2>&1 <>"$TEST_DIR/go" &
    pid=$!
    started+=("$pid")
}
end() {
    wait "$pid" 2>/dev/null
    echo "exit status $?" >>"$TEST_DIR/$1"
}

same() { diff "$TEST_DIR/plain" "$TEST_DIR/ours" || fail "differs (left: jemalloc, right: ours)"; }
left_none() {
    [ "$(regions)" -eq 0 ] || fail "$(regions) regions left"
    rm -f "$RUBY_ALLOC_DIR"/ruby_alloc.*
}

test_ends() {
    for way in exit _exit _Exit quick_exit raise kill late \
        execve execv execvp execvpe execl execlp execle fexecve execveat; do
        what=$way
        begin plain libjemalloc.so.2 $way && end plain
        begin ours "$library" $way && end ours
        same
        left_none
    done
}

# steps WAY COUNT COMMAND: at each of its COUNT steps COMMAND must be true.
steps() {
    local name preload step
    what=$1
    for name in plain ours; do
        preload=libjemalloc.so.2
        [ $name = plain ] || preload=$library
        begin $name "$preload" "$1"
        for ((step = 1; step <= $2; step++)); do
            until_true 30 is_at $name $step || fail "did not come to step $step"
            [ $name = plain ] || "$3" || fail "at step $step"
            echo >"$TEST_DIR/go"
        done
        end $name
    done
    same
    left_none
}

# One region, which answers, and tells of the one object that was made and freed at the start.
has_its_region() {
    [ "$(regions)" -eq 1 ] || { fail "$(regions) regions, expected 1" && return 1; }
    tool 0 --once --json "$pid"
    ruby -rjson -e 'report = JSON.parse(STDIN.read)
        exit report["process"]["state"] == "running" && report["memory"]["sample_age"] < 5 &&
             report["totals"]["allocations"] >= 1 && report["totals"]["frees"] >= 1' <"$out"
}

# The process that is left is another one, known by its region.
test_daemon() {
    local name preload
    what=daemon
    for name in plain ours; do
        preload=libjemalloc.so.2
        [ $name = plain ] || preload=$library
        begin $name "$preload" daemon
        wait "$pid"
        echo "exit status $?" >"$TEST_DIR/$name.status"
        until_true 30 grep -q '^ready' "$TEST_DIR/$name" || fail "no daemon"
        [ $name = plain ] || [ "$(regions)" -eq 1 ] || fail "$(regions) regions, expected the daemon's"
        echo >"$TEST_DIR/go"
    done
    diff "$TEST_DIR/plain.status" "$TEST_DIR/ours.status" || fail "exit status differs"
    daemon_is_gone() { [ "$(regions)" -eq 0 ]; }
    until_true 30 daemon_is_gone || fail "$(regions) regions left"
}

test_ends
steps vforks 1 has_its_region
steps refused 2 has_its_region
steps survives 1 has_its_region
test_daemon
[ "$failures" -eq 0 ]
