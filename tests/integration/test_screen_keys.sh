#!/bin/bash
# The screen of one process: tabs, their numbers, sorting and filter, growth, purge, saving,
# the mouse, help. And the same screen over a recording.
set -u

# shellcheck source=tests/integration/screen.sh
. "$(dirname "$0")/screen.sh"

# cell PATTERN NUMBER: that word of the line.
cell() { screen | awk -v p="$1" -v n="$2" '$0 ~ p { print $n; exit }'; }

test_tabs() {
    local size
    for size in '80 24' '200 60' '40 10'; do
        # shellcheck disable=SC2086 # two numbers
        open $size env NO_COLOR=1 "$top" -d 0.2 "$ruby"
        check_tabs
        close
    done
    size='80 24'
    open 80 24 env NO_COLOR=1 LC_ALL=C "$top" -d 0.2 "$ruby"
    check_tabs
    close
}

check_tabs() {
    local i=0 name
    for name in overview sizes classes threads arenas calls configuration; do
        i=$((i + 1))
        keys $i
        sees "$i $name"
        sees "^pid $ruby "
        [ "$(widest)" -le "${size% *}" ] || fail "$what: $name is too wide"
        [ "$(line_count)" -eq "${size#* }" ] || fail "$what: $name is not as high as the terminal"
    done
    keys Tab
    sees '^rss '
    keys BTab
    sees '^ruby_version '
    keys 3
    sees ' size +live_objects'
    keys 6
    sees ' (calls +)?malloc +[0-9]'
}

# What a tab shows is what JSON says: of a process that stands still.
test_numbers() {
    local json
    kill -STOP "$ruby"
    json=$("$top" --json "$ruby" 2>/dev/null)
    open 200 60 "$top" --bytes "$ruby"
    keys 6
    sees ' malloc '
    [ "$(cell ' malloc ' 3)" = "$(ruby -rjson -e 'puts JSON.parse(ARGV[0])["calls"]["malloc"]' "$json")" ] ||
        fail "$what: calls.malloc is not as in JSON"
    keys 3
    sees ' live_bytes'
    ruby -rjson -e '
        rows = JSON.parse(ARGV[0])["classes"].sort_by { |row| -row["live_bytes"] }
        shown = STDIN.each_line.grep(/^ +\d+ +\d+ +\d+ /).first(20).map { |l| l.split.first(3) }
        wanted = rows.first(20).map { |r| [r["size"], r["live_objects"], r["live_bytes"]].map(&:to_s) }
        exit shown == wanted' "$json" < <(screen) || fail "$what: classes are not as in JSON"
    kill -CONT "$ruby"
    close
}

test_sort_and_filter() {
    open 120 30 "$top" -d 600 "$ruby"
    keys 3
    sees ' live_bytes'
    keys '<' '<' # to size
    sees '^ +[0-9.]+MiB|^ +[0-9]+KiB'
    keys I
    until_true 20 eval '[ "$(screen | sed -n 4p | awk "{ print \$1 }")" = 8 ]' || fail "$what: not the least first"
    keys / 112 Enter
    until_true 20 eval '[ "$(screen | grep -cE "^ +[0-9]")" -lt 5 ]' || fail "$what: no filter"
    sees '^ +112 '
    keys Escape
    sees '^ +8 '
    close
}

test_growth() {
    open 120 30 "$top" -d 0.2 "$ruby"
    keys 6 Space
    sees 'growth is counted'
    until_true 20 shows ' malloc +\+[1-9]' || fail "$what: no growth"
    keys m
    gone 'since Space'
    keys m
    sees ' malloc +\+[0-9.]+M?/s'
    keys 1
    sees '^rates +growth/s +lost/s +lost to'
    sees '^live +[-+]?[0-9.]+[KM]?i?B +[-+]?[0-9.]+[KM]?i?B r '
    keys m
    sees '^since +growth '
    close
}

test_freeze_and_speed() {
    open 80 24 "$top" -d 0.2 "$ruby"
    sees '^alloc/s'
    keys p
    sees 'FROZEN'
    local first
    first=$(screen)
    keys p
    until_true 20 eval '[ "$(screen | head -22)" != "$(head -22 <<<"$first")" ]' || fail "$what: still frozen"
    keys -
    sees 'every 0.4s'
    keys + +
    sees 'every 0.1s'
    close

    # Never slower than --delay, or than a minute.
    open 80 24 "$top" -d 100 "$ruby"
    sees '^alloc/s'
    keys -l -- '--------------------------------------------------------------'
    sees 'every 100s'
    close
}

