#!/bin/sh
# A real Ruby under libruby_alloc.so, and what ruby_alloc_top says of it while it
# runs. `make demo` builds both and starts this.
set -eu

build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
examples=$(dirname "$0")
output=$(mktemp)
report=$(mktemp)
workload=

clean_up() {
    status=$?
    trap - EXIT
    if [ -n "$workload" ]; then
        kill -TERM "$workload" 2>/dev/null || true
        wait "$workload" || true
    fi
    rm -f "$output" "$report"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The workload says when it is warm; two minutes are for a very slow machine.
wait_until_warm() {
    tries=0
    until grep -q "workload: warm" "$output"; do
        if ! kill -0 "$workload" 2>/dev/null || [ "$tries" -ge 600 ]; then
            cat "$output" >&2
            echo "demo: the workload did not get going" >&2
            exit 1
        fi
        tries=$((tries + 1))
        sleep 0.2
    done
}

cat <<'TEXT'
A Ruby starts under the library: threads parse JSON, render ERB and fill a cache that
shrinks now and then. Its malloc is now jemalloc, and each call is counted by size.

TEXT
echo "\$ LD_PRELOAD=$build/libruby_alloc.so ruby $examples/workload.rb &"
LD_PRELOAD=$build/libruby_alloc.so ruby "$examples/workload.rb" 300 >"$output" 2>&1 &
workload=$!
wait_until_warm

printf '\n$ ruby_alloc_top --once %s\n' "$workload"
"$build/ruby_alloc_top" --once "$workload"

printf '\nThe same two seconds later, with rates: the second report of\n'
printf '$ ruby_alloc_top --batch -d 2 -n 2 %s\n\n' "$workload"
"$build/ruby_alloc_top" --batch -d 2 -n 2 "$workload" >"$report"
awk '/^pid /{ text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$report"

kill -TERM "$workload"
wait "$workload"
workload=
grep -q "workload: done" "$output"

cat <<TEXT

That was the whole road: library, region in shared memory, reader. Next, the live screen:

  LD_PRELOAD=$build/libruby_alloc.so ruby $examples/workload.rb 300 &
  $build/ruby_alloc_top \$!        # q leaves it

or your own application in place of the workload.
TEXT
