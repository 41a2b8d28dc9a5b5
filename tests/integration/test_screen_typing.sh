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
