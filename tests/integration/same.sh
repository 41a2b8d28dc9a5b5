#!/bin/bash
# Sourced by tests that compare a Ruby under the library with one under plain
# preloaded jemalloc: same output, same messages, same exit status.
# The caller ends with [ "$failures" -eq 0 ]. OURS=1 is set for what runs under the
# library; regions lie in RUBY_ALLOC_DIR.
ours=$RUBY_ALLOC_BUILD/libruby_alloc.so
export LANG=C.UTF-8 RUBY_ALLOC_DIR=$TEST_DIR/regions
mkdir "$RUBY_ALLOC_DIR"
failures=0

# run NAME PRELOAD OURS COMMAND...: keep output and status under $TEST_DIR/NAME.
run() {
    local name=$TEST_DIR/$1 status=0
    # The outer redirection is for bash's own word on a process that was killed.
    {
        timeout 60 env LD_PRELOAD="$2" OURS="$3" "${@:4}" </dev/null >"$name.out" 2>"$name.err" ||
            status=$?
    } 2>/dev/null
    echo "$status" >"$name.status"
}

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
    sed 's/^/  err: /' "$TEST_DIR/ours.err"
}

# same NAME COMMAND...
same() {
    local name=$1 part
    shift
    run plain libjemalloc.so.2 "" "$@"
    run ours "$ours" 1 "$@"
    for part in status out err; do
        diff "$TEST_DIR/plain.$part" "$TEST_DIR/ours.$part" ||
            fail "$name: $part differs (left: jemalloc, right: ours)"
    done
}

# works NAME COMMAND...: same, it must have succeeded, and left no region behind.
works() {
    same "$@"
    [ "$(cat "$TEST_DIR/ours.status")" = 0 ] || fail "$1: exit status $(cat "$TEST_DIR/ours.status")"
    [ -z "$(ls -A "$RUBY_ALLOC_DIR")" ] || {
        fail "$1: regions were left behind: $(ls "$RUBY_ALLOC_DIR")"
        rm -f "$RUBY_ALLOC_DIR"/*
    }
}
