#!/bin/bash
# ruby_alloc_top --check of processes that use a file system which never answers.
# shellcheck disable=SC2016,SC2154 # Ruby in single quotes; variables of check.sh
set -u
# shellcheck source=tests/integration/check.sh
. "$(dirname "$0")/check.sh"
fuse=$RUBY_ALLOC_BUILD/tests/integration/victim_fuse
mounted=$TEST_DIR/mounted
mkdir "$mounted"

# Its callers wait until it is gone.
end_test() {
    [ -z "${server:-}" ] || kill -9 "$server" 2>/dev/null
    umount -l "$mounted" 2>/dev/null
    clean_up
}
trap end_test EXIT

"$fuse" serve "$mounted" "$fuse" >"$TEST_DIR/server" 2>"$err" &
server=$!
if ! until_true 10 grep -q ready "$TEST_DIR/server"; then
    echo "no file system can be mounted ($(head -1 "$err")): not tested"
    exit 77
fi

# A tool that does wait for it is let go in the end, and the test fails.
(sleep 120 && kill -9 "$server") >/dev/null 2>&1 &
started+=("$!")
disown -a

# The process stays as it is, and what everybody may know of it is told.
stuck() {
    local start=$SECONDS
    what=$1
    tool 6 --check --json "$pid"
    [ $((SECONDS - start)) -le 15 ] || fail "it took $((SECONDS - start)) s"
    expect_one_message
    err_has "process $pid can't be looked at whole: a file system that it uses .* does not answer\$"
    json "\$seen['process']['pid'] == $pid && \$seen['memory']['rss'] > 0 && \$advice == []"
}

workers() { pgrep -f "^$top --check" | wc -l; }
none_left() { [ "$(workers)" -eq 0 ]; }

# Begun while it still answers.
begin env LD_PRELOAD="$mounted/never.so" "$fuse" use nothing /
preloaded=$pid
begin "$fuse" use link "$mounted/file"
link=$pid
begin "$fuse" use environ "$mounted/file"
environ=$pid
begin "$fuse" use code "$mounted/libruby.so.9"
code=$pid
begin "$mounted/program" use nothing /
program=$pid
begin ruby -e "$wait_for_ever"
plain=$pid
kill -USR1 "$server"
until_true 10 grep -q silent "$TEST_DIR/server" || fail "it goes on answering"

for how in preloaded link environ code program; do
    pid=${!how}
    stuck "$how"
done

# Of the others all is told, and of those that may be Rubies that they can't be looked at.
what="all Rubies"
tool 0 --check --json
json "\$all.any? { |seen| seen['process']['pid'] == $plain && seen['allocator']['name'] == 'glibc' }"
err_has "process $program can't be looked at whole"

what="the end of what was begun"
kill -9 "$server"
umount -l "$mounted"
server=
until_true 40 none_left || fail "$(workers) processes are left"
finish