test_purge() {
    open 120 30 "$top" -d 0.2 "$ruby"
    sees '^alloc/s'
    keys P
    sees "^purge $ruby ruby [(]y/n[)]\?$"
    keys n
    sees 'nothing was purged'
    keys P y
    sees "^purged process $ruby: RSS was [0-9.]+MiB, is [0-9.]+MiB"
    close

    # One that is stopped keeps nothing waiting, and is told of in full, with the keys below.
    start unmoved
    kill -STOP "$pid"
    open 40 24 "$top" -d 600 "$pid"
    sees "^pid $pid "
    keys P y
    sees "^purging $pid\.\.\.\$"
    keys 2
    sees ' class '
    shows "^purging $pid" || fail "$what: keys had to wait"
    sees "^process $pid did not answer in time"
    sees 'kill -CONT lets it go on'
    sees '^q quit .* every 600s'
    # Nor does the end of the screen wait.
    keys P y
    sees '^purging'
    keys q
    sees 'end=0'
    close

    open 80 24 "$top"
    sees "^ +$ruby "
    keys / 'nothing like it' Enter
    sees 'no process matches'
    keys P
    sees '^no process here$'
    close
}

test_purge_of_a_cluster() {
    # shellcheck disable=SC2016 # Ruby
    LD_PRELOAD=$RUBY_ALLOC_BUILD/libruby_alloc.so ruby -e '
        3.times { |i| fork { File.write("#{ARGV[0]}.#{i}", $$); sleep } }
        sleep' "$TEST_DIR/family" >/dev/null 2>&1 &
    started+=($!)
    local first=$! i
    for i in 0 1 2; do
        until_true 30 test -s "$TEST_DIR/family.$i" || fail "no cluster"
        started+=("$(cat "$TEST_DIR/family.$i")")
    done
    kill -KILL "$(cat "$TEST_DIR/family.2")"
    open 40 12 "$top" -d 0.2 -p "$first,$(cat "$TEST_DIR/family.0"),$(cat "$TEST_DIR/family.1")"
    sees "^ +$first "
    keys t
    sees "^ +$first [+] .*sum of 3"
    keys Home P
    sees "^purge all 3 of cluster $first [(]y/n[)]\?"
    keys y
    sees '^purged 3 processes: [0-9.]+([KM]i)?B (less|more) RSS'
    kill -STOP "$(cat "$TEST_DIR/family.0")"
    keys P y
    sees '^purged 2 of 3 processes: '
    close
}

