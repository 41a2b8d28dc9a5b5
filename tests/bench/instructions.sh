#!/bin/bash
# Sourced by what counts instructions: callgrind's, the same whatever else the machine does.
# The caller sets $pair to the program that tests/bench/pair.c makes.

# instructions PRELOAD SETTING COMMAND...: what callgrind collected for COMMAND.
instructions() {
    local preload=$1 setting=$2
    shift 2
    env "LD_PRELOAD=$preload" "$setting" valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$@" 2>&1 >/dev/null | sed -n 's/.*Collected : //p'
}

# pair PRELOAD SETTING: instructions of one malloc(40)/free pair.
pair() {
    local few many
    few=$(instructions "$1" "$2" "$pair" 20000)
    many=$(instructions "$1" "$2" "$pair" 120000)
    awk -v d=$((many - few)) 'BEGIN { printf "%.1f", d / 100000 }'
}

minus() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", b - a }'
}

# passes DIFFERENCE LIMIT: whether it is more than the limit.
passes() {
    awk -v d="$1" -v l="$2" 'BEGIN { exit !(d > l) }'
}

# Of a pair, over the same jemalloc preloaded alone.
# shellcheck disable=SC2034 # for whoever sources this
counting_limit=36 forwarding_limit=15
