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
}

test_purge() {
    open 120 30 "$top" -d 0.2 "$ruby"
    sees '^alloc/s'
    keys P
    sees 'unused pages back now\? y/n'
    keys n
    sees 'nothing was purged'
    keys P y
    sees "purged process $ruby: RSS was [0-9.]+MiB, is [0-9.]+MiB"
    close
}

test_save() {
    local path
    mkdir -p "$TEST_DIR/saved"
    open 200 30 env -C "$TEST_DIR/saved" "$top" -d 0.2 "$ruby"
    sees '^alloc/s'
    keys s
    sees "saved $TEST_DIR/saved/ruby_alloc\\.$ruby\\.[0-9T]+\\.json"
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

# click COLUMN LINE: from 1 on; as a terminal of xterm's kind tells it.
click() { keys -l $'\e'"[<0;$1;${2}M"; keys -l $'\e'"[<0;$1;${2}m"; }
wheel() { keys -l $'\e'"[<65;10;10M"; }

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

test_help() {
    open 80 24 "$top" -d 600 "$ruby"
    sees '^alloc/s'
    keys F1
    sees '^ +q +back to the list'
    keys End
    sees 'recording: go to'
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

run_tests
