#!/bin/bash
# Signals, job control and untimely ends of ruby_alloc_top -- COMMAND: the command gets
# each signal once, whoever sends it, and the run's directory goes in any case.
set -u

command -v tmux >/dev/null || { echo "no tmux"; exit 77; }

# shellcheck source=tests/integration/command.sh
. "$(dirname "$0")/command.sh"
heard=$TEST_DIR/heard

# A Ruby that writes down each signal it gets, and ends on a byte (or the end) of its input.
# Alone: in a process group of its own.
cat >"$TEST_DIR/listener.rb" <<'RUBY'
Process.setpgrp if ENV["ALONE"]
log = File.open(ARGV[0], "w")
log.sync = true
%w[HUP INT QUIT TERM USR1 USR2 ALRM WINCH TTIN TTOU TSTP CONT].each { |name| trap(name) { log.syswrite("#{name}\n") } }
log.syswrite("#{$$} #{Process.getpgrp}\n")
$stdin.read(1)
exit 9
RUBY

# listen: the tool with a listener, in a process group of its own; sets $tool, $ruby, $group.
listen() {
    rm -f "$heard" "$TEST_DIR/end"
    mkfifo "$TEST_DIR/end"
    set -m
    "$top" --json -o "$TEST_DIR/report" -- ruby "$TEST_DIR/listener.rb" "$heard" \
        <"$TEST_DIR/end" >"$out" 2>"$err" &
    tool=$!
    set +m
    started+=("$tool")
    exec 8>"$TEST_DIR/end"
    until_true 20 grep -qs ' ' "$heard" || fail "does not start"
    read -r ruby group <"$heard"
    started+=("$ruby")
}

# ends STATUS: after the listener's input has ended.
ends() {
    local status
    exec 8>&-
    wait "$tool"
    status=$?
    [ $status -eq "$1" ] || fail "exit status $status, not $1"
    json "$TEST_DIR/report" "processes('pid') == [[$ruby]]"
    nothing_left
}

heard() { [ "$(tail -n +2 "$heard" | tr '\n' ' ')" = "$1 " ]; }
hears() { until_true 20 heard "$1" || fail "heard $(tail -n +2 "$heard" | tr '\n' ' ')and not $1"; }

test_signals_to_the_tool() {
    local signal all=
    what="signals to the tool alone"
    listen
    [ "$group" -eq "$tool" ] || fail "not in the same process group"
    for signal in HUP INT QUIT TERM USR1 USR2 ALRM WINCH TTIN TTOU TSTP CONT; do
        kill -$signal "$tool"
        all="$all${all:+ }$signal"
        hears "$all"
    done
    ends 9
}

# One that is passed on all the same would be heard before the second of those that follow.
test_signals_to_the_group() {
    local signal
    for signal in HUP INT QUIT TERM; do
        what="$signal to the group"
        listen
        kill -$signal -- "-$group"
        hears "$signal"
        kill -USR1 "$tool"
        hears "$signal USR1"
        kill -USR2 "$tool"
        hears "$signal USR1 USR2"
        ends 9
    done
}

is_stopped() { grep -q '^State:.*stopped' "/proc/$1/status"; }

# The command has its own use for them: the tool stops as the group is told to, and goes on.
test_stops_of_the_group() {
    local signal
    for signal in TSTP TTIN TTOU; do
        what="$signal to the group"
        listen
        kill -$signal -- "-$group"
        hears "$signal"
        until_true 20 is_stopped "$tool" || fail "the tool is not stopped"
        kill -CONT -- "-$group"
        hears "$signal CONT"
        kill -USR1 "$tool"
        hears "$signal CONT USR1"
        ends 9
    done
}

# Out of its reach, as it would be without the tool; and here nothing can merge with what
# would be passed on.
test_command_that_left_the_group() {
    local signal
    for signal in HUP INT QUIT TERM; do
        what="$signal to a group that the command has left"
        ALONE=1 listen
        [ "$group" -eq "$ruby" ] || fail "it has not left"
        kill -$signal -- "-$tool"
        kill -USR1 "$tool"
        hears USR1
        kill -USR2 "$tool"
        hears "USR1 USR2"
        ends 9
    done
}

test_ended_by_a_signal() {
    local status
    for signal in TERM INT HUP; do
        what="ended by $signal"
        listen
        exec 8>&-
        wait "$tool"
        rm -f "$TEST_DIR/up"
        set -m
        "$top" --json -o "$TEST_DIR/report" -- ruby -e 'File.write(ARGV[0], ""); sleep' "$TEST_DIR/up" 2>"$err" &
        tool=$!
        set +m
        until_true 20 test -e "$TEST_DIR/up" || fail "does not start"
        kill -$signal "$tool"
        wait "$tool"
        status=$?
        [ $status -eq $((128 + $(kill -l $signal))) ] || fail "exit status $status"
        json "$TEST_DIR/report" '$reports.size == 1'
        nothing_left
    done
}

is_empty() { [ -z "$(ls -A "$RUBY_ALLOC_DIR")" ]; }
is_gone() { ! [ -e "/proc/$1" ]; }

