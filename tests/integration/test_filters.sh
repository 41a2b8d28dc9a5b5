#!/bin/bash
# Programs that forbid themselves to touch files, by a filter of system calls: as under plain
# jemalloc, whatever the filter does to who tries; counted and sampled all the same where it came
# after the start.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
export RUBY_ALLOC_ALL=1 RUBY_ALLOC_INTERVAL=1
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_filter
ulimit -c 0

is_ready() { grep -q '^ready' "$1" 2>/dev/null || ! kill -0 "$pid" 2>/dev/null; }
regions() { find "$RUBY_ALLOC_DIR" -name 'ruby_alloc.*' | wc -l; }

# live NAME PRELOAD VICTIM-ARGUMENT...: its output and exit status are kept under NAME.
live() {
    local name=$TEST_DIR/$1 preload=$2
    shift 2
    rm -f "$TEST_DIR/go" "$name" && mkfifo "$TEST_DIR/go"
    LD_PRELOAD=$preload "$victim" "$@" >"$name" 2>&1 <>"$TEST_DIR/go" &
    pid=$!
    started+=("$pid")
    until_true 30 is_ready "$name" || fail "did not start"
    [ "$preload" != "$library" ] || look
    echo >"$TEST_DIR/go"
    wait "$pid" 2>/dev/null
    echo "exit status $?" >>"$name"
}

# A sample taken now, by a process that may open nothing: its title too.
look() {
    tool 0 --once --json "$pid"
    ruby -rjson -e 'report = JSON.parse(STDIN.read)
        exit report["memory"]["sample_age"] < 5 && report["memory"]["allocated"] > 0 &&
             report["process"]["command"] == ARGV[0]' "$victim $action $scope" <"$out" ||
        fail "no sample, or not of this process"
}

# What could not be removed goes with the next process that looks.
gone() {
    RUBY_ALLOC_KEEP=0 LD_PRELOAD=$library env true
    [ "$(regions)" -eq 0 ] || fail "$(regions) regions left"
    rm -f "$RUBY_ALLOC_DIR"/ruby_alloc.*
}

for action in kill_process kill_thread trap errno; do
    for scope in process root main thread before alone; do
        [ $scope != root ] || [ "$(id -u)" -eq 0 ] || continue
        what="$action, $scope"
        if [ $scope = before ]; then
            live plain '' $action before libjemalloc.so.2
            live ours '' $action before "$library"
            [ "$(regions)" -eq 0 ] || fail "$(regions) regions were made that may not be removed"
        else
            live plain libjemalloc.so.2 $action $scope
            live ours "$library" $action $scope
            [ "$(regions)" -le 1 ] || fail "$(regions) regions, expected the first process's at most"
        fi
        diff "$TEST_DIR/plain" "$TEST_DIR/ours" || fail "differs (left: jemalloc, right: ours)"
        grep -q '^exit status 9$' "$TEST_DIR/plain" || fail "jemalloc itself: $(tail -1 "$TEST_DIR/plain")"
        gone
    done
done
[ "$failures" -eq 0 ]
