#!/bin/bash
# Root looks at processes of users it doesn't trust, who have mount and pid namespaces of their
# own: what they name, mount and leave there must not make root take one process for another.
# shellcheck disable=SC2016 # Ruby and inner shells in single quotes
set -u

if [ "$(id -u)" -ne 0 ] || ! unshare --mount --pid --fork --mount-proc true 2>/dev/null; then
    echo "not root, or no namespaces can be made: not tested"
    exit 77
fi
# /dev/shm is the test's own, and its other files lie where nothing is mounted over them. In a pid
# namespace of its own, root's look at every process sees none of another test.
if [ -z "${STRANGERS_INSIDE:-}" ]; then
    STRANGERS_INSIDE=1 exec unshare --mount --propagation private --pid --fork --mount-proc --kill-child bash "$0"
fi
mount -t tmpfs -o mode=1777 none /dev/shm && mount -t tmpfs none /mnt || exit 1
export TEST_DIR=/mnt

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"
unset RUBY_ALLOC_DIR
alice=12345
install -m 755 "$library" "$TEST_DIR/libruby_alloc.so"

install -m 755 "$top" "$TEST_DIR/top"

as_alice=(setpriv --reuid=$alice --regid=$alice --clear-groups --)

# json EXPRESSION: of the reports in the output.
json() {
    ruby -rjson -e '$reports = STDIN.map { |line| JSON.parse(line) }; $report = $reports[0]
        exit(eval(ARGV[0]) ? 0 : 1)' "$1" <"$out" || fail "not true: $1"
}

# objects COUNT: the script of a Ruby that holds as many of a size that nothing else has.
objects() { echo "A = Array.new($1) { 'x' * 2989 }; File.write(ARGV[0], ''); sleep"; }
holds='$report["sizes"].find { |row| row["min"] == 2985 }["allocations"]'
decay='$report["process"]["jemalloc_conf"]["dirty_decay_ms"]'

# start NAME COMMAND...: waits until it is up.
start() {
    local name=$1
    shift
    mkdir -m 777 -p "$TEST_DIR/up"
    "$@" >"$TEST_DIR/$name.out" 2>&1 &
    started+=("$!")
    disown "$!"
    until_true 30 test -e "$TEST_DIR/up/$name" || fail "$name did not start: $(cat "$TEST_DIR/$name.out")"
}

region_of() { find /dev/shm -name "ruby_alloc.$1.*"; }

# A user puts root's region over the name of hers, and her process has the pid of root's.
test_bound_over() {
    local dir=/dev/shm root roots hers
    what="root's region bound over another's"
    start root env LD_PRELOAD="$library" RUBY_ALLOC_DIR="$dir" ruby -e "$(objects 7000)" "$TEST_DIR/up/root"
    root=${started[-1]}
    roots=$(find "$dir" -name "ruby_alloc.$root.*")
    start alice unshare --mount --pid --fork --mount-proc --kill-child bash -c '
        while [ ! -e "$3/bound" ]; do
            echo "$(($4 - 1))" >/proc/sys/kernel/ns_last_pid
            setpriv --reuid=$6 --regid=$6 --clear-groups -- env LD_PRELOAD="$0" RUBY_ALLOC_DIR="$1" \
                ruby -e "$2" "$3/alice" &
            [ $! -eq "$4" ] || { kill -9 $!; continue; }
            until [ -e "$3/alice" ]; do sleep 0.05; done
            mount --bind "$5" "$1/ruby_alloc.$4".*."$(stat -L -c %i /proc/self/ns/pid)" && : >"$3/bound"
            break
        done
        wait' "$TEST_DIR/libruby_alloc.so" "$dir" "$(objects 300)" "$TEST_DIR/up" "$root" "$roots" "$alice"
    until_true 30 test -e "$TEST_DIR/up/bound" || fail "nothing was bound: $(cat "$TEST_DIR/alice.out")"
    hers=$(pgrep -u $alice -f "up/alice\$")
    started+=("$hers")
    tool 0 --json "$hers"
    json "$holds == 300 && \$report['process']['uid'] == $alice && \$report['process']['state'] == 'running'"
    tool 0 --decay 4321 --json "$hers"
    tool 0 --purge "$hers"
    tool 0 --json "$hers"
    json "$decay == 4321"
    tool 0 --json "$root"
    json "$holds == 7000 && \$report['process']['pid'] == $root && $decay != 4321"
    tool 0 --prune
    [ -e "$roots" ] || fail "root's region was removed"
    kill -9 "$hers" "$root"
    rm -rf "$TEST_DIR/up"
    find "$dir" -name 'ruby_alloc.*' -delete
}

