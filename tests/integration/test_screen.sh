#!/bin/bash
# The screen of ruby_alloc_top on a real terminal (tmux), over a real Ruby: at
# several sizes, resized, in a C locale, quit by key and by signal, and with the
# process ending under it.
set -u

# shellcheck source=tests/integration/screen.sh
. "$(dirname "$0")/screen.sh"

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

test_80x24() {
    open 80 24 "$top" "$ruby"
    check_chain
    sees '^largest '
    sees '^advice '
    sees '^q quit'
    sees '[0-9]/s '
    sees '^alloc/s '
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
    # Not ends_with: of the lines behind the screen one column leaves tmux no whole one.
    sees 'end=0$'
    cmp -s "$TEST_DIR/stty.before" "$TEST_DIR/stty.after" || fail "$what: the terminal was changed"
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
    sees 'Z$'
    local first
    first=$(screen | head -1)
    until_true 20 eval '[ "$(screen | head -1)" != "$first" ]' || fail "$what: no refresh"
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

    # Such as have no other screen to go back to: what comes next has a line of its own.
    local name
    for name in vt100 linux; do
        open 80 24 env TERM=$name "$top" -d 600 "$ruby"
        check_chain
        terminal send-keys -t "$window" q
        sees '^end=0$'
        close
    done
    open 80 24 env TERM=linux bash --norc --noprofile -i
    sees '[$#]$'
    keys " '$top' -d 600 $ruby" Enter
    check_chain
    keys C-z
    sees '^\[1\].* Stopped .* -d 600 [0-9]+$'
    lacks '^q quit '
    keys fg Enter
    sees '^q quit '
    gone 'Stopped'
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
        sees '^q quit .* ENDED$'
        sees '^live '
        terminal resize-window -t "$window" -x 100 -y 30
        sees '^q quit .* ENDED$'
        terminal send-keys -t "$window" q
        ends_with 0
        close
    done
}

# Of a process that was killed nobody can ask the kernel any more: what it last said stays.
test_killed_process_keeps_its_numbers() {
    local label
    start killed
    open 80 24 "$top" -d 0.2 "$pid"
    sees '^alloc/s +[1-9]'
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    sees '^ENDED +rss, other, files are of the last look, 20'
    for label in rss live; do
        sees "^$label +[0-9.]+[KMG]iB "
    done
    sees ' [0-9.]+[KMG]iB f +[0-9]'
    sees '^alloc/s +0/s '
    close
}

# Two looks within moments would make a first rate of nothing.
test_first_rate() {
    open 80 24 "$top" -d 0.2 "$ruby"
    sees '^alloc/s +[1-9].*/s to '
    lacks '^alloc/s .* 0/s to '
    close
}

# The largest loss is seen at once, what RSS is made of, and whole numbers alone.
test_low_overview() {
    open 40 10 "$top" "$ruby"
    sees '^ +# '
    sees '^largest +[a-z_]+: ~?[0-9.]+[KMG]?i?B'
    close
    open 80 8 "$top" "$ruby"
    sees '^ +# '
    sees '^largest '
    close
    open 24 9 "$top" "$ruby"
    sees '^active +[0-9.]+[KMG]iB$'
    close
}

# On a low and narrow screen all can be come by: in its order downwards, and whole sideways.
test_small_overview_is_whole() {
    local line seen="$TEST_DIR/seen"
    open 40 10 "$top" -d 600 "$ruby"
    check_chain
    : >"$seen"
    for _ in $(seq 40); do
        screen | sed -n 3,9p >>"$seen"
        keys Down
    done
    keys End
    sees '^ +mapped '
    screen | sed -n 3,9p >>"$seen"
    for line in '^memory ' '^requested ' '^live ' '^allocated ' '^ .* s ' '^active ' '^resident ' '^ .* m  ' '^rss .* o ' \
        '^ .* f ' '^largest ' '^ratio ' '^rss .*MiB  ' '^alloc/s ' '^pid ' '^command ' '^ruby_version ' '^advice ' '^also '; do
        grep -qE "$line" "$seen" || fail "$what: no $line on the way down"
    done
    keys Home Down Down Down Down Down Down Down # behind the short form: all of it
    sees '^memory '
    screen | sed -n 3,9p | awk '/^[a-z]/ { print $1 }' | tr '\n' ' ' |
        grep -q '^memory requested live allocated active resident ' || fail "$what: the chain is out of order"
    keys ')' ')' ')' ')' ')' ')'
    sees 'sizes rounded up to classes$'
    keys '(' '(' '(' '(' '(' '(' End ')' ')'
    sees 'muzzy [0-9.]+[KMi]*B$'
    keys '(' '(' Home
    sees '^largest '
    # Of a number that begins left of the edge nothing is left.
    keys ')' ')'
    sees '^ +~?[0-9.]+[KMi]+B r '
    keys ')'
    sees '^ +r '
    close
}

