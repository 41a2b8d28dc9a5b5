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
