#!/bin/bash
# Stacks: a host's thread may have little of it, and so may its signal handlers (sigaltstack).
# No function of the library that runs there has a frame above FRAME bytes, nor a chain of our
# own calls above CHAIN; as gcc tells of both, with what it inlines.
set -u
status=0
make -s -C "$(dirname "$0")/../.." BUILD="$TEST_DIR/build" CC=gcc WERROR= \
    CFLAGS="-O2 -g -fstack-usage -fcallgraph-info=su" "$TEST_DIR/build/libruby_alloc.so" >/dev/null || exit 1
ruby "$(dirname "$0")/stack.rb" "$TEST_DIR"/build/lib/shim/*.ci || status=1

# And so it is: a signal handler with hardly more than the kernel needs for it, where plain
# jemalloc does with it.
export RUBY_ALLOC_DIR=$TEST_DIR/regions
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_small_stack ours=$RUBY_ALLOC_BUILD/libruby_alloc.so
mkdir -p "$RUBY_ALLOC_DIR"
for what in exit allocate fork; do
    LD_PRELOAD=libjemalloc.so.2 "$victim" $what 1024 || { echo "FAILED: $what with plain jemalloc: $?" && status=1; }
    for setting in RUBY_ALLOC=0 RUBY_ALLOC_ALL=1; do
        env LD_PRELOAD="$ours" $setting RUBY_ALLOC_LOG="$TEST_DIR/log" "$victim" $what 1024
        ended=$?
        if [ $ended -ne 0 ]; then
            echo "FAILED: $what on a small stack with $setting: status $ended"
            status=1
        fi
    done
done
exit $status
