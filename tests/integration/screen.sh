#!/bin/bash
# Sourced by the tests of ruby_alloc_top's screen: a terminal (tmux) at any size, keys in,
# the screen out. The caller has set -u, and ends with run_tests.
command -v tmux >/dev/null || { echo "no tmux"; exit 77; }

top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR/regions LC_ALL=C.UTF-8
mkdir "$RUBY_ALLOC_DIR"
unset TMUX NO_COLOR
failures=0 started=() windows=0

terminal() { tmux -S "$TEST_DIR/tmux" -f /dev/null "$@"; }

clean_up() {
    terminal kill-server
    for pid in "${started[@]}"; do
        kill -CONT "$pid" && kill -9 "$pid"
    done
} 2>/dev/null
trap clean_up EXIT

screen() { terminal capture-pane -p -t "$window"; }

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
    screen | sed 's/^/  | /'
}

# shellcheck source=tests/integration/poll.sh
. "$(dirname "$0")/poll.sh"

shows() { screen | grep -qE -- "$1"; }
sees() { until_true 20 shows "$1" || fail "$what: never saw $1"; }
lacks() { ! shows "$1" || fail "$what: should not show $1"; }

# start NAME: a counted Ruby that keeps allocating; sets $pid.
start() {
    LD_PRELOAD=$RUBY_ALLOC_BUILD/libruby_alloc.so ruby -e '
        File.write(ARGV[0], "")
        loop { 200.times { +"x" * 100 }; sleep 0.02 }' "$TEST_DIR/$1" >/dev/null 2>&1 &
    pid=$!
    started+=("$pid")
    until_true 30 test -e "$TEST_DIR/$1" || fail "$1 did not start"
}

# open COLUMNS LINES ARGUMENTS: the tool in a terminal of its own; sets $window.
# What the terminal is like afterwards comes after the program's end.
open() {
    local columns=$1 lines=$2
    shift 2
    windows=$((windows + 1)) window="=w$windows:" what="$columns x $lines $*"
    terminal new-session -d -s "w$windows" -x "$columns" -y "$lines" "trap : INT TERM HUP QUIT
        echo before; stty -g >'$TEST_DIR/stty.before'
        $*
        status=\$?; stty -g >'$TEST_DIR/stty.after'; echo end=\$status; exec cat"
    terminal set-option -t "$window" status off
    terminal resize-window -t "$window" -x "$columns" -y "$lines"
}

close() { terminal kill-session -t "$window"; }

# Lines that the screen holds, and the widest of them.
line_count() { screen | wc -l; }
widest() { screen | wc -L; }

ends_with() {
    sees "end=$1"
    sees '^before'
    lacks '^live '
    cmp -s "$TEST_DIR/stty.before" "$TEST_DIR/stty.after" || fail "$what: the terminal was changed"
}

# run_tests: every function test_*, over a Ruby that is counted, $ruby.
run_tests() {
    # The server ends with its last session, and could do so just as the next is asked for.
    terminal new-session -d -s keep 'exec cat'
    start counted
    ruby=$pid
    for test in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
        $test
    done
    [ $failures -eq 0 ]
}

keys() { terminal send-keys -t "$window" "$@"; }

# gone PATTERN: until the screen shows it no more.
is_gone() { ! shows "$1"; }
gone() { until_true 20 is_gone "$1" || fail "$what: still shows $1"; }

# click COLUMN LINE: from 1 on; as a terminal of xterm's kind tells it.
click() { keys -l $'\e'"[<0;$1;${2}M"; keys -l $'\e'"[<0;$1;${2}m"; }
wheel() { keys -l $'\e'"[<65;10;10M"; }
