#!/bin/bash
# A Ruby that dropped much memory and went quiet gives it back, unless told not to:
# jemalloc alone purges only while something allocates.
set -euo pipefail
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR RUBY_ALLOC_INTERVAL=1 MALLOC_CONF=dirty_decay_ms:2000
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

enough=1000000 # bytes: what may stay of 80 MB after the decay time, as the process goes on a little

# dirty PID: bytes of unused pages that are not given back.
dirty() {
    "$top" --json "$1" | ruby -rjson -e 'p JSON.parse($stdin.read)["memory"]["dirty"]'
}

# quiet: starts a Ruby that drops 80 MB and sleeps in one system call; sets pid.
quiet() {
    rm -f "$TEST_DIR/ready"
    LD_PRELOAD=$RUBY_ALLOC_BUILD/libruby_alloc.so ruby -e '
      big = Array.new(20_000) { "x" * 4000 }
      big.clear
      GC.start
      File.write(ARGV[0], "")
      sleep' "$TEST_DIR/ready" &
    pid=$!
    local deadline=$((SECONDS + 60))
    until [ -e "$TEST_DIR/ready" ]; do
        [ "$SECONDS" -lt "$deadline" ] || { echo "the Ruby did not get ready" && exit 1; }
        sleep 0.05
    done
}

stop() {
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}

quiet
deadline=$((SECONDS + 60))
until [ "$(dirty "$pid")" -lt $enough ]; do
    [ "$SECONDS" -lt "$deadline" ] ||
        { echo "60 s after it went quiet $(dirty "$pid") bytes are dirty, expected below $enough: idle pages are not given back" && exit 1; }
    sleep 0.5
done
stop

export RUBY_ALLOC_DECAY=0
quiet
before=$(dirty "$pid")
ended=$((SECONDS + 6)) # three times the decay time: what could have been given back
until [ "$SECONDS" -ge "$ended" ]; do
    sleep 0.5
done
after=$(dirty "$pid")
stop
[ "$before" -gt 20000000 ] || { echo "only $before bytes were dirty with RUBY_ALLOC_DECAY=0, expected above 20000000" && exit 1; }
[ "$after" -eq "$before" ] || { echo "dirty went from $before to $after with RUBY_ALLOC_DECAY=0" && exit 1; }
