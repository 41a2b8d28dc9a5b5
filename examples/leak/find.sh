#!/bin/sh
# Finds the leak in leak.rb: records the process while it works, and compares the first
# report with the last. As a check for CI: --fail-over makes it fail when memory grew.
#
#   sh examples/leak/find.sh            # BUILD=build: where the library and the tool are
set -eu

build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
here=$(dirname "$0")
recording=$(mktemp -d)/leak.jsonl
trap 'rm -rf "$(dirname "$recording")"' EXIT

LD_PRELOAD=$build/libruby_alloc.so ruby "$here/leak.rb" 40 >/dev/null &
leak=$!
until "$build/ruby_alloc_top" --json "$leak" >/dev/null 2>&1; do
    kill -0 "$leak" || exit 1
    sleep 0.1
done

echo "\$ ruby_alloc_top --record leak.jsonl -d 0.2 $leak"
"$build/ruby_alloc_top" --record "$recording" -d 0.2 "$leak" # until the process ends
wait "$leak"

# A file against itself: its first report against its last.
echo "\$ ruby_alloc_top --compare leak.jsonl leak.jsonl"
"$build/ruby_alloc_top" --compare "$recording" "$recording"

echo
echo "\$ ruby_alloc_top --compare --fail-over 10M leak.jsonl leak.jsonl >/dev/null"
status=0
"$build/ruby_alloc_top" --compare --fail-over 10M "$recording" "$recording" >/dev/null || status=$?
echo "exit status $status: 10 means that live memory grew by more than 10 MiB"
[ "$status" -eq 10 ]
