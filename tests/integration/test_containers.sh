#!/bin/bash
# Processes of other pid and mount namespaces, as in containers, seen from the host: by
# the host's pid, once, and never mixed up with one of the same pid elsewhere.
# shellcheck disable=SC2016 # Ruby in single quotes
set -u

# Where no container mounts anything over it, as some do over /dev/shm. Regions that all are
# to see lie on a tmpfs of the test's own, for which it needs a mount namespace.
if [ "${1:-}" != mounted ] && unshare --mount true 2>/dev/null; then
    exec unshare --mount sh -c 'mount --make-rprivate / && mount -t tmpfs tests /mnt && exec "$@"' sh \
        env TEST_DIR=/mnt bash "$0" mounted
fi
# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
unset RUBY_ALLOC_DIR # regions lie where each container has them

if ! unshare --pid --mount --fork --mount-proc sh -c 'mount -t tmpfs none /dev/shm' 2>"$err"; then
    echo "no pid and mount namespace can be made ($(head -1 "$err")): not tested"
    exit 77
fi

# Killing the first process of a namespace takes along all others in it, so clean_up will do.

# json EXPRESSION: of the reports in the output.
json() {
    ruby -rjson -e '$reports = STDIN.map { |line| JSON.parse(line) }; $report = $reports[0]
        exit(eval(ARGV[0]) ? 0 : 1)' "$1" <"$out" || fail "not true: $1"
}

