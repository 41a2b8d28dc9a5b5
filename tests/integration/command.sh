#!/bin/bash
# Sourced by the tests of `ruby_alloc_top -- COMMAND`.

top=$RUBY_ALLOC_BUILD/ruby_alloc_top
library=$(realpath "$RUBY_ALLOC_BUILD")/libruby_alloc.so
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$TEST_DIR/out err=$TEST_DIR/err
export RUBY_ALLOC_DIR=$TEST_DIR/regions LC_ALL=C.UTF-8
mkdir "$RUBY_ALLOC_DIR"
chmod 711 "$TEST_DIR" && chmod 1777 "$RUBY_ALLOC_DIR"
failures=0 what='' started=()

clean_up() {
    [ ${#started[@]} -eq 0 ] || kill -9 "${started[@]}" 2>/dev/null
}
trap clean_up EXIT

fail() {
    failures=$((failures + 1))
    echo "FAIL: $what: $*"
    [ ! -e "$out" ] || cut -c1-200 "$out" | sed 's/^/  out: /' | head -20
    [ ! -e "$err" ] || cut -c1-200 "$err" | sed 's/^/  err: /' | head -20
}

# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"

# run STATUS ARGUMENTS...: the tool, without a terminal; nothing must be left behind.
run() {
    local wanted=$1 status
    shift
    timeout 60 "$top" "$@" >"$out" 2>"$err" </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "exit status $status, not $wanted"
    nothing_left
}

nothing_left() {
    local left
    left=$(find "$RUBY_ALLOC_DIR" -mindepth 1)
    [ -z "$left" ] || fail "left behind: $left"
}

one_message() {
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^ruby_alloc_top: ' "$err" || fail "not one line of message"
}

err_has() { grep -qE -- "$1" "$err" || fail "standard error lacks $1"; }

# json FILE EXPRESSION: of $reports, the JSON lines of FILE. made(i), freed(i): what Known.work
# did in the process of report i.
json() {
    ruby -rjson -e '$reports = File.readlines(ARGV[0]).grep(/\A\{/).map { |line| JSON.parse(line) }
        def known(i) = $reports[i]["classes"].find { |c| c["size"] >= 7_000_001 }
        def made(i) = known(i)&.fetch("allocations") || 0
        def freed(i) = known(i)&.fetch("frees") || 0
        def processes(*names) = $reports.map { |r| r["process"].values_at(*names) }
        exit(eval(ARGV[1]) ? 0 : 1)' "$1" "$2" || fail "not true: $2"
}