test_save() {
    local path
    mkdir -p "$TEST_DIR/saved"
    open 200 30 env -C "$TEST_DIR/saved" "$top" -d 0.2 "$ruby"
    sees '^alloc/s'
    keys s
    sees "saved $TEST_DIR/saved/ruby_alloc\\.$ruby\\.[0-9T]+\\.json"
    path=$(echo "$TEST_DIR"/saved/*.json)
    terminal resize-window -t "$window" -x 40 -y 12 # where it takes more than a line
    until_true 20 eval '[ "$(screen | tail -4 | head -3 | tr -d "\n" | grep -o "saved .*")" = "saved $path" ]' ||
        fail "$what: the path is cut"
    keys q
    sees 'end=0'
    close
    path=$(echo "$TEST_DIR"/saved/*.json)
    ruby -rjson -e 'r = JSON.parse(File.read(ARGV[0]))
        exit r["schema"] == "ruby_alloc.report/1" && r["process"]["pid"] == ARGV[1].to_i &&
             File.readlines(ARGV[0]).size == 1' "$path" "$ruby" || fail "$what: no report saved"
    cp "$path" "$TEST_DIR/other"
    "$top" --compare "$path" "$TEST_DIR/other" >/dev/null || fail "$what: --compare does not read it"
    open 80 24 "$top" --replay "$path"
    sees 'PAUSED 1/1'
    sees "^ +$ruby "
    close
}

test_mouse() {
    local at
    open 80 24 env TERM=xterm-256color "$top" -d 0.2 "$ruby"
    sees '3 classes'
    at=$(screen | sed -n 2p | grep -bo '3 classes' | cut -d: -f1)
    click $((at + 2)) 2
    sees ' live_objects'
    click 4 3 # the head of the first column: the largest first
    sees '^ +[0-9.]+[KM]iB +[0-9]'
    at=$(cell '^ +[0-9]' 1)
    wheel
    wheel
    keys '?'
    sees 'keys \(arrows'
    keys x
    click 2 24 # q, in the footer
    ends_with 0
    close
}

test_sort_menu() {
    local at
    open 80 24 env TERM=xterm-256color "$top" -d 600 "$ruby"
    sees '^rss '
    keys F6
    sees '^there is nothing to sort here'
    lacks ' F6 sort '
    keys 3 F6
    sees '^ Sort by '
    sees '^ +\* live_bytes'
    keys PPage Enter
    gone '^ Sort by'
    sees '^ +[0-9]+[KM]iB '
    keys F6
    sees '^ +\* size'
    keys Down Down Escape
    gone '^ Sort by'
    keys F6
    sees '^ +\* size'
    at=$(screen | grep -n '^   live_objects' | cut -d: -f1)
    click 5 "$at"
    gone '^ Sort by'
    keys F6
    sees '^ +\* live_objects'
    keys q
    gone '^ Sort by'
    keys 7
    sees '^ruby_version '
    lacks ' F6 sort '
    close

    # Keys that come at once.
    open 80 24 "$top" -d 600 "$ruby"
    sees '^rss '
    keys 3 F6 End Up Enter F6
    sees '^ Sort by '
    sees '^ +\* free_rate'
    close
}

test_keys_without_a_use() {
    open 80 24 "$top" -d 600 "$ruby"
    sees '^rss '
    keys X
    sees '^no such key here: [?] helps'
    sees '^q quit '
    keys 2
    gone 'no such key'
    keys t # one of the list's
    sees '^no such key here: [?] helps'
    close
}

heads() { screen | sed -n 3p; }
heads_differ() { [ "$(heads)" != "$before" ]; }

# Of a table that is wider than the screen each column can be come by, and the first stays.
test_sideways() {
    local title before seen="$TEST_DIR/heads"
    open 40 10 env NO_COLOR=1 "$top" -d 600 "$ruby"
    keys 3
    sees '^ +size +live_objects'
    heads >"$seen"
    until shows '^ +size +free_rate +slab_regions$'; do
        before=$(heads)
        keys ')'
        until_true 20 heads_differ || {
            fail "$what: no other columns after $before"
            break
        }
        heads >>"$seen"
    done
    ! grep -qv '^ *size ' "$seen" || fail "$what: the first column does not stay"
    for title in live_objects live_bytes utilization gap_bytes slabs allocations frees allocation_rate free_rate; do
        grep -qw "$title" "$seen" || fail "$what: no $title on the way"
    done
    keys '(' '(' '(' '(' '(' '(' '(' '(' '(' '('
    sees '^ +size +live_objects'
    keys ')' ')'
    sees '^ +112 +\[[|]* *[0-9.]+%\]'
    keys 6 ')'
    sees '^ malloc +malloc calls'
    keys 7
    sees '^ +narenas +'
    keys ')' ')' ')' ')' ')' ')' ')' ')' ')'
    sees ': never$'
    keys '?'
    gone ': never$'
    keys ')' ')'
    sees ' from there quit$'
    close
}

test_help() {
    open 80 24 "$top" -d 600 "$ruby"
    sees '^alloc/s'
    keys F1
    sees '^ +q +back to the list'
    keys End
    sees 'recording: go to'
    sees '^ +S: E ended: '
    keys x
    sees '^alloc/s'
    close
}

test_replay() {
    local i
    for i in 1 2 3; do "$top" --json "$ruby"; done >"$TEST_DIR/recording" 2>/dev/null
    open 120 30 "$top" --replay "$TEST_DIR/recording"
    sees 'PAUSED 1/3'
    sees "^ +$ruby "
    keys Right
    sees 'PAUSED 2/3'
    keys Right Right
    sees 'PAUSED 3/3'
    keys Left
    sees 'PAUSED 2/3'
    keys g
    sees 'PAUSED 1/3'
    keys G
    sees 'PAUSED 3/3'
    keys : 2 Enter
    sees 'PAUSED 2/3'
    keys : 24:00 Enter
    sees "'24:00' is neither a number nor a time"
    sees 'PAUSED 2/3'
    terminal resize-window -t "$window" -x 40 -y 10
    sees '^q quit  [?] help +PAUSED 2/3  [0-9:]{8}Z$'
    terminal resize-window -t "$window" -x 120 -y 30
    sees ' PAUSED 2/3  20[-0-9]*T[0-9:.]*Z$'
    keys Enter
    sees "^pid $ruby "
    keys 6
    # Of the second line of the file, not of another.
    wanted=$(ruby -rjson -e 'puts JSON.parse(File.readlines(ARGV[0])[1])["calls"]["malloc"]' "$TEST_DIR/recording")
    keys b
    sees " malloc +$wanted "
    keys g + + + p
    sees 'the end of the recording'
    keys x
    sees 'PAUSED 3/3'
    keys q q
    ends_with 0
    close
}

test_replay_of_damage() {
    "$top" --json "$ruby" >"$TEST_DIR/damaged"
    head -c 300 "$TEST_DIR/damaged" >"$TEST_DIR/cut"
    cat "$TEST_DIR/cut" >>"$TEST_DIR/damaged"
    open 120 30 "$top" --replay "$TEST_DIR/damaged"
    sees 'line 2 is damaged: it is cut off'
    keys Right
    sees 'PAUSED 1/1'
    close
    open 120 30 "$top" --replay "$TEST_DIR/cut"
    sees '^ruby_alloc_top: '
    sees 'end=5'
    close
    "$top" --replay "$TEST_DIR/damaged" </dev/null >/dev/null 2>"$TEST_DIR/err"
    [ $? -eq 1 ] && grep -q '^ruby_alloc_top: --replay needs a terminal' "$TEST_DIR/err" || fail "replay in a pipe"
}

# What the terminal is like: cursor shown, mouse reported, alternate screen.
modes() {
    terminal display-message -p -t "$window" '#{cursor_flag} #{mouse_any_flag} #{alternate_on}'
}

# leaves STATUS: the program ended with it, and the terminal is as it found it.
leaves() {
    sees "end=$1$"
    sees '^before'
    lacks '^rss '
    [ "$(modes)" = '1 0 0' ] || fail "$what: cursor, mouse, alternate screen: $(modes)"
    cmp -s "$TEST_DIR/stty.before" "$TEST_DIR/stty.after" || fail "$what: the terminal was changed"
}

# The tool that runs in the window.
tool() { pgrep -P "$(terminal display-message -p -t "$window" '#{pane_pid}')"; }

# Every signal that would end it (PIPE is ignored), and can be caught, ends it with the terminal restored.
test_deadly_signals() {
    local signal
    for signal in QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 ALRM STKFLT XCPU XFSZ VTALRM PROF \
        IO PWR SYS RTMIN RTMAX; do
        open 80 24 env TERM=xterm-256color "$top" -d 600 "$ruby"
        what="$what: SIG$signal"
        sees '^rss '
        [ "$(modes)" = '0 1 1' ] || fail "$what: is no screen: $(modes)"
        kill -s $signal "$(tool)"
        leaves $((128 + $(kill -l $signal)))
        close
    done
    open 80 24 env TERM=xterm-256color "$top" -d 600 "$ruby"
    sees '^rss '
    keys -H 1c # ^\
    leaves 131
    close
}

# Stopped and woken from outside, unasked, the screen comes back as it was.
test_stopped_from_outside() {
    open 80 24 env TERM=xterm-256color "$top" -d 600 "$ruby"
    sees '^rss '
    kill -STOP "$(tool)"
    until_true 20 eval 'ps -o state= -p "$(tool)" | grep -q T' || fail "$what: not stopped"
    terminal send-keys -R -t "$window" # a blank terminal
    stty -F "$(terminal display-message -p -t "$window" '#{pane_tty}')" sane
    terminal clear-history -t "$window"
    kill -CONT "$(tool)"
    sees '^rss '
    until_true 20 eval '[ "$(modes)" = "0 1 1" ]' || fail "$what: cursor, mouse, alternate screen: $(modes)"
    keys 2
    sees ' class '
    keys q
    leaves 0
    close
}

# Under a shell with job control: whatever way a stopped one is ended or woken, the shell's terminal is its own.
test_job_control() {
    local stop
    for stop in TSTP STOP; do
        open 80 24 env TERM=xterm-256color PS1="'ready> '" bash --norc --noprofile -i
        what="$what: $stop"
        sees '^ready>'
        keys " '$top' -d 600 $ruby" Enter
        sees '^rss '
        shell_job=$(pgrep -P "$(tool)")
        kill -$stop "$shell_job"
        until_true 20 eval 'ps -o state= -p $shell_job | grep -q T' || fail "$what: not stopped"
        sees '^ready>'
        kill -STOP "$shell_job"
        keys ' bg' Enter
        sees ' &$'
        until_true 20 eval 'ps -o state= -p $shell_job | grep -q T' || fail "$what: not stopped again"
        keys ' fg' Enter
        sees '^rss '
        until_true 20 eval '[ "$(modes)" = "0 1 1" ]' || fail "$what: woken: $(modes)"
        kill -$stop "$shell_job"
        until_true 20 eval 'ps -o state= -p $shell_job | grep -q T' || fail "$what: not stopped anew"
        keys ' kill %%' Enter
        until_true 20 eval '! ps -o state= -p $shell_job | grep -q "[^Z]"' || fail "$what: still there"
        until_true 20 eval '[ "$(modes)" = "1 0 0" ]' || fail "$what: ended: $(modes)"
        keys ' echo still$((1 + 1))here' Enter
        sees 'still2here'
        close
    done
}

run_tests
