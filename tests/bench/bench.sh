#!/bin/bash
# What libruby_alloc.so costs, against the same jemalloc preloaded alone, with the
# limits of the design. Exits with 1 when one is passed.
#
# Instructions are callgrind's: the same whatever else the machine does. Times are
# medians of paired, interleaved runs.
set -euo pipefail
shopt -s inherit_errexit # a measurement that fails is no 0

build=$(cd "${BUILD:-build}" && pwd)
here=$(dirname "$0")
shim=$build/libruby_alloc.so
plain=libjemalloc.so.2
work=$(mktemp -d)
memory=$(mktemp -d -p /dev/shm 2>/dev/null) || memory=$work # where regions lie in earnest: a tmpfs
trap 'rm -rf "$work" "$memory"' EXIT
unset MALLOC_CONF LD_PRELOAD "${!RUBY_ALLOC@}"
export RUBY_ALLOC_DIR=$memory
passed=0 over=0

pair=$build/tests/bench/pair
# shellcheck source=tests/bench/instructions.sh
. "$here/instructions.sh"

# row NAME PLAIN OURS DIFFERENCE LIMIT UNIT: a line of the table, checked.
row() {
    local name=$1 base=$2 ours=$3 difference=$4 limit=$5 unit=$6 verdict=ok
    if passes "$difference" "$limit"; then
        verdict=OVER
        over=$((over + 1))
    else
        passed=$((passed + 1))
    fi
    case $difference in -*) ;; *) difference=+$difference ;; esac
    printf '%-46s %14s %14s %10s %10s  %s\n' "$name" "$base" "$ours" "$difference$unit" "+$limit$unit" \
        "$verdict"
}

percent() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b - a) * 100 / a }'
}

median() {
    sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

printf '%-46s %14s %14s %10s %10s\n' "" jemalloc ruby_alloc more limit
base=$(pair "$plain" X=)
counting=$(pair "$shim" RUBY_ALLOC_ALL=1)
forwarding=$(pair "$shim" RUBY_ALLOC=0)
row "malloc(40)/free, counting: instructions" "$base" "$counting" "$(minus "$base" "$counting")" "$counting_limit" ""
row "malloc(40)/free, forwarding: instructions" "$base" "$forwarding" "$(minus "$base" "$forwarding")" "$forwarding_limit" ""

base=$(instructions "$plain" X= ruby -e 1)
ours=$(instructions "$shim" X= ruby -e 1)
row "ruby -e 1: instructions" "$base" "$ours" "$(percent "$base" "$ours")" 1.5 %
base=$(instructions "$plain" X= ruby "$here/script.rb")
ours=$(instructions "$shim" X= ruby "$here/script.rb")
row "allocation-heavy Ruby script, counting" "$base" "$ours" "$(percent "$base" "$ours")" 1.0 %
ours=$(instructions "$shim" RUBY_ALLOC=0 ruby "$here/script.rb")
row "allocation-heavy Ruby script, forwarding" "$base" "$ours" "$(percent "$base" "$ours")" 1.0 %

# microseconds PRELOAD: of one start of Ruby.
microseconds() {
    local before after
    before=$(date +%s%N)
    LD_PRELOAD=$1 ruby -e 1
    after=$(date +%s%N)
    echo $(((after - before) / 1000))
}
# A machine that does other things too only ever makes a time longer: up to three tries.
for _ in 1 2 3; do
    rm -f "$work"/start.*
    for _ in $(seq 25); do
        microseconds "$plain" >>"$work/start.plain"
        microseconds "$shim" >>"$work/start.ours"
    done
    base=$(median <"$work/start.plain") ours=$(median <"$work/start.ours")
    [ $((ours - base)) -gt 1000 ] || break
done
row "ruby -e 1: microseconds, median of 25" "$base" "$ours" "$((ours - base))" 1000 ""

# forks PRELOAD COMMAND...: microseconds of a fork that COMMAND prints as nanoseconds. What
# each child leaves behind is removed outside the time that is measured.
forks() {
    local preload=$1 nanoseconds
    shift
    nanoseconds=$(RUBY_ALLOC_ALL=1 LD_PRELOAD=$preload "$@") || return
    find "$memory" -name 'ruby_alloc.*' -delete
    echo $((nanoseconds / 1000))
}

# fork_pairs: 41 of them, of "${one[@]}" and "${other[@]}" (PRELOAD COMMAND...), interleaved.
# Sets base, ours and more: the medians of the first, of the second and of their differences.
fork_pairs() {
    rm -f "$work"/fork.*
    for _ in $(seq 41); do
        base=$(forks "${one[@]}")
        ours=$(forks "${other[@]}")
        echo "$base" >>"$work/fork.plain"
        echo "$ours" >>"$work/fork.ours"
        echo $((ours - base)) >>"$work/fork.more"
    done
    base=$(median <"$work/fork.plain") ours=$(median <"$work/fork.ours")
    more=$(median <"$work/fork.more")
}

# fork_row NAME COMMAND...: what the library adds to a fork, held to its limit.
fork_row() {
    local name=$1
    shift
    one=("$plain" "$@") other=("$shim" "$@")
    for _ in 1 2 3; do
        fork_pairs
        [ "$more" -gt 100 ] || break
    done
    row "$name" "$base" "$ours" "$more" 100 ""
}
fork_row "fork to the end of the child: microseconds" "$build/tests/bench/fork" 60
fork_row "fork in Ruby: microseconds" ruby "$here/fork.rb" 60

# The sampler is a thread of the child's own: what such a thread takes without the library.
one=("$plain" "$build/tests/bench/fork" 60) other=("${one[@]}" thread)
fork_pairs
printf '%-46s %14s %14s %10s\n' "jemalloc, with a thread made in the child" "$base" "$ours" "+$more"

# kib PRELOAD: resident memory of an idle Ruby.
kib() {
    LD_PRELOAD=$1 ruby -e 'puts File.read("/proc/self/smaps_rollup")[/^Rss:\s+(\d+)/, 1]'
}
for _ in $(seq 7); do
    kib "$plain" >>"$work/rss.plain"
    kib "$shim" >>"$work/rss.ours"
done
base=$(median <"$work/rss.plain") ours=$(median <"$work/rss.ours")
row "resident memory of an idle Ruby: KiB" "$base" "$ours" "$((ours - base))" 512 ""

echo "$passed within the limits, $over over"
[ "$over" -eq 0 ]
