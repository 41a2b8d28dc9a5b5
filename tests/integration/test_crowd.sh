#!/bin/bash
# Where regions lie, a crowd: stopped processes that never answer, and files of anybody that are
# no regions. A list waits for all of them together, and not for the files; the screen answers.
set -u
# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
command -v strace >/dev/null || { echo "no strace"; exit 77; }

# start_stopped COUNT: counted processes, stopped; in $started.
start_stopped() {
    local i
    for ((i = 0; i < $1; i++)); do
        LD_PRELOAD=$library RUBY_ALLOC_ALL=1 sleep 1000 &
        started+=($!)
    done
    until_true 60 all_have_regions || fail "no regions"
    kill -STOP "${started[@]}"
}

all_have_regions() {
    local pid
    for pid in "${started[@]}"; do
        "$top" --once "$pid" >/dev/null 2>&1 || return 1
    done
}

# pauses ARGUMENTS...: how often the tool went to sleep.
pauses() {
    strace -f -e trace=clock_nanosleep,poll,ppoll -o "$TEST_DIR/trace" "$top" "$@" >"$out" 2>"$err" </dev/null
    grep -c 'clock_nanosleep(\|poll(' "$TEST_DIR/trace"
}

namespace=$(stat -L -c %i /proc/self/ns/pid)

test_silent_ones_are_waited_for_together() {
    local one all
    what="silent processes"
    start_stopped 40
    one=$(pauses --once --json -p "${started[0]}" -p "${started[0]}")
    all=$(pauses --once)
    [ "$(grep -cw 'sleep 1000' "$out")" -eq 40 ] || fail "not all are listed"
    # Each of them alone would be waited for with some thirty.
    [ "$all" -le $((one + 40)) ] || fail "$all pauses for 40, $one for one"
}

test_files_are_not_waited_for() {
    local none many i
    what="files that are no regions"
    none=$(pauses --once)
    for ((i = 1; i <= 1000; i++)); do
        : >"$RUBY_ALLOC_DIR/ruby_alloc.${started[i % 40]}.$((1000000000 + i)).$namespace"
        : >"$RUBY_ALLOC_DIR/ruby_alloc.$i.7000000000.$namespace"
    done
    truncate -s 200000 "$RUBY_ALLOC_DIR"/ruby_alloc.*[05].7000000000."$namespace"
    many=$(pauses --once)
    [ "$(grep -cw 'sleep 1000' "$out")" -eq 40 ] || fail "not all are listed"
    [ "$(cat "$err")" = 'ruby_alloc_top: 2000 files that are no regions have regions'\'' names: left out' ] ||
        fail "not summed up in one line"
    [ "$many" -le $((none + 40)) ] || fail "$many pauses with them, $none without"
}

# As if they were regions, to a first look.
test_damaged_ones_are_summed_up() {
    local i header
    what="damaged regions"
    header=$(find "$RUBY_ALLOC_DIR" -name "ruby_alloc.${started[0]}.*" -size +60k | head -n 1)
    for ((i = 1; i <= 20; i++)); do
        head -c 200000 "$header" >"$RUBY_ALLOC_DIR/ruby_alloc.$i.9.$namespace"
        printf '\xff\xff' | dd of="$RUBY_ALLOC_DIR/ruby_alloc.$i.9.$namespace" bs=1 seek=12 conv=notrunc status=none
    done
    tool 0 --once
    [ "$(wc -l <"$err")" -eq 5 ] || fail "not three of them, the others, and what is no region"
    err_has '^ruby_alloc_top: 17 more regions can.t be read$'
    rm "$RUBY_ALLOC_DIR"/ruby_alloc.*.9."$namespace"
}

# The figures are of this machine; what is listed, and that each key has its answer, are not.
test_screen() {
    what="the screen in a crowd"
    mkdir "$TEST_DIR/crowd"
    timeout 200 ruby "$here/crowd.rb" "$top" "$library" "$TEST_DIR/crowd" 20 10 600 3 >"$out" 2>"$err" ||
        fail "the crowd"
    grep -q slowest_key "$out" || fail "no key was pressed"
}

for test in test_silent_ones_are_waited_for_together test_files_are_not_waited_for \
    test_damaged_ones_are_summed_up test_screen; do
    $test
done
[ $failures -eq 0 ]
