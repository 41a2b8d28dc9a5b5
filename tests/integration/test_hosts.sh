#!/bin/bash
# Hosts that a preloaded library can harm: each does under it what it does under plain
# jemalloc, and ends.
set -euo pipefail
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_hosts
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so
export RUBY_ALLOC_DIR=$TEST_DIR
failed=0
also=

# same NAME COMMAND...: output and status are those under plain jemalloc.
same() {
    local name=$1 plain ours plain_status=0 our_status=0
    shift
    plain=$(LD_PRELOAD=libjemalloc.so.2:$also "$@" 2>&1) || plain_status=$?
    ours=$(LD_PRELOAD=$shim:$also RUBY_ALLOC_ALL=1 "$@" 2>&1) || our_status=$?
    if [ "$plain" != "$ours" ] || [ "$plain_status" -ne "$our_status" ]; then
        printf '%s: status %s: %s\nexpected status %s: %s\n' \
            "$name" "$our_status" "$ours" "$plain_status" "$plain"
        failed=1
    fi
}

same "cancel in malloc" "$victim" cancel-in-malloc
# A file system that reserves nothing: libc writes to each block then.
launch=$RUBY_ALLOC_BUILD/tests/integration/victim_launch
fallocate=$([ "$(uname -m)" = x86_64 ] && echo 285 || echo 47)
same "cancel in fork" "$launch" "refuse:$fallocate:95" -- "$victim" cancel-in-fork
mkdir "$TEST_DIR/libraries"
for i in $(seq 0 71); do
    cp "$RUBY_ALLOC_BUILD/tests/integration/victim_local.so" "$TEST_DIR/libraries/$i"
done
same "dlopen in a child" "$victim" load-libraries "$TEST_DIR/libraries"
same "main leaves" "$victim" main-leaves
also=$RUBY_ALLOC_BUILD/tests/integration/victim_atfork.so
same "fork with a lock" "$victim" fork-with-lock
also=
same "own malloc" "$RUBY_ALLOC_BUILD/tests/integration/victim_ownmalloc"

# A handler that forks while the helper is made: one helper, in its child too.
twice=$(LD_PRELOAD=$shim RUBY_ALLOC_ALL=1 "$RUBY_ALLOC_BUILD/tests/integration/victim_twice" 1)
[ "$twice" = "2 threads" ] || { echo "fork in a handler: $twice" && failed=1; }

if [ "$(id -u)" -eq 0 ]; then
    owner=$(LD_PRELOAD=$shim RUBY_ALLOC_ALL=1 "$victim" vfork-setuid)
    [ "$owner" = "the region belongs to 0" ] || { echo "vfork, setuid: $owner" && failed=1; }
fi

# Nothing that reaches the library: it says so and makes no region, rather than show zeros.
LD_PRELOAD=libjemalloc.so.2:$shim RUBY_ALLOC_LOG=$TEST_DIR/log ruby -e \
    'exit Dir["#{ENV["RUBY_ALLOC_DIR"]}/ruby_alloc.#{$$}.*"].empty?' || { echo "region" && failed=1; }
grep -q "another malloc comes first" "$TEST_DIR/log" || { echo "log" && failed=1; }

# Calls that reach the library by a detour are counted, whatever is behind it.
for backend in jemalloc libc; do
    said=$(LD_PRELOAD=$shim RUBY_ALLOC_ALL=1 RUBY_ALLOC_BACKEND=$backend \
        "$RUBY_ALLOC_BUILD/tests/integration/victim_detour")
    [ "$said" = counted ] || { echo "a detour to $backend: $said" && failed=1; }
done

# A server whose children are killed must not fill the directory.
mkdir "$TEST_DIR/children"
RUBY_ALLOC_DIR=$TEST_DIR/children LD_PRELOAD=$shim ruby -e '
  200.times { Process.wait(fork { Process.kill(:KILL, $$); sleep }) }
  left = Dir["#{ENV["RUBY_ALLOC_DIR"]}/ruby_alloc.*"].size
  abort "#{left} regions left" unless left.between?(50, 65)' || failed=1
exit "$failed"
