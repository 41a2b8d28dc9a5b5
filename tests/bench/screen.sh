#!/bin/bash
# What the screen costs: its list over 100 processes, all idle and all busy, refreshed each
# second, with the limits of the design. Exits with 1 when one is passed.
#
# Time is the kernel's count of nanoseconds on a processor, over SECONDS_MEASURED after the
# screen has opened; memory the most that was resident.
set -euo pipefail

build=$(cd "${BUILD:-build}" && pwd)
processes=100 rubies=10 seconds=${SECONDS_MEASURED:-30}
work=$(mktemp -d)
memory=$(mktemp -d -p /dev/shm 2>/dev/null) || memory=$work
unset TMUX LD_PRELOAD "${!RUBY_ALLOC@}"
export RUBY_ALLOC_DIR=$memory LC_ALL=C.UTF-8
started=()

terminal() { tmux -S "$work/tmux" -f /dev/null "$@"; }

clean_up() {
    stop
    rm -rf "$work" "$memory"
}
trap clean_up EXIT

# shellcheck source=tests/integration/poll.sh
. "$(dirname "$0")/../integration/poll.sh"

regions() { [ "$(find "$memory" -name 'ruby_alloc.*' | wc -l)" -ge "$processes" ]; }
shows() { terminal capture-pane -p -t screen | grep -q "$1"; }

idle() {
    if [ "$1" -le "$rubies" ]; then
        LD_PRELOAD=$build/libruby_alloc.so exec ruby -e sleep
    else
        RUBY_ALLOC_ALL=1 LD_PRELOAD=$build/libruby_alloc.so exec sleep 3600
    fi
}
busy() {
    LD_PRELOAD=$build/libruby_alloc.so exec ruby --disable-gems \
        -e 'loop { 20.times { "x" * 100 }; sleep 0.7 }'
}

stop() {
    terminal kill-server || true
    kill -9 "${started[@]}" || true
    wait || true
    started=()
    rm -f "$memory"/*
} 2>/dev/null

# measure KIND: 100 processes of it, the screen over them, and what it took.
measure() {
    local kind=$1 i pid before after kib

    for i in $(seq $processes); do
        $kind "$i" &
        started+=($!)
    done
    until_true 120 regions
    terminal new-session -d -s screen -x 200 -y 60 "exec $build/ruby_alloc_top"
    until_true 60 shows "^$processes running"
    pid=$(terminal display-message -p -t screen '#{pane_pid}')

    sleep 5 # its first looks, at all of them, are not what it costs for hours
    before=$(cut -d' ' -f1 "/proc/$pid/schedstat")
    sleep "$seconds"
    after=$(cut -d' ' -f1 "/proc/$pid/schedstat")
    shows "^$processes running" || { echo "the screen does not show $processes processes" >&2; exit 1; }
    kib=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    stop
    awk -v ns=$((after - before)) -v s="$seconds" -v kib="$kib" -v n=$processes -v kind="$kind" '
    function row(what, value, limit, ok) {
        printf "%-46s %14s %14s %10s %10s  %s\n", "screen, " n " " kind ": " what, "", "", value, limit,
               ok ? "ok" : "OVER"
    }
    BEGIN {
        core = ns / s / 1e7
        row("share of a core, 1 Hz", sprintf("%.2f%%", core), "1%", core < 1)
        row("resident KiB", kib, 20480, kib < 20480)
        exit !(core < 1 && kib < 20480)
    }' || over=1
}

over=0
measure idle
measure busy
exit $over
