#!/bin/bash
# The completions in the shells themselves: each loads without a word, offers every option,
# the names of views and fields, the processes that have a region, and the command after --.
set -u

build=$RUBY_ALLOC_BUILD
export RUBY_ALLOC_DIR=$TEST_DIR/regions HOME=$TEST_DIR/home TERM=dumb
mkdir "$RUBY_ALLOC_DIR" "$HOME"
cd "$HOME" || exit 1
touch "$RUBY_ALLOC_DIR/ruby_alloc.4242.1.2" "$RUBY_ALLOC_DIR/ruby_alloc.777.1.2" "$RUBY_ALLOC_DIR/other" \
    report.json
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
}

options=$("$build/ruby_alloc_top" --help |
    sed -n '/^Watching/,/^Keys/ s/^  *\(-[A-Za-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' | sort)
[ "$(wc -l <<<"$options")" -gt 20 ] || fail "read too few options: $options"

# offers SHELL LINE WORD...: completing LINE offers these words, and a word with ! not.
offers() {
    local shell=$1 line=$2 word
    shift 2
    "complete_$shell" "$line" >"$TEST_DIR/offered" 2>"$TEST_DIR/err"
    [ ! -s "$TEST_DIR/err" ] || fail "$shell: '$line': $(cat "$TEST_DIR/err")"
    for word in "$@"; do
        case $word in
        !*) ! grep -qxF -- "${word#!}" "$TEST_DIR/offered" || fail "$shell: '$line' offers ${word#!}" ;;
        *) grep -qxF -- "$word" "$TEST_DIR/offered" || fail "$shell: '$line' does not offer $word: $(head -5 "$TEST_DIR/offered")" ;;
        esac
    done
}

# As readline calls it: the line split at blanks and '='.
complete_bash() {
    bash --norc --noprofile -c '
        source "$1"
        read -ra COMP_WORDS <<<"${2//=/ = }"
        [[ $2 == *[\ =] ]] && [[ $2 != *= ]] && COMP_WORDS+=("")
        [[ $2 == *= ]] || :
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$2 COMP_POINT=${#2}
        _ruby_alloc_top
        printf "%s\n" "${COMPREPLY[@]}"' - "$build/ruby_alloc_top.bash" "$1"
}

complete_fish() {
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$build/ruby_alloc_top.fish" "$1" | cut -f1
}

# zsh has no call that lists completions: a shell on a pseudo-terminal, that is asked by key.
complete_zsh() {
    zsh -f "$TEST_DIR/ask.zsh" "$build" "$1"
}
cat >"$TEST_DIR/ask.zsh" <<'ZSH'
zmodload zsh/zpty
build=$1 line=$2
zpty asked zsh -f -i
# Each match is printed on a line of its own, instead of inserted.
zpty -w asked "PROMPT= RPROMPT=; stty -echo; fpath=($TEST_DIR/functions \$fpath)"
zpty -w asked 'autoload -Uz compinit; compinit -u -D; zstyle ":completion:*" verbose no'
zpty -w asked 'compadd() { [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]] && { builtin compadd "$@"; return }
    local -a found; builtin compadd -O found "$@"; print -rl -- ${found/#/MATCH:}; builtin compadd "$@" }'
zpty -w asked 'bindkey "^I" complete-word; zstyle ":completion:*" insert-tab no; setopt no_beep no_auto_menu no_list_ambiguous; LISTMAX=100000'
# Only the line editor reads the keys as keys: before it has the terminal, the kernel takes ^U
# itself and the question is gone. Nothing typed, and so echoed, holds the words as printed.
zpty -w asked 'zle-line-init() { print -rn -- "${:-IN_}EDITOR" }; zle -N zle-line-init'
read_until() {
    local text all= end=$(( SECONDS + 60 ))
    while (( SECONDS < end )); do
        if zpty -rt asked text; then all+=$text; else sleep 0.02; fi
        [[ $all == *$1* ]] && break
    done
    print -r -- "$all"
}
read_until IN_EDITOR >/dev/null
zpty -wn asked "$line"$'\t'$'\025print ${:-ALL_}DONE'$'\n'
read_until ALL_DONE | tr -d '\r' | sed -n 's/.*MATCH://p'
zpty -d asked
ZSH
mkdir "$TEST_DIR/functions" && cp "$build/ruby_alloc_top.zsh" "$TEST_DIR/functions/_ruby_alloc_top"

for shell in bash fish zsh; do
    command -v "$shell" >/dev/null || { fail "no $shell" && continue; }
    # shellcheck disable=SC2086 # words on purpose
    offers $shell "ruby_alloc_top --" $options
    offers $shell "ruby_alloc_top --no-such-" '!--once'
    offers $shell "ruby_alloc_top " 4242 777 '!other' '!report.json'
    offers $shell "ruby_alloc_top --compare 4242 " 777 report.json
    offers $shell "ruby_alloc_top --html page.html " 777 report.json
    offers $shell "ruby_alloc_top --html=page.html " 777 report.json
    offers $shell "ruby_alloc_top -- ech" echo '!--once'
    # The fields that the tool would take: those of the view, or of the list without one.
    offers $shell "ruby_alloc_top --view classes --sort " size gap_bytes '!min' '!pid' '!tid'
    offers $shell "ruby_alloc_top --view=threads --sort " tid frees '!gap_bytes' '!rss'
    offers $shell "ruby_alloc_top --view verdict --sort " '!tid' '!rss' '!size'
    offers $shell "ruby_alloc_top --sort " rss command '!gap_bytes' '!tid'
    offers $shell "ruby_alloc_top --view sizes --fields " min class '!gap_bytes'
    offers $shell "ruby_alloc_top --user ro" root '!4242'
done
# How a value is shown differs: with what is before it, or without.
offers bash "ruby_alloc_top --view=cl" classes '!sizes'
offers bash "ruby_alloc_top --view cl" classes '!sizes'
offers bash "ruby_alloc_top --view=classes --fields size,gap" size,gap_bytes
offers bash "ruby_alloc_top --view classes --fields=size,gap" size,gap_bytes
offers bash "ruby_alloc_top --fields pid,r" pid,rss pid,ratio '!pid,requested_bytes'
offers bash "ruby_alloc_top -o rep" report.json
offers bash "ruby_alloc_top --limit " '!4242'
offers fish "ruby_alloc_top --view=cl" --view=classes '!--view=sizes'
offers fish "ruby_alloc_top --view=classes --fields size,gap" size,gap_bytes
offers fish "ruby_alloc_top --fields pid,r" pid,rss pid,ratio '!pid,requested_bytes'
offers fish "ruby_alloc_top --help " metrics
offers fish "ruby_alloc_top --help=" --help=metrics
offers fish "ruby_alloc_top --once " '!metrics'
offers fish "ruby_alloc_top -o rep" report.json
offers fish "ruby_alloc_top -o report.json -- ech" echo
# The command is asked for its own options: the tool itself, as one that surely has some.
offers fish "ruby_alloc_top -- ruby_alloc_top --on" --once
offers fish "ruby_alloc_top --delay 2 -- ruby_alloc_top --view classes --sort gap" gap_bytes '!pid'
offers fish "ruby_alloc_top -- echo --on" '!--once'
offers zsh "ruby_alloc_top --view=cl" classes '!sizes'
offers zsh "ruby_alloc_top -o rep" report.json
exit $((failures > 0))