# What a dead tool leaves goes with the command's normal end, or with --prune.
test_tool_is_killed() {
    what="the tool is killed"
    listen
    kill -9 "$tool"
    wait "$tool" 2>/dev/null
    exec 8>&-
    until_true 20 is_empty || fail "left: $(find "$RUBY_ALLOC_DIR")"

    what="the tool is killed, then --prune"
    listen
    kill -9 "$tool"
    wait "$tool" 2>/dev/null
    "$top" --prune >"$out" || fail "--prune"
    grep -q '^nothing was removed' "$out" || fail "--prune removes the region of the living"
    exec 8>&-
    until_true 20 is_empty || fail "left: $(find "$RUBY_ALLOC_DIR")"

    what="both are killed"
    listen
    "$top" --prune >"$out" || fail "--prune"
    [ "$(find "$RUBY_ALLOC_DIR" -type f | wc -l)" -eq 2 ] || fail "--prune meddles with a run"
    kill -9 "$tool" "$ruby"
    wait "$tool" 2>/dev/null
    until_true 20 is_gone "$ruby"
    "$top" --json "$ruby" >"$out" || fail "can't be read any more"
    json "$out" 'processes("state") == [["exited"]]'
    exec 8>&-
    "$top" --prune >"$out" || fail "--prune"
    grep -q "^removed  pid $ruby " "$out" && is_empty || fail "left: $(find "$RUBY_ALLOC_DIR")"
}

test_outliving_child() {
    local child
    what="a child that outlives the command"
    "$top" --json -o "$TEST_DIR/report" -- ruby -e '
        from, to = IO.pipe
        puts fork { $stdout.close; to.write("x"); sleep 0.01 until File.exist?(ARGV[0]) }
        from.read(1)' "$TEST_DIR/go" >"$out" 2>"$err" </dev/null || fail "exit status $?"
    child=$(cat "$out")
    started+=("$child")
    json "$TEST_DIR/report" "processes('pid', 'state')[1] == [$child, 'running'] && processes('state')[0] == ['exited']"
    expect_one_message
    err_has '1 process outlived the command'
    "$top" --json "$child" >"$out" || fail "is not found any more"
    "$top" --json >"$out" || fail "is not listed any more"
    json "$out" "processes('pid', 'state') == [[$child, 'running']]"
    : >"$TEST_DIR/go"
    until_true 20 is_empty || fail "left: $(find "$RUBY_ALLOC_DIR")"
}

terminal() { tmux -S "$TEST_DIR/tmux" -f /dev/null "$@"; }
screen() { terminal capture-pane -p -J -t shell; }
shows() { screen | grep -qE -- "$1"; }
sees() { until_true 20 shows "$1" || { fail "never saw $1"; screen | grep . | sed 's/^/  | /'; }; }
type() { terminal send-keys -t shell "$@"; }

test_terminal() {
    export -n RUBY_ALLOC_DIR
    # Wider than what is typed: a line just as wide would be joined with the one after it.
    terminal new-session -d -s shell -x 1000 -y 50 \
        "export RUBY_ALLOC_DIR='$RUBY_ALLOC_DIR' PS1='prompt> '; exec bash --norc --noprofile -i"
    export RUBY_ALLOC_DIR
    sees '^prompt>'

    what="^C"
    type "'$top' -o '$TEST_DIR/report' -- ruby '$TEST_DIR/listener.rb' '$heard'; echo status=\$?" Enter
    rm -f "$heard"
    until_true 20 grep -qs ' ' "$heard" || fail "does not start"
    type C-c
    hears INT
    tool=$(awk 'NR == 1 { print $2 }' "$heard")
    kill -USR1 "$tool"
    hears "INT USR1"
    kill -USR2 "$tool"
    hears "INT USR1 USR2"
    type x Enter
    sees '^status=9'

    what="^Z"
    type clear Enter
    type "'$top' -o '$TEST_DIR/report' -- ruby -e 'puts gets.upcase; exit 8'; echo status=\$?" Enter
    until_true 20 eval '! is_empty' || fail "does not start"
    until_true 20 eval 'compgen -G "$RUBY_ALLOC_DIR/*/ruby_alloc.*" >/dev/null' || fail "no region"
    type C-z
    sees 'Stopped'
    type fg Enter
    type hello Enter
    sees '^HELLO'
    sees '^status='
    until_true 20 grep -qs 'exit status 8' "$TEST_DIR/report" || fail "no report"
    nothing_left

    what="the report on the terminal"
    type clear Enter
    type "'$top' -- ruby -e 'puts 1' 2>&1 | head -3; echo end" Enter
    sees '^ended     exit status 0'

    what="--top on a terminal that the command uses"
    type clear Enter
    type "'$top' --top -- ruby -e 1; echo status=\$?" Enter
    sees '^ruby_alloc_top: --top needs the terminal'
    sees '^status=125'

    what="--top"
    type clear Enter
    rm -f "$heard" "$TEST_DIR/end"
    mkfifo "$TEST_DIR/end"
    type "'$top' --top -o '$TEST_DIR/report' -- ruby '$TEST_DIR/listener.rb' '$heard' <'$TEST_DIR/end' >/dev/null; echo status=\$?" Enter
    exec 8>"$TEST_DIR/end"
    sees ' slab_gaps'
    type q
    until_true 20 eval '! shows " slab_gaps"' || fail "q does not end the screen"
    until_true 20 grep -qs ' ' "$heard" || fail "does not start"
    kill -USR1 "$(awk 'NR == 1 { print $1 }' "$heard")"
    hears USR1
    exec 8>&-
    sees '^status=9'
    grep -q 'exit status 9' "$TEST_DIR/report" || fail "no report"
    nothing_left
    terminal kill-server
}

for test in $(declare -F | awk '$3 ~ /^test_/ { print $3 }'); do
    $test
done
[ $failures -eq 0 ]
