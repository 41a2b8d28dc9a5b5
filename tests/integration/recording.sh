#!/bin/bash
# Sourced by the tests of --record and --compare: a Ruby that leaks on request.
set -u

top=$RUBY_ALLOC_BUILD/ruby_alloc_top
library=$RUBY_ALLOC_BUILD/libruby_alloc.so
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$TEST_DIR/out err=$TEST_DIR/err what=
mkdir "$TEST_DIR/regions"
export RUBY_ALLOC_DIR=$TEST_DIR/regions LC_ALL=C.UTF-8
failures=0 started=()

clean_up() {
    for pid in "${started[@]}"; do
        kill -CONT "$pid" && kill -9 "$pid"
    done 2>/dev/null
}
trap clean_up EXIT

# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"

fail() {
    failures=$((failures + 1))
    echo "FAIL: $what: $*"
    sed 's/^/  out: /' "$out" | cut -c1-200 | head -20
    sed 's/^/  err: /' "$err" | head -5
}

# expect STATUS ARGUMENTS...: runs the tool without a terminal; a failure says one line.
expect() {
    local wanted=$1 status
    shift
    what="ruby_alloc_top $*"
    timeout 60 "$top" "$@" >"$out" 2>"$err" </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "exit status $status, not $wanted"
    case $wanted in
    0) [ ! -s "$err" ] || fail "not silent on stderr" ;;
    *) expect_one_message ;;
    esac
}

expect_one_message() {
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^ruby_alloc_top: ' "$err" ||
        fail "not one line of message"
}

out_has() { grep -qE -- "$1" "$out" || fail "output lacks $1"; }
err_has() { grep -qE -- "$1" "$err" || fail "message lacks $1"; }

# true_of FILE EXPRESSION: of $all, the objects in its lines; each line must be one.
true_of() {
    ruby -rjson -e '$all = File.readlines(ARGV[0]).map { |line| JSON.parse(line) }
        abort "no newline at the end" unless File.read(ARGV[0]).end_with?("\n")
        exit(eval(ARGV[1]) ? 0 : 1)' "$1" "$2" || fail "of $1 not true: $2"
}

# start_leaker: a Ruby that makes as many known objects as it is told; sets $pid.
leakers=0
start_leaker() {
    leakers=$((leakers + 1))
    orders=$TEST_DIR/orders.$leakers done_file=$TEST_DIR/done.$leakers
    mkfifo "$orders"
    LD_PRELOAD=$library ruby -r "$here/known" -e '
        objects = []
        File.write(ARGV[1], "0\n")
        File.open(ARGV[0], "r+") do |orders|
            while (order = orders.gets.to_i) != 0
                order.times { objects << Known::MALLOC.call(Known::SIZE) }
                Known::FREE.call(objects.pop) while order < 0 && (order += 1) <= 0
                File.write(ARGV[1] + ".new", "#{objects.size}\n")
                File.rename(ARGV[1] + ".new", ARGV[1])
            end
        end' "$orders" "$done_file" >/dev/null 2>&1 &
    pid=$!
    disown # bash would tell of its end
    started+=("$pid")
    until_true 30 test -e "$done_file" || fail "the Ruby did not start"
}

# leak NUMBER TOTAL: have it make NUMBER objects more (below 0: free as many), TOTAL in all.
leak() {
    echo "$1" >"$orders"
    until_true 30 grep -qx "$2" "$done_file" || fail "the Ruby did not do as it was told"
}
