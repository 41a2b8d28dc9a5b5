#!/bin/bash
# Advice over a real Ruby: one that dropped much memory, which jemalloc was told to keep,
# is told to purge it; one that is well is told so; no report promises more than its RSS.
set -euo pipefail
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR LC_ALL=C.UTF-8
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

# shellcheck source=tests/integration/poll.sh
. "$(dirname "$0")/poll.sh"

fail() {
    echo "$*"
    "$top" --once "$pid" | sed 's/^/  | /' | head -40
    exit 1
}

# start SCRIPT [VARIABLE=VALUE...]: a counted Ruby that then does nothing; sets pid.
start() {
    local script=$1
    shift
    rm -f "$TEST_DIR/ready"
    env "$@" LD_PRELOAD="$RUBY_ALLOC_BUILD/libruby_alloc.so" ruby -e '
        eval ARGV[0]
        File.write(ARGV[1], "")
        sleep' "$script" "$TEST_DIR/ready" 2>"$TEST_DIR/err" &
    pid=$!
    until_true 60 test -e "$TEST_DIR/ready" || fail "the Ruby did not get ready"
}

stop() {
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}

# expect EXPRESSION: of the report; advice is its rows, ids theirs.
expect() {
    "$top" --json "$pid" >"$TEST_DIR/json"
    ruby -rjson -e 'report = JSON.parse(File.read(ARGV[0]))
        advice, memory = report.values_at("advice", "memory")
        ids = advice.map { |row| row["id"] }
        raise "promises more than RSS" unless advice.sum { |row| row["bytes"].to_i } <= memory["rss"]
        exit(eval(ARGV[1]) ? 0 : 1)' "$TEST_DIR/json" "$1" || fail "not true: $1"
}

shows() { "$top" --once "$pid" | grep -qE -- "$1" || fail "not shown: $1"; }

start 'big = Array.new(20_000) { "x" * 4000 }; big.clear; GC.start' MALLOC_CONF=dirty_decay_ms:-1
expect 'ids[0] == "purge" && advice[0]["bytes"] == memory["dirty"] + [memory["muzzy"], memory["lazy_free"]].min'
expect 'memory["dirty"] > 20_000_000 && advice[0]["text"].include?("surely")'
expect 'ids[1] == "dirty_decay" && advice[1]["bytes"].nil? && advice[1]["text"].start_with?("Free pages never go:")'
shows "^advice +[0-9.]+MiB of free pages surely go back by ruby_alloc_top --purge $pid$"
stop

# Other Rubies' own heaps may be worth a line.
start ''
expect 'advice.sum { |row| row["bytes"].to_i }.zero?'
expect 'ids.include?("other") || ids == ["live"] && advice[0]["text"].start_with?("Nothing much to give back")'
stop

# Nine of ten objects between live ones freed: gaps, which only these could make good.
start '$keep = Array.new(200_000) { |i| "x" * 600 }; 200_000.times { |i| $keep[i] = nil unless i % 10 == 0 }; GC.start'
expect 'ids[0] == "slab_gaps" && advice[0]["text"].include?("640") && advice[0]["bytes"] <= report["fragmentation"]["slab_gaps"]'
stop

# jemalloc's own word goes to standard error; this one to whom it concerns.
start '' MALLOC_CONF=narenas:many
expect 'ids[0] == "settings_refused" && advice[0]["text"].include?("narenas:many (MALLOC_CONF)")'
stop

# One that protects itself: its own user may read its region, but not its smaps_rollup.
plain=()
if [ "$(id -u)" -eq 0 ]; then
    plain=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chmod 1777 "$TEST_DIR"
fi
cp "$RUBY_ALLOC_BUILD/libruby_alloc.so" "$RUBY_ALLOC_BUILD/ruby_alloc_top" "$TEST_DIR"
"${plain[@]}" env LD_PRELOAD="$TEST_DIR/libruby_alloc.so" ruby -rfiddle -e '
    whole = Fiddle::TYPE_LONG
    prctl = Fiddle::Function.new(Fiddle.dlopen(nil)["prctl"], [Fiddle::TYPE_INT] + [whole] * 4, Fiddle::TYPE_INT)
    PR_SET_DUMPABLE = 4
    prctl.call(PR_SET_DUMPABLE, 0, 0, 0, 0)
    File.write(ARGV[0], "")
    sleep' "$TEST_DIR/protected" 2>"$TEST_DIR/err" &
pid=$!
until_true 60 test -e "$TEST_DIR/protected" || fail "the Ruby did not get ready"
"${plain[@]}" "$TEST_DIR/ruby_alloc_top" --json "$pid" >"$TEST_DIR/json" || fail "no report"
ruby -rjson -e 'report = JSON.parse(File.read(ARGV[0]))
    pss, lazy_free, rss, live = report["memory"].values_at("pss", "lazy_free", "rss", "live")
    exit pss.nil? && lazy_free.nil? && rss > live && live > 0 && report["advice"][0]["id"] == "kernel_silent"' \
    "$TEST_DIR/json" || fail "not told that smaps_rollup can't be read"
stop
