#!/bin/bash
# The library's own settings of jemalloc: for Rubies, below MALLOC_CONF and a program's own
# malloc_conf in rank, and not at all with RUBY_ALLOC_TUNING=0.
set -euo pipefail
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

# settings COMMAND...: narenas and dirty_decay_ms in force in a process that runs it.
settings() {
    env LD_PRELOAD="$RUBY_ALLOC_BUILD/libruby_alloc.so" "$@" &
    pid=$!
    local deadline=$((SECONDS + 60))
    until "$top" --json "$pid" >"$TEST_DIR/report" 2>"$TEST_DIR/error"; do
        [ "$SECONDS" -lt "$deadline" ] || { cat "$TEST_DIR/error" && exit 1; }
        sleep 0.05
    done
    ruby -rjson -e 'puts JSON.parse(File.read(ARGV[0]))["process"]["jemalloc_conf"].
        values_at("narenas", "dirty_decay_ms").join(" ")' "$TEST_DIR/report" >"$TEST_DIR/settings"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}

# expect VALUES WORDS: the last settings are these.
expect() {
    [ "$(cat "$TEST_DIR/settings")" = "$1" ] || {
        echo "$2: found '$(cat "$TEST_DIR/settings")', expected '$1'"
        exit 1
    }
}

settings RUBY_ALLOC_ALL=1 sleep 60
own=$(cat "$TEST_DIR/settings") # of jemalloc: four arenas a processor, ten seconds
tuned=$(sed -n 's/.*define RA_TUNING "narenas:\([0-9]*\),dirty_decay_ms:\([0-9]*\)".*/\1 \2/p' \
    lib/shim/tuning.h)
[ -n "$tuned" ] && [ "$own" != "$tuned" ]

settings ruby -e sleep
expect "$tuned" "a Ruby"
settings RUBY_ALLOC_TUNING=0 ruby -e sleep
expect "$own" "RUBY_ALLOC_TUNING=0"
settings RUBY_ALLOC_TUNING=1 ruby -e sleep
expect "$tuned" "RUBY_ALLOC_TUNING=1"
settings MALLOC_CONF=narenas:5 ruby -e sleep
expect "5 ${tuned#* }" "MALLOC_CONF=narenas:5"
settings MALLOC_CONF=narenas:5,dirty_decay_ms:77 ruby -e sleep
expect "5 77" "MALLOC_CONF with both"
settings "$RUBY_ALLOC_BUILD/tests/integration/embedded" sleep
expect "$tuned" "a program that embeds Ruby"
settings "$RUBY_ALLOC_BUILD/tests/integration/victim_conf"
expect "7 ${own#* }" "a program with a malloc_conf of its own"
