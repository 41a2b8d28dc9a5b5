#!/bin/bash
# Sourced by tests that run ruby_alloc_top without a terminal: where things are, what a run
# must end with, and that the processes listed in $started are gone at the end. The caller
# says in $what what is being tested, and ends with [ "$failures" -eq 0 ].
# shellcheck disable=SC2034 # used by those tests
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
library=$(realpath "$RUBY_ALLOC_BUILD")/libruby_alloc.so
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$TEST_DIR/out err=$TEST_DIR/err
export RUBY_ALLOC_DIR=$TEST_DIR/regions LC_ALL=C.UTF-8
mkdir "$RUBY_ALLOC_DIR"
chmod 711 "$TEST_DIR" && chmod 1777 "$RUBY_ALLOC_DIR"
failures=0 started=() what=''

clean_up() {
    [ ${#started[@]} -eq 0 ] || kill -9 "${started[@]}" 2>/dev/null
}
trap clean_up EXIT

fail() {
    failures=$((failures + 1))
    echo "FAIL: $what: $*"
    [ ! -e "$out" ] || cut -c1-1500 "$out" | sed 's/^/  out: /' | head -40
    [ ! -e "$err" ] || cut -c1-200 "$err" | sed 's/^/  err: /' | head -20
}

# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"

# execute STATUS COMMAND...: what it says in $out and $err.
execute() {
    local wanted=$1 status
    shift
    "$@" >"$out" 2>"$err" </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "exit status $status, not $wanted"
}

# tool STATUS ARGUMENTS...
tool() {
    local wanted=$1
    shift
    execute "$wanted" timeout 60 "$top" "$@"
}

# expect STATUS ARGUMENTS...: the same; a failure says one line, and nothing else does.
expect() {
    what="ruby_alloc_top ${*:2}"
    tool "$@"
    case $1 in
    0) [ ! -s "$err" ] || fail "not silent on stderr" ;;
    *) expect_one_message ;;
    esac
}

expect_one_message() {
    [ "$(wc -l <"$err")" -eq 1 ] && grep -q '^ruby_alloc_top: ' "$err" ||
        fail "not one line of message"
}

out_has() { grep -qE -- "$1" "$out" || fail "output lacks $1"; }
err_has() { grep -qE -- "$1" "$err" || fail "message lacks $1"; }

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
