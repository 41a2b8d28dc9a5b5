#!/bin/bash
# What is typed at the screen: answers, keys that mean something else in a menu or a prompt,
# and keys whose characters the terminal's description lacks.
set -u

# shellcheck source=tests/integration/screen.sh
. "$(dirname "$0")/screen.sh"

# What the terminal's description lacks is one key without a use, not Esc and some others.
test_unknown_keys() {
    open 80 24 env TERM=screen-256color "$top" -d 600
    sees "^ +$ruby "
    keys / counted Enter
    sees 'filter counted'
    keys Enter
    sees '^rss '
    keys -l $'\e[1;5C'
    sees '^no such key here'
    sees '^rss '
    keys 7
    sees '^ruby_version '
    keys -l $'\e[17;2~'
    sees '^no such key here'
    lacks '^rss '
    keys /
    keys -l $'\e[1;6D'
    keys -l narenas
    sees '^filter: narenas'
    gone dirty_decay_ms
    keys -l $'\eOw'
    sees '^filter: narenas'
    keys Enter Escape
    sees dirty_decay_ms
    keys Escape
    sees "^ +$ruby "
    close
}

# sends SEQUENCE PATTERN: what the screen shows once it was typed.
sends() {
    keys -l "$(printf '\e%s' "$1")"
    until_true 20 shows "$2" || fail "$what: $1 does not lead to $2"
}

# The same key is sent in several ways, and not always in the one that TERM stands for.
test_keys_of_other_terminals() {
    local name
    for name in xterm-256color screen-256color vt220 linux; do
        open 80 24 env TERM=$name "$top" -d 600 "$ruby"
        sees '^rss '
        sends '[11~' 'keys [(]arrows' # F1
        sends '[4~' 'S: E ended' # End
        sends '[1~' '^ +q back'
        sends '[F' 'S: E ended'
        sends '[H' '^ +q back'
        sends '[8~' 'S: E ended'
        sends '[7~' '^ +q back'
        keys x
        sees '^rss '
        sends '[C' '^ +min +max '
        sends 'OD' '^rss '
        sends 'OC' '^ +min +max '
        sends '[17~' '^ Sort by ' # F6
        sends '[14~' '^ +min +max ' # F4 is none in the menu
        sends '[14~' '^filter:'
        keys Escape
        close
    done
}

# in_pieces CHARACTERS...: with a pause before each but the first.
in_pieces() {
    keys -l "$1"
    shift
    while [ $# -gt 0 ]; do
        sleep 0.06
        keys -l "$1"
        shift
    done
}

# arrives CHARACTERS...: from the overview, as Right in pieces, it goes to the next tab.
arrives() {
    keys 1
    sees '^rss '
    in_pieces "$@"
    keys x
    sees '^no such key here'
    shows '^ +min +max '
}

# A key that comes in pieces is that key. On a busy machine a piece may come too late: it may try again.
test_keys_in_pieces() {
    open 80 24 env TERM=xterm-256color "$top" -d 600 "$ruby"
    sees '^rss '
    until_true 10 arrives $'\e' 'OC' || fail "$what: not after Esc"
    until_true 10 arrives $'\eO' 'C' || fail "$what: not after O"
    close

    # As long as that is said to be: also in one that the terminal's description lacks.
    open 80 24 env TERM=screen-256color ESCDELAY=3000 "$top" -d 600
    sees "^ +$ruby "
    keys / counted Enter
    sees 'filter counted'
    in_pieces $'\e' '[' '1;' '5' 'C'
    sees '^no such key here'
    shows 'filter counted' || fail "$what: it was Esc"
    close

    # Esc alone is one, soon.
    open 80 24 "$top" -d 600
    sees "^ +$ruby "
    keys / counted Enter
    sees 'filter counted'
    keys Escape
    until_true 3 is_gone 'filter counted' || fail "$what: Esc alone is none"
    close
}

# A character is what the locale has as one: there a byte, or as many as it takes.
test_backspace() {
    open 80 24 env LC_ALL=C "$top" -d 600
    sees "^ +$ruby "
    keys / a b
    keys -H bf bf e9 # of Latin-1, where C has nothing
    sees '^filter: ab[?][?][?] *$'
    keys BSpace
    sees '^filter: ab[?][?] *$'
    keys BSpace BSpace
    sees '^filter: ab *$'
    keys BSpace BSpace BSpace x
    sees '^filter: x *$'
    close
    open 80 24 "$top" -d 600
    sees "^ +$ruby "
    keys / a
    keys -l 'é日¿'
    sees '^filter: aé日¿ *$'
    keys BSpace
    sees '^filter: aé日 *$'
    keys BSpace
    sees '^filter: aé *$'
    keys -H e6 97 # of three bytes
    keys BSpace
    sees '^filter: aé *$'
    keys BSpace
    sees '^filter: a *$'
    close
}

# What is typed can be seen, however long it is, and what a question wants as its answer.
test_long_prompt() {
    open 40 10 "$top" -d 600
    sees "^ +$ruby "
    keys / 'one two three four five six seven eight nine'
    sees ' seven eight nine *$'
    keys BSpace BSpace BSpace BSpace x
    sees ' six seven eight x *$'
    keys Escape
    sees "^ +$ruby "
    terminal resize-window -t "$window" -x 16 -y 6
    keys P
    sees '[(]y/n[)][?] *$'
    close
}

# Neither a key without a meaning nor the mouse answers whether to purge.
test_purge_is_answered() {
    local answer
    open 80 24 env TERM=xterm-256color "$top" -d 600
    sees "^ +$ruby "
    keys P
    sees "^purge $ruby ruby [(]y/n[)]"
    wheel
    click 3 5
    keys x F9 Down Tab
    keys -l $'\e[1;6D'
    terminal resize-window -t "$window" -x 90 -y 24
    sleep 0.5
    sees "^purge $ruby ruby [(]y/n[)]"
    lacks 'nothing was purged'
    for answer in n N q Escape Enter; do
        keys $answer
        sees '^nothing was purged'
        keys P
        sees "^purge $ruby ruby [(]y/n[)]"
    done
    keys Y
    sees "^purged process $ruby: "
    click 11 24 # help, in the footer: the mouse is heard again
    sees 'keys [(]arrows'
    close
}

# The menu is moved in, and not the table behind it.
test_menu_keeps_the_table() {
    local before
    open 40 10 env NO_COLOR=1 "$top" -d 600 "$ruby"
    keys 3
    sees '^ +size +live_objects'
    before=$(screen)
    keys F6
    sees '^ Sort by '
    keys ')' ')' '(' ')'
    keys -l $'\e[1;2C' # S-Right
    keys Down Down Up
    sees '^ Sort by '
    keys Escape
    gone '^ Sort by '
    [ "$(screen)" = "$before" ] || fail "$what: the table has moved"
    close
}

run_tests