# Where a mapping has the numbers of the file below, and the file those of the overlay: no region
# is made there, and none that a user put there is taken for the one that is mapped.
test_overlay() {
    local merged=$TEST_DIR/merged root hers who
    mkdir -p "$TEST_DIR/layers" "$merged"
    mount -t tmpfs none "$TEST_DIR/layers" || fail "no tmpfs"
    mkdir "$TEST_DIR"/layers/{lower,upper,work}
    chmod 1777 "$TEST_DIR/layers/upper"
    if ! mount -t overlay none -o "lowerdir=$TEST_DIR/layers/lower,upperdir=$TEST_DIR/layers/upper,workdir=$TEST_DIR/layers/work" \
        "$merged" 2>"$err"; then
        echo "no overlay can be mounted: not tested"
        return
    fi
    what="a user's own process on overlayfs"
    start own "${as_alice[@]}" env LD_PRELOAD="$TEST_DIR/libruby_alloc.so" RUBY_ALLOC_DIR="$merged" \
        ruby -e "$(objects 300)" "$TEST_DIR/up/own"
    [ -z "$(ls "$merged")" ] || fail "there is a region: $(ls "$merged")"
    for who in '' "${as_alice[*]}"; do
        # shellcheck disable=SC2086 # words
        execute 3 $who "$TEST_DIR/top" --json "${started[-1]}"
        err_has "process ${started[-1]} .*no region could be made \(on a tmpfs alone"
    done
    kill -9 "${started[-1]}"

    what="root's region copied to another's name, on overlayfs"
    start root env LD_PRELOAD="$library" ruby -e "$(objects 7000)" "$TEST_DIR/up/root"
    root=${started[-1]}
    start alice unshare --mount "${as_alice[@]}" env LD_PRELOAD="$TEST_DIR/libruby_alloc.so" \
        ruby -e "$(objects 300)" "$TEST_DIR/up/alice"
    hers=${started[-1]}
    cp -p "$(region_of "$root")" "$merged/$(basename "$(region_of "$hers")")" || fail "nothing was copied"
    nsenter --target "$hers" --mount mount --bind "$merged" /dev/shm || fail "nothing was bound"
    tool 0 --decay 4321 --json "$hers"
    tool 0 --json "$hers"
    json "$holds == 300 && \$report['process'].values_at('uid', 'state') == [$alice, 'running'] && $decay == 4321"
    tool 0 --json "$root"
    json "$holds == 7000 && $decay != 4321"
    kill -9 "$hers" "$root"
    rm -rf "$TEST_DIR/up"
    find /dev/shm -name 'ruby_alloc.*' -delete
}

