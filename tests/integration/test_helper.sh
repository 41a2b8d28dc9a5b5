#!/bin/bash
# The library's helper thread harms no host: not its descriptors, the end of main, its stack, a
# handler that interrupts pthread_create; and a process can do without it.
set -uo pipefail
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_helper
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR RUBY_ALLOC_ALL=1
failed=0

# ends NAME COMMAND...: it ends well, and says nothing.
ends() {
    local name=$1 said status=0
    shift
    said=$("$@" 2>&1) || status=$?
    [ "$status$said" = 0 ] || { echo "$name: status $status: $said" && failed=1; }
}

for mode in descriptors leave handlers; do
    ends "$mode, plain" env LD_PRELOAD=libjemalloc.so.2 "$victim" "$mode"
    for interval in 0 1; do
        ends "$mode, every $interval s" \
            env LD_PRELOAD="$shim" RUBY_ALLOC_INTERVAL=$interval "$victim" "$mode"
        [ "$mode" = leave ] || rm -f "$TEST_DIR"/ruby_alloc.* # of children that end by _exit
    done
done
if [ "$(id -u)" -eq 0 ]; then
    ends "leave, without /proc" unshare -m bash -c \
        'mount --make-rprivate / && umount -l /proc && LD_PRELOAD=$0 exec "$1" leave' "$shim" "$victim"
fi

# steps COMMAND...: starts it, and lets the next commands talk to it by step; its number is in pid.
steps() {
    mkfifo "$TEST_DIR/in"
    "$@" <"$TEST_DIR/in" >"$TEST_DIR/out" 2>"$TEST_DIR/err" &
    pid=$!
    exec 9>"$TEST_DIR/in"
    rm "$TEST_DIR/in"
    await 1
}

# await COUNT: until it has been ready that often.
await() {
    for _ in $(seq 2000); do
        [ "$(grep -c ready "$TEST_DIR/out")" -lt "$1" ] || return 0
        [ -d "/proc/$pid" ] || break
        sleep 0.01
    done
    echo "it was not ready $1 times: $(cat "$TEST_DIR/err")" && failed=1
}

step() {
    echo >&9
    await "$1"
}

finish() {
    exec 9>&-
    wait "$pid" || { echo "$1: status $?: $(cat "$TEST_DIR/err")" && failed=1; }
}

# answers: whether jemalloc's figures are those of a moment ago.
answers() {
    "$top" --once "$pid" | grep -Eq 'sample_age [0-2]\.[0-9]+s' ||
        { echo "$1: no answer" && failed=1; }
}

# Room for thread-local data that the stack once had to have, and more than that.
for room in 512 65536 122500 1000000; do
    for mode in large stack; do
        steps env LD_PRELOAD="$shim" GLIBC_TUNABLES=glibc.rtld.optional_static_tls=$room \
            "$victim" "$mode"
        answers "$mode, $room bytes"
        for action in purge decay=500; do
            "$top" --$action "$pid" >/dev/null || { echo "$mode, $room bytes: --$action" && failed=1; }
        done
        answers "$mode, $room bytes, after that"
        step 2
        finish "$mode, $room bytes"
    done
    used=$(grep -v ready "$TEST_DIR/out")
    [ "$used" -gt 0 ] && [ "$used" -le 32768 ] ||
        { echo "$used bytes of the helper's stack of 128 KiB are used: more than expected" && failed=1; }
done

# Without it: counted as exactly, and said so.
steps env LD_PRELOAD="$shim" RUBY_ALLOC_HELPER=0 "$victim" large
tasks=$(ls "/proc/$pid/task" | wc -l)
[ "$tasks" -eq 1 ] || { echo "RUBY_ALLOC_HELPER=0: $tasks threads" && failed=1; }
"$top" --once "$pid" >"$TEST_DIR/once"
grep -q '^warning *RUBY_ALLOC_HELPER=0: no figures' "$TEST_DIR/once" ||
    { echo "RUBY_ALLOC_HELPER=0: not said by --once" && failed=1; }
"$top" --once --json "$pid" >"$TEST_DIR/json"
grep -q '"id": "helper_off"' "$TEST_DIR/json" && grep -q '"allocated": null' "$TEST_DIR/json" ||
    { echo "RUBY_ALLOC_HELPER=0: not said by --json" && failed=1; }
said=$("$top" --purge "$pid" 2>&1)
[ "$?: $said" = "1: ruby_alloc_top: process $pid has no helper thread that could answer: it was \
started with RUBY_ALLOC_HELPER=0" ] || { echo "RUBY_ALLOC_HELPER=0: --purge: $said" && failed=1; }
step 2
finish "RUBY_ALLOC_HELPER=0"

left=$(ls "$TEST_DIR" | grep -c ^ruby_alloc)
[ "$left" -eq 0 ] || { echo "$left regions left" && failed=1; }
exit "$failed"
