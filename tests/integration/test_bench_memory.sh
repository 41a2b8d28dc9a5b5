#!/bin/bash
# `make bench-memory` in little: each part runs, each column of each variant is a number, the chart
# is well-formed, wrong settings are named, and nothing is left behind, not even after Ctrl-C.
# That every answer was a 200 is the measurement's own condition: it fails otherwise.
set -euo pipefail
. "$(dirname "$0")/poll.sh"
bench=$(cd "$(dirname "$0")/../bench/memory" && pwd)
export BUILD=$RUBY_ALLOC_BUILD QUICK=1 CHART=$TEST_DIR/chart.svg
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT
trap 'exit 1' INT TERM

fail() {
    echo "FAIL: $1"
    exit 1
}

# scratch PID: what a run of that process has in the places where it works.
scratch() {
    local there
    there=$(find /dev/shm "${TMPDIR:-/tmp}" -maxdepth 1 -name "bench_memory.*-$1-*")
    [ -n "$there" ] && echo "$there"
}

# alive TEXT: is there a process with that in its environment?
alive() {
    grep -lsaF "$1" /proc/[0-9]*/environ >/dev/null
}

# The whole of it, with a name in EXTRA that an SVG must not take as it is.
export VARIANTS=jemalloc,ours EXTRA='a<b&c|LD_PRELOAD=libjemalloc.so.2 MALLOC_CONF=narenas:2'
ruby "$bench/memory.rb" >"$TEST_DIR/out" 2>"$TEST_DIR/err" &
pid=$!
wait "$pid" || fail "exit status $?: $(cat "$TEST_DIR/err")"
! scratch "$pid" || fail "scratch files are left"
pid=

for variant in jemalloc ours 'a<b&c'; do
    rows=$(grep -cE "^$variant( +[0-9]+\.[0-9]+){3,7}$" "$TEST_DIR/out")
    [ "$rows" -eq 4 ] || fail "$rows rows of numbers for $variant: $(cat "$TEST_DIR/out")"
done
grep -qE '^jemalloc( +[0-9]+\.[0-9]+){7}$' "$TEST_DIR/out" || fail "not seven numbers of Rails"
[ "$(grep -c '^one worker of ours' "$TEST_DIR/out")" -eq 1 ] || fail "no report of ours"
grep -q '^rss  *[0-9.]*MiB' "$TEST_DIR/out" || fail "no chain in the report of ours"
ruby -rrexml/document -e '
  chart = REXML::Document.new(File.read(ARGV[0]))
  bars = REXML::XPath.match(chart, "//rect").map { |bar| Float(bar.attributes["width"]) }
  abort "FAIL: bars: #{bars}" unless bars.size == 12 && bars.all? { |width| width.positive? && width <= 480 }
  names = REXML::XPath.match(chart, "//text[@class=\"name\"]").map(&:text).uniq
  abort "FAIL: names: #{names}" unless names == ["jemalloc", "ours", "a<b&c"]
' "$CHART"

# refused NAME=VALUE: one line that names the setting, and no measurement.
refused() {
    local status=0
    env "$1" ruby "$bench/memory.rb" >"$TEST_DIR/out" 2>"$TEST_DIR/err" || status=$?
    [ "$status" -eq 1 ] && [ ! -s "$TEST_DIR/out" ] && [ "$(wc -l <"$TEST_DIR/err")" -eq 1 ] &&
        grep -q "^bench-memory: ${1%%=*}" "$TEST_DIR/err" || fail "$1: status $status, $(cat "$TEST_DIR/err")"
}
refused VARIANTS=tcmalloc
refused PARTS=cups
refused ROUNDS=0
refused REQUESTS=many
refused 'EXTRA=nothing'

# Ctrl-C in the middle: no process and no file stays. (A shell's background job ignores it.)
mark=bench_memory_mark.$$
MARK=$mark REQUESTS=100000 setsid env --default-signal=INT ruby "$bench/memory.rb" >"$TEST_DIR/out" 2>"$TEST_DIR/err" &
pid=$!
loaded() { pgrep -x wrk | while read -r wrk; do grep -saqF "$mark" "/proc/$wrk/environ" && echo "$wrk"; done | grep -q .; }
until_true 60 loaded || fail "no load: $(cat "$TEST_DIR/err")"
kill -INT "$pid"
wait "$pid" && fail "interrupted, and yet it succeeds"
! scratch "$pid" || fail "interrupted, it leaves its scratch files"
pid=
none() { ! alive "$mark"; }
until_true 20 none || fail "interrupted, it leaves processes"