# A container of a user's own, in which that user is root: user, mount and pid namespace.
test_user_namespace() {
    local pid outer
    what="a user namespace"
    if ! "${as_alice[@]}" unshare --user --map-root-user --mount --pid --fork --mount-proc true 2>"$err"; then
        echo "users can't make namespaces: not tested"
        return
    fi
    start inner "${as_alice[@]}" unshare --user --map-root-user --mount --pid --fork --mount-proc --kill-child bash -c '
        mount -t tmpfs none /dev/shm && LD_PRELOAD=$0 exec ruby -e "$1" "$2"' \
        "$TEST_DIR/libruby_alloc.so" "$(objects 300)" "$TEST_DIR/up/inner"
    outer=${started[-1]}
    pid=$(cat "/proc/$outer/task/$outer/children")
    pid=${pid// /}
    tool 0 --json "$pid"
    json "$holds == 300 && \$report['process'].values_at('uid', 'state') == [$alice, 'running']"
    tool 0 --decay 4321 "$pid"
    execute 0 "${as_alice[@]}" "$TEST_DIR/top" --json "$pid"
    json "$holds == 300 && $decay == 4321"
    kill -9 "$pid"
    rm -rf "$TEST_DIR/up"
}

# So many groups stand before the pids in /proc/PID/status.
test_many_groups() {
    local count=$1 pid
    what="$count groups, and a pid namespace"
    start grouped unshare --pid --fork --kill-child env LD_PRELOAD="$library" ruby -e '
        Process.maxgroups = 65_536
        Process.groups = (1..Integer(ARGV[1])).map { |i| 100_000 + i }
        '"$(objects 300)" "$TEST_DIR/up/grouped" "$count"
    pid=$(cat "/proc/${started[-1]}/task/${started[-1]}/children")
    pid=${pid// /}
    started+=("$pid")
    [ "$(wc -c <"/proc/$pid/status")" -gt $((count * 7)) ] || fail "too few groups"
    tool 0 --json "$pid"
    json "$holds == 300 && \$report['process']['state'] == 'running'"
    tool 0 --prune
    grep -q '^nothing was removed$' "$out" || fail "something was removed or kept"
    [ -n "$(region_of 1)" ] || fail "a living process's region is gone"
    kill -9 "$pid"
    rm -rf "$TEST_DIR/up"
    find /dev/shm -name 'ruby_alloc.*' -delete
}

# Files and links that a user put where root's outputs go.
test_outputs() {
    local shared=$TEST_DIR/shared recording=$TEST_DIR/recording file
    what="outputs in a directory of everyone's"
    mkdir -m 1777 "$shared"
    start root env LD_PRELOAD="$library" ruby -e "$(objects 10)" "$TEST_DIR/up/root"
    (
        umask 0
        "$top" --record "$recording" -n 1 "${started[-1]}" && "$top" --html "$TEST_DIR/page" "${started[-1]}" &&
            "$top" -o "$TEST_DIR/report" -- true
    ) >"$out" 2>"$err" || fail "no outputs could be made"
    for file in recording page report; do
        [ "$(stat -c %a "$TEST_DIR/$file")" = 600 ] || fail "$file: others may read it"
    done
    "${as_alice[@]}" sh -c 'cd "$0" && : >page && chmod 6777 page && : >record && chmod 666 record &&
        ln -s ../precious link && ln -s .. way && mkfifo -m 666 fifo' "$shared"
    echo precious >"$TEST_DIR/precious"
    tool 0 --html "$shared/page" "${started[-1]}"
    [ "$(stat -c '%a %u' "$shared/page")" = '600 0' ] || fail "the page: $(stat -c '%a %u' "$shared/page")"
    for file in link way/precious; do
        expect 4 --html "$shared/$file" "${started[-1]}"
        err_has "can't write .*: user $alice put a symbolic link there"
    done
    for file in record link way/precious fifo; do
        expect 4 --record "$shared/$file" -n 1 "${started[-1]}"
        err_has "can't record to .*: (it belongs to user $alice|user $alice put a symbolic link there), "
        expect 125 -o "$shared/$file" -- true
        err_has "can't write to .*: (it belongs to user $alice|user $alice put a symbolic link there), "
    done
    [ "$(cat "$TEST_DIR/precious")" = precious ] && [ ! -s "$shared/record" ] || fail "something was written"
    what="an output on standard output"
    tool 0 -o /dev/stdout -- echo hello
    out_has 'hello'
    kill -9 "${started[-1]}"
    rm -rf "$TEST_DIR/up"
}

# More file system trees than descriptors: each is opened, looked at and closed.
test_descriptors() {
    local pid i
    what="more mount namespaces than descriptors"
    for i in $(seq 60); do
        unshare --mount sleep 300 &
        started+=("$!")
        disown "$!"
    done
    start inner unshare --mount bash -c 'mount -t tmpfs none /dev/shm && LD_PRELOAD=$0 exec ruby -e "$1" "$2"' \
        "$library" "$(objects 300)" "$TEST_DIR/up/inner"
    pid=${started[-1]}
    until_true 30 all_apart || fail "no 60 namespaces"
    execute 0 prlimit --nofile=40 "$top" --json
    json "\$reports.any? { |report| report['process']['pid'] == $pid }"
    # Too few for a whole list: none, and why.
    what="too few descriptors"
    for i in 5 6; do
        execute 1 prlimit --nofile=$i "$top" --json
        expect_one_message
        err_has "the list of processes can't be read whole: Too many open files"
        execute 1 prlimit --nofile=$i "$top" --json "$pid"
        expect_one_message
        err_has "process $pid can't be looked (at|for): Too many open files"
    done
    kill -9 "${started[@]: -61}"
    rm -rf "$TEST_DIR/up"
}

all_apart() {
    local own seen
    own=$(readlink /proc/self/ns/mnt)
    seen=$(for i in "${started[@]: -61}"; do readlink "/proc/$i/ns/mnt"; done | grep -vcF "$own")
    [ "$seen" -eq 61 ]
}

test_outputs
test_descriptors
test_bound_over
test_overlay
test_user_namespace
test_many_groups 700
test_many_groups 65000

[ $failures -eq 0 ]
