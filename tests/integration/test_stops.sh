#!/bin/bash
# Signals between any two stores of what changes a thread's slot: at a fork, when a thread
# takes a slot and when it hands it on. A debugger stops there, once at each store, and sends a
# signal whose handler allocates, or forks and returns in both processes (victim_stops.c).
# Nothing may crash, hang, or be counted twice or not at all, and no slot be lost.
set -u
build=$RUBY_ALLOC_BUILD here=$(dirname "$0") status=0
export RUBY_ALLOC_DIR=$TEST_DIR/regions STOPS_LIBRARY=$build/libruby_alloc.so
mkdir -p "$RUBY_ALLOC_DIR"

# What the handler does, with whom to go at a fork, the fewest stops that make sense, functions.
walk() {
    local handler=$1 who=$2 fewest=$3 chain=0 output stops
    shift 3
    [ "$who" = once ] || chain=1
    output=$(STOPS_CHAIN=$chain STOPS_FUNCTIONS="$*" timeout -k 5 ${STOPS_SECONDS:-120} gdb -batch -nx \
        -x "$here/stops.py" --args "$build/tests/integration/victim_stops" "$handler" "$who" 2>&1)
    stops=$(awk '/^stores / { exit } NF == 2 && $2 ~ /^[0-9]+$/ { sum += $2 } END { print sum + 0 }' <<<"$output")
    if ! grep -q '^ended 0$' <<<"$output" || [ "$stops" -lt "$fewest" ]; then
        echo "FAILED: a handler that does '$handler', stops in $*: $stops stops, at least $fewest expected"
        sed 's/^/    /' <<<"$output" | tail -40
        status=1
    fi
}

taking="ra_slots_attach attach take count_in ra_flush_enter ra_flush_raise_limit"
handing_on="hand_on ra_flush_leave"
at_fork="prepare parent lock unlock park take_back settle count_parked sum_all ra_slots_lock ra_slots_unlock"
in_child="child go_on ra_slots_reset clear count_in ra_flush_reset ra_flush_enter ra_late_begin
    ra_region_publish_child publish ra_flush_raise_limit"
counting="malloc free ra_count_alloc ra_count_free ra_slow_malloc ra_slow_free ra_flush_if_asked"

for handler in allocate fork; do
    walk $handler once 10 $taking
    walk $handler once 5 $handing_on
    walk $handler once 10 $at_fork
    walk $handler once 10 $counting
    walk $handler chain 10 $in_child
done
rm -f "$RUBY_ALLOC_DIR"/ruby_alloc.*
exit $status
