#!/bin/bash
# The sample's sequence is odd from before its first word is written until after its last: watched
# by a debugger, as a reader that meets it in between is a matter of luck.
# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
what="the sample's sequence"

RUBY_ALLOC_INTERVAL=0 LD_PRELOAD=$library ruby -e 'File.write(ARGV[0], ""); sleep' "$TEST_DIR/ready" >/dev/null 2>&1 &
pid=$!
disown
started+=("$pid")
until_true 30 test -e "$TEST_DIR/ready" || fail "the Ruby did not start"
tool 0 --json "$pid"

# Stops at each change of the sequence and of the last word before the page's end that a sample
# always changes: its time.
gdb -q -p "$pid" -batch -iex 'set debuginfod enabled off' -ex 'set pagination off' -ex 'set width 0' \
    -ex 'watch -l ra_storage.region.sample.sequence' -ex 'watch -l ra_storage.region.sample.monotonic_ns' \
    -ex "shell touch $TEST_DIR/attached" -ex continue -ex 'p ra_storage.region.sample.sequence % 2' \
    -ex continue -ex 'p ra_storage.region.sample.sequence % 2' \
    -ex continue -ex 'p ra_storage.region.sample.sequence % 2' >"$out" 2>"$err" </dev/null &
debugger=$!
started+=("$debugger")
until_true 60 test -e "$TEST_DIR/attached" || fail "gdb did not attach"
timeout 60 "$top" --json "$pid" >/dev/null 2>&1
until_true 60 eval "! kill -0 $debugger 2>/dev/null" || fail "the sequence and the time did not change three times"

# It becomes odd, the time is written while it is, it becomes even.
[ "$(sed -n 's/^\$[0-9]* = //p' "$out" | tr '\n' ' ')" = "1 1 0 " ] || fail "not odd while the sample is written"
[ "$(grep -c ' hit Hardware watchpoint 1:' "$out")" -ge 2 ] || fail "the sequence did not change twice"
[ $failures -eq 0 ]
