#!/bin/bash
# The screen of ruby_alloc_top on a real terminal (tmux), over a real Ruby: at
# several sizes, resized, in a C locale, quit by key and by signal, and with the
# process ending under it.
set -u

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
    terminal new-session -d -s "w$windows" -x "$columns" -y "$lines" "trap : INT TERM HUP
        echo before; stty -g >'$TEST_DIR/stty.before'
        $*
        status=\$?; stty -g >'$TEST_DIR/stty.after'; echo end=\$status; exec cat"
    terminal set-option -t "$window" status off
    terminal resize-window -t "$window" -x "$columns" -y "$lines"
}

close() { terminal kill-session -t "$window"; }

# Lines that the screen holds, and the widest of them.
line_count() { screen | wc -l; }
widest() { screen | awk '{ if (length($0) > w) w = length($0) } END { print w + 0 }'; }

# rows_below HEADING: lines that begin with a number under that table's column heads.
rows_below() {
    screen | awk -v heading="^$1: " '$0 ~ heading { on = 1; next } /^[a-z]+: / { on = 0 }
        on && $1 ~ /^>?[0-9]/ { n++ } END { print n + 0 }'
}

check_chain() {
    local label
    for label in "^pid $ruby " '^live ' '^allocated ' '^active ' '^resident ' '^rss '; do
        sees "$label"
    done
}

ends_with() {
    sees "end=$1"
    sees '^before'
    lacks '^live '
    cmp -s "$TEST_DIR/stty.before" "$TEST_DIR/stty.after" || fail "$what: the terminal was changed"
}

test_80x24() {
    open 80 24 "$top" "$ruby"
    check_chain
    sees '^largest '
    sees '^q quit'
    sees '[0-9]/s '
    [ "$(rows_below sizes)" -ge 2 ] && [ "$(rows_below classes)" -ge 2 ] || fail "$what: too few rows"
    [ "$(line_count)" -eq 24 ] && [ "$(widest)" -le 80 ] || fail "$what: wrong size"
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

test_200x60() {
    open 200 60 "$top" "$ruby"
    check_chain
    sees ' slab_regions$'
    sees '^ruby_version '
    sees '^threads: '
    [ "$(rows_below sizes)" -ge 10 ] && [ "$(rows_below classes)" -ge 10 ] || fail "$what: too few rows"
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

test_small() {
    local size
    open 40 10 "$top" "$ruby"
    check_chain
    sees '^q quit'
    [ "$(widest)" -le 40 ] || fail "$what: wider than the terminal"
    for size in '20 5' '3 2' '1 1' '80 2'; do
        # shellcheck disable=SC2086 # two numbers
        set -- $size
        terminal resize-window -t "$window" -x "$1" -y "$2"
        until_true 10 shows . || fail "$what: blank at $size"
    done
    terminal resize-window -t "$window" -x 80 -y 24
    check_chain
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

test_resize() {
    open 80 24 "$top" -d 600 "$ruby"
    check_chain
    lacks ' slab_regions$'
    terminal resize-window -t "$window" -x 200 -y 60
    sees ' slab_regions$'
    terminal resize-window -t "$window" -x 80 -y 24
    until_true 20 eval '! shows " slab_regions$"' || fail "$what: still wide"
    sees '^q quit'
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

test_refreshes() {
    open 80 24 "$top" -d 0.2 "$ruby"
    sees '^q quit .*T'
    local first
    first=$(screen | tail -1)
    until_true 20 eval '[ "$(screen | tail -1)" != "$first" ]' || fail "$what: no refresh"
    close
}

# A signal ends it like q, at once, also in the midst of a long delay.
test_signals() {
    local signal
    for signal in INT TERM HUP; do
        open 80 24 "$top" -d 600 "$ruby"
        check_chain
        kill -$signal "$(pgrep -P "$(terminal display-message -p -t "$window" '#{pane_pid}')")"
        ends_with 0
        close
    done
    open 80 24 "$top" -d 600 "$ruby"
    check_chain
    terminal send-keys -t "$window" C-c
    ends_with 0
    close
}

# Readable on light and on dark: black and white are the terminal's business.
test_colours() {
    open 80 24 env TERM=screen-256color "$top" "$ruby"
    check_chain
    sees '^largest '
    terminal capture-pane -e -p -t "$window" | grep -q $'\e\\[7mmemory ' || fail "$what: no heading bar"
    terminal capture-pane -e -p -t "$window" | grep -q $'\e\\[36m.*largest' || fail "$what: no colour"
    ! terminal capture-pane -e -p -t "$window" | grep -qE $'\e\\[(30|37|40|47)m' ||
        fail "$what: black or white"
    close
}

test_plain_terminals() {
    open 80 24 env LC_ALL=C NO_COLOR=1 "$top" "$ruby"
    check_chain
    ! terminal capture-pane -e -p -t "$window" | grep -q $'\e\\[[0-9;]*3[1-7]m' || fail "$what: colours"
    ! screen | LC_ALL=C grep -q '[^ -~]' || fail "$what: more than ASCII"
    terminal send-keys -t "$window" q
    ends_with 0
    close

    open 80 24 env TERM=vt100 "$top" "$ruby"
    check_chain
    terminal send-keys -t "$window" q
    sees 'end=0'
    close

    # Without a cursor to place there is no screen: the report as text.
    open 80 100 env TERM=dumb "$top" "$ruby"
    sees '^jemalloc_conf'
    sees 'end=0'
    close
    open 80 100 env TERM=no-such-terminal "$top" "$ruby"
    sees 'end=0'
    close
}

test_failure_is_said_on_the_plain_terminal() {
    open 80 24 "$top" 4194305
    sees '^ruby_alloc_top: '
    sees 'end=1'
    close
}

test_process_ends() {
    local how
    for how in TERM KILL; do
        start "ending$how"
        open 80 24 "$top" -d 0.2 "$pid"
        sees "^pid $pid "
        sees '^live '
        kill -$how "$pid"
        wait "$pid" 2>/dev/null
        sees '^q quit  ENDED'
        sees '^live '
        terminal resize-window -t "$window" -x 100 -y 30
        sees '^q quit  ENDED'
        terminal send-keys -t "$window" q
        ends_with 0
        close
    done
}

test_stopped_process() {
    start stopped
    kill -STOP "$pid"
    open 80 24 "$top" -d 0.2 "$pid"
    sees "^pid $pid "
    sees '^q quit  process [0-9]+ '
    kill -CONT "$pid"
    sees '^q quit .* every '
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

test_list_on_terminal() {
    open 80 24 "$top"
    sees '^ +PID +USER '
    sees "^ +$ruby "
    sees 'end=0'
    close
}

# The server ends with its last session, and could do so just as the next is asked for.
terminal new-session -d -s keep 'exec cat'
start counted
ruby=$pid
for test in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
    $test
done

[ $failures -eq 0 ]
