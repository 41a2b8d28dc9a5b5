#!/bin/bash
# What a crowd costs: 60 processes that don't answer and 10 000 files of others where regions
# lie, and a thousand processes; and how soon the screen answers keys while lists are made and
# files come and go for SECONDS_MEASURED. With limits; exits with 1 when one is passed.
set -euo pipefail

build=$(cd "${BUILD:-build}" && pwd)
seconds=${SECONDS_MEASURED:-30}
work=$(mktemp -d)
memory=$(mktemp -d -p /dev/shm 2>/dev/null) || memory=$work
trap 'rm -rf "$work" "$memory"' EXIT
unset LD_PRELOAD "${!RUBY_ALLOC@}"
export LC_ALL=C.UTF-8
failed=0

# crowd PROCESSES SILENT FILES SECONDS: into $work/said.
crowd() {
    rm -rf "$memory/crowd"
    mkdir "$memory/crowd"
    ruby "$(dirname "$0")/../integration/crowd.rb" "$build/ruby_alloc_top" "$build/libruby_alloc.so" \
        "$memory/crowd" "$@" >"$work/said"
}

# row WHAT KEY LIMIT
row() {
    local value
    value=$(grep -o "\"$2\":[0-9.]*" "$work/said" | cut -d: -f2)
    printf '%-62s %8.3f s  (limit %.1f)\n' "$1" "$value" "$3"
    awk "BEGIN { exit !($value > $3) }" || return 0
    failed=1
}

crowd 70 60 10000 "$seconds"
row '70 processes, 60 of them silent, and 10000 files: list' list 1
row '  the first frame of the screen' first_frame 0.2
row '  its slowest answer to a key, lists and files coming and going' slowest_key 0.2
crowd 1000 0 0 1
row '1000 processes: list, of a processor' list_cpu 1
exit $failed
