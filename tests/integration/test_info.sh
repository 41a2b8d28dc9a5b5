#!/bin/bash
# libc's introspection calls are answered from jemalloc, counting or not.
set -eu
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_info

for mode in RUBY_ALLOC_ALL=1 RUBY_ALLOC=0; do
    env "$mode" RUBY_ALLOC_DIR="$TEST_DIR" MALLOC_CONF=dirty_decay_ms:-1 \
        LD_PRELOAD="$RUBY_ALLOC_BUILD/libruby_alloc.so" "$victim" 2>"$TEST_DIR/stderr" || {
        grep '^victim_info' "$TEST_DIR/stderr"
        echo "failed with $mode"
        exit 1
    }
    grep -q 'jemalloc statistics' "$TEST_DIR/stderr" || {
        echo "malloc_stats printed nothing of jemalloc ($mode)"
        exit 1
    }
done