# grows: the tab of classes, with more objects made of the class that the Ruby allocates.
grows() { sees '^ +112 .* [+][0-9.]+[kMG]?$'; }

# A baseline set in the list is that of the process, until the next one.
test_baseline_goes_with_the_process() {
    local later
    open 80 60 "$top" -d 0.2
    sees "^ +$ruby "
    keys / "$ruby" Enter m
    sees 'Space says from when on'
    keys Space
    sees 'since Space'
    keys Enter 3
    grows
    keys 1
    sees '^since +growth +lost '
    sees '^live +[-+0]'
    keys q
    sees "^ +$ruby "
    keys Enter 3
    grows
    lacks 'no growth'
    close

    open 80 24 "$top" -d 0.2
    sees "^ +$ruby "
    keys Space
    sees 'since Space'
    start later
    later=$pid
    sees "^ +$later "
    keys / "$later" Enter
    gone "^ +$ruby "
    keys Enter
    sees '^no growth: it was not there yet at Space'
    keys Space
    gone '^no growth'
    sees '^since +growth '
    kill "$later"
    close
}

test_baseline_of_a_recording() {
    start other
    local other=$pid reader
    "$top" --batch --json -d 0.1 -n 5 "$other" >"$TEST_DIR/other.jsonl" &
    reader=$!
    "$top" --batch --json -d 0.1 -n 5 "$ruby" >"$TEST_DIR/ruby.jsonl"
    wait "$reader"
    kill "$other"
    wait "$other" 2>/dev/null
    paste -d '\n' "$TEST_DIR/ruby.jsonl" "$TEST_DIR/other.jsonl" >"$TEST_DIR/two.jsonl"
    open 80 60 "$top" --replay "$TEST_DIR/two.jsonl"
    sees 'PAUSED +1/'
    keys : 3 Enter
    sees ' 3/'
    keys Space G
    gone ' 3/'
    keys Enter 3
    grows
    keys q G Enter
    grows
    close
}

test_filter_of_lines() {
    open 80 24 "$top" "$ruby"
    keys 7
    sees '^ +dirty_decay_ms '
    keys / narenas Enter
    sees '^ +narenas '
    gone dirty_decay_ms
    sees '^ +key '
    keys / -like-it Enter
    sees 'nothing matches the filter'
    keys Escape
    sees '^ +dirty_decay_ms '
    close
}

test_stopped_process() {
    start stopped
    kill -STOP "$pid"
    open 80 24 "$top" -d 0.2 "$pid"
    sees "^pid $pid "
    sees '^process [0-9]+ did not answer in time [(]it is stopped: kill -CONT lets it go on[)]'
    sees '^q quit .* every '
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
    terminal send-keys -t "$window" q
    ends_with 0
    close
}

# Stopped by ^Z the terminal is the shell's; woken, the screen's again.
test_suspends() {
    open 80 24 bash --norc --noprofile -i
    sees '[$#]$'
    terminal send-keys -t "$window" " '$top' -d 600 $ruby" Enter
    check_chain
    terminal send-keys -t "$window" C-z
    sees 'Stopped'
    lacks '^live '
    terminal send-keys -t "$window" 'fg' Enter
    check_chain
    terminal send-keys -t "$window" q
    until_true 20 eval '! shows "^live "' || fail "$what: still there"
    close
}

# A crash leaves the terminal as it was.
test_crash() {
    local signal
    for signal in SEGV ABRT; do
        open 80 24 "$top" -d 600 "$ruby"
        check_chain
        kill -$signal "$(pgrep -P "$(terminal display-message -p -t "$window" '#{pane_pid}')")"
        sees 'end=1(34|39)'
        sees '^before'
        lacks '^live '
        cmp -s "$TEST_DIR/stty.before" "$TEST_DIR/stty.after" || fail "$what: the terminal was changed"
        close
    done
}

run_tests
