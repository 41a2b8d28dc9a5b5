#!/bin/bash
# Sourced by the tests of --record and --compare: a Ruby that leaks on request.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "${BASH_SOURCE[0]}")/tool.sh"

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
