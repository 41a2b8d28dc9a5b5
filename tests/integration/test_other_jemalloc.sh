#!/bin/bash
# A jemalloc before version 5, beside the one that answers (a Ruby may be linked to it) or in its
# place: it is given nothing that it would complain of, it isn't asked, and counts stay exact.
set -euo pipefail
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_linked
standins=$RUBY_ALLOC_BUILD/tests/integration/standins
here=$(dirname "$0")
export RUBY_ALLOC_DIR=$TEST_DIR/regions
mkdir "$RUBY_ALLOC_DIR"
failed=0 pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

fail() {
    failed=1
    echo "$*"
}

# says NAME EXPECTED VARIABLE...: output and messages of the program.
says() {
    local name=$1 expected=$2 said status=0
    shift 2
    said=$(env "$@" "$victim" <<<"" 2>&1) || status=$?
    [ "$status: $said" = "0: $expected" ] || fail "$name: status $status, '$said', expected '$expected'"
}

says "plain jemalloc" "3072 bytes, version 5." LD_PRELOAD=libjemalloc.so.2
for variable in X= RUBY_ALLOC_TUNING=0 RUBY_ALLOC_TUNING=1 RUBY_ALLOC=0 RUBY_ALLOC_ALL=1; do
    says "$variable" "3072 bytes, version 5." "$variable" LD_PRELOAD="$shim"
done
says "glibc behind us" "3000 bytes, version 5." RUBY_ALLOC_BACKEND=libc LD_PRELOAD="$shim"

# jemalloc's statistics, for which it asks itself by symbol. The other prints its own, too.
printed() { MALLOC_CONF=stats_print:true LD_PRELOAD=$1 "$victim" <<<"" 2>&1 >/dev/null | grep -cE "$2" || true; }
for line in '^Version: "5\.' '^Arenas: [0-9]' '^Allocated: [1-9]'; do
    [ "$(printed libjemalloc.so.2 "$line")" -eq 1 ] || fail "plain jemalloc's statistics lack $line"
    [ "$(printed "$shim" "$line")" -eq 1 ] || fail "jemalloc's statistics lack $line"
done
[ "$(printed "$shim" asked)" -eq 0 ] || fail "for its statistics jemalloc asks the other one"

# Counts, and the setting that every jemalloc knows.
# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"
mkfifo "$TEST_DIR/line"
LD_PRELOAD=$shim "$victim" <"$TEST_DIR/line" >"$TEST_DIR/out" 2>"$TEST_DIR/err" &
pid=$!
exec 3>"$TEST_DIR/line"
until_true 30 grep -q version "$TEST_DIR/out" || fail "the program doesn't get going"
"$top" --json "$pid" >"$TEST_DIR/report"
found=$(ruby -rjson -e '
    report = JSON.parse(File.read(ARGV[0]))
    size = report["sizes"].find { |row| row["max"] == 3000 }
    found = report["classes"].find { |row| row["size"] == 3072 }
    puts [size["allocations"], found["allocations"], found["frees"], found["live_objects"],
          report["process"]["jemalloc_conf"]["narenas"], report["settings"].map { |row| row["state"] }.uniq].join(" ")
' "$TEST_DIR/report")
[ "$found" = "1000 1000 400 600 2 in_force" ] || fail "counts: found $found, expected 1000 1000 400 600 2 in_force"
behind=$("$top" --check --json "$pid" | ruby -rjson -e '
    found = JSON.parse($stdin.read)["allocator"]
    puts [found["name"], found["version"][0], found["loaded_not_used"].map { |path| File.basename(path) }].join(" ")')
[ "$behind" = "ruby_alloc 5 libjemalloc.so.1" ] || fail "--check: found $behind, expected ruby_alloc 5 libjemalloc.so.1"
echo >&3
wait "$pid" || fail "the program ended with $?"
pid=
[ ! -s "$TEST_DIR/err" ] || fail "said: $(cat "$TEST_DIR/err")"

# In the place of ours: the program gets its functions, under whatever name it is loaded.
mkdir "$TEST_DIR/renamed"
ln -s "$standins/linked/libjemalloc.so.1" "$TEST_DIR/renamed/libjemalloc.so.2"
for directory in "$standins/old" "$TEST_DIR/renamed"; do
    said=$(LD_LIBRARY_PATH=$directory RUBY_ALLOC_LOG=$TEST_DIR/log LD_PRELOAD=$shim ruby --disable-gems -e 'puts :well' 2>&1 |
        grep -v asked:) || true
    [ "$said" = well ] || fail "in the place of ours, $directory: $said"
    grep -q "size classes are not what is expected" "$TEST_DIR/log" || fail "$directory: not used: $(cat "$TEST_DIR/log")"
    rm -f "$TEST_DIR/log"
done
exit "$failed"