# contain NAME COMMAND [RUBY SCRIPT]: a Ruby as process 1 of a container in which COMMAND is run first;
# sets $pid, its pid here.
contain() {
    local name=$1 before=$2 outer
    unshare --pid --mount --fork --mount-proc --kill-child bash -c \
        "$before"'; export LD_PRELOAD=$0; exec ruby -e "eval ARGV[2]; File.write(ARGV[0], %()); sleep" "$@"' \
        "$library" "$TEST_DIR/$name" "$name" "${3:-}" >"$TEST_DIR/$name.out" 2>&1 &
    outer=$!
    disown "$outer"
    started+=("$outer")
    until_true 30 test -e "$TEST_DIR/$name" || fail "$name did not start: $(cat "$TEST_DIR/$name.out")"
    pid=$(cat "/proc/$outer/task/$outer/children")
    pid=${pid// /}
    started+=("$pid")
}

private='mount -t tmpfs none /dev/shm'

test_private() {
    what="a container with its own /dev/shm"
    contain private "$private" 'kept = Array.new(1000) { "x" * 3000 }; Thread.new { sleep }'
    execute 0 "$top" --json "$pid"
    json "\$report['process'].values_at('pid', 'state', 'uid') == [$pid, 'running', 0]"
    json '$report["process"]["command"].include?(" private ") && $report["process"]["ppid"] > 1'
    json '$report["totals"]["live_objects"] > 1000 && $report["memory"]["sample_age"] < 2'
    json "\$report['threads'].any? { |thread| thread['tid'] == $pid && thread['name'] == 'ruby' }"
    execute 0 "$top" --once "$pid"
    grep -q "^pid $pid  state running " "$out" || fail "not its pid here"
    execute 0 "$top" --json
    json "\$reports.count { |report| report['process']['pid'] == $pid } == 1"
    json '$reports.none? { |report| report["process"]["pid"] == 1 }'
    ! ls /dev/shm/ruby_alloc.1.* >/dev/null 2>&1 || fail "its region is here"
}

inside() {
    local of=$1
    shift
    nsenter --target "$of" --pid --mount -- "$@"
}

test_from_inside() {
    what="from inside"
    execute 0 inside "$pid" "$top" --json 1
    json '$report["process"].values_at("pid", "state") == [1, "running"]'
    execute 0 inside "$pid" "$top" --json
    json '$reports.map { |report| report["process"]["pid"] } == [1]'
}

test_same_pid() {
    local one two
    what="the same pid in two namespaces, one directory"
    export RUBY_ALLOC_DIR=$TEST_DIR/shared
    mkdir "$RUBY_ALLOC_DIR"
    contain one : 'A = Array.new(7000) { "x" * 2989 }'
    one=$pid
    contain two : 'A = Array.new(300) { "x" * 2989 }'
    two=$pid
    [ "$(find "$RUBY_ALLOC_DIR" -name 'ruby_alloc.1.*' | wc -l)" -eq 2 ] || fail "not two regions"
    for pid in $one $two; do
        execute 0 "$top" --json "$pid"
        json "\$report['process']['pid'] == $pid && \$report['process']['state'] == 'running'"
        cp "$out" "$TEST_DIR/$pid.json"
    done
    cat "$TEST_DIR/$one.json" "$TEST_DIR/$two.json" >"$out"
    json '$reports.map { |report| report["process"]["command"][/ (one|two) /, 1] } == %w[one two]'
    json '$reports.map { |report| report["sizes"].find { |row| row["min"] == 2985 }["allocations"] } ==
        [7000, 300]'
    execute 0 "$top" --json
    json "\$reports.map { |report| report['process']['pid'] } == [$one, $two].sort"
    what="pruned from the host"
    execute 0 "$top" --prune
    grep -q '^nothing was removed$' "$out" || fail "not nothing"
    what="pruned from the other container"
    kill -9 "$one"
    until_true 10 is_gone "$one" || fail "does not die"
    execute 0 inside "$two" "$top" --prune
    grep -qE '^kept     pid 1 .*: it is of another pid namespace, ' "$out" || fail "not said"
    grep -q '^nothing was removed; 1 kept$' "$out" || fail "not kept"
    inside "$two" "$top" --json 1 >"$out" 2>"$err"
    json '$report["process"]["command"].include?(" two ")'
    what="pruned from the host when one is dead"
    if [ "$(stat -L -c %i /proc/self/ns/pid)" -eq 4026531836 ]; then
        execute 0 "$top" --prune
        grep -qE '^removed  pid 1  .* one ' "$out" || fail "not removed"
        grep -q '^1 region removed, ' "$out" || fail "not one"
    else
        echo "not in the first pid namespace: what the host removes is not tested"
    fi
    execute 0 "$top" --json "$two"
}

is_gone() { [ ! -e "/proc/$1" ]; }

# With the /proc of another namespace every pid is a stranger's: nothing may be judged.
test_wrong_proc() {
    what="with the host's /proc"
    execute 0 unshare --pid --fork "$top" --prune
    grep -q '^nothing was removed' "$out" || fail "it removed something"
    grep -q ': /proc shows another pid namespace than this one$' "$out" || fail "not said"
    # Its Ruby runs, though there is none of its pid, or one without a region.
    # shellcheck disable=SC2016 # the inner shell's
    execute 1 unshare --pid --fork sh -c 'LD_PRELOAD=$1 ruby -e "File.write(ARGV[0], %()); sleep" "$3" &
        until [ -e "$3" ]; do sleep 0.05; done
        "$2" --once $!; status=$?; kill -KILL $!; exit $status' sh "$library" "$top" "$TEST_DIR/counted"
    expect_one_message
    grep -q 'but /proc shows another pid namespace than this one' "$err" || fail "said to have ended"
    execute 0 "$top" --prune
}

# Without a /proc nothing is known, not even that there is no such process.
test_no_proc() {
    what="without a /proc"
    for arguments in "--check" "--check $$" "--once" "--json $$" "--purge $$"; do
        # shellcheck disable=SC2016,SC2086 # the words of $arguments are the inner shell's $@
        execute 1 unshare --mount sh -c 'mount -t tmpfs none /proc && exec "$@"' sh "$top" $arguments
        expect_one_message
        grep -q '/proc shows no processes: it is not mounted here' "$err" || fail "$arguments: not said"
    done
}

test_private
test_from_inside
test_same_pid
test_wrong_proc
test_no_proc

[ $failures -eq 0 ]
