#!/bin/bash
# What can be wrong with the directories that a region lies in: test_trouble.sh runs this in a
# mount namespace of its own, where /dev/shm and /tmp may be anything.
set -u

# What is needed lies apart from the directories that come to harm.
stage=/mnt
here=$(cd "$(dirname "$0")" && pwd)
mount -t tmpfs stage $stage || exit 77
cp -L "$RUBY_ALLOC_BUILD/libruby_alloc.so" "$RUBY_ALLOC_BUILD/ruby_alloc_top" "$here/known.rb" $stage
cat "$here/known.rb" "$here/trouble_work.rb" >$stage/work.rb
cd $stage || exit 1
unset RUBY_ALLOC_DIR XDG_RUNTIME_DIR
export RUBY_ALLOC_LOG=$stage/log
failures=0 ruby=

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
    sed 's/^/  log: /' log 2>/dev/null | head -5
}

# until_true COMMAND: polls; the caller's word on what didn't happen.
until_true() {
    local end=$((SECONDS + 30))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

# work PRELOAD NAME: its output and status are kept under NAME.
work() {
    timeout 60 env LD_PRELOAD="$1" ruby work.rb >"$2.out" 2>"$2.err" </dev/null
    echo "exit status $?" >>"$2.out"
}

# works NAME PATTERN...: the same as under jemalloc, and each pattern in the log (none: no log).
works() {
    local name=$1
    shift
    rm -f log
    work $stage/libruby_alloc.so ours
    diff plain.out ours.out || fail "$name: output differs (left: jemalloc, right: ours)"
    grep -q '^exit status 6$' ours.out || fail "$name: $(tail -1 ours.out)"
    logged "$name" "$@"
    if compgen -G '/dev/shm/ruby_alloc.*' || compgen -G '/tmp/ruby_alloc.*'; then
        fail "$name: a region is left"
    fi
}

logged() {
    local name=$1 pattern
    shift
    if [ $# -eq 0 ] && [ -s log ]; then
        fail "$name: the log is not empty"
    fi
    for pattern; do
        grep -qE "$pattern" log || fail "$name: the log lacks $pattern"
    done
}

shm() { mount -t tmpfs -o "$1" shm /dev/shm; }
tmp() { mount -t tmpfs -o "$1" tmp /tmp; }
fill() { ! dd if=/dev/zero of="$1/filler" bs=4k status=none 2>/dev/null; }
restore() { umount /dev/shm && umount /tmp; }

test_no_room() {
    shm size=1m && tmp size=1m && fill /dev/shm && fill /tmp
    works full 'no region in /dev/shm: error 28$' 'no region in /tmp: error 28$' 'without a region'
    restore
    shm size=16k && tmp size=4k
    works 'too small' 'no region in /dev/shm: error 28$' 'no region in /tmp: error 28$'
    restore
    shm nr_inodes=1 && tmp nr_inodes=1
    works 'no inodes' 'no region in /dev/shm: error 28$' 'no region in /tmp: error 28$'
    restore
}

test_read_only() {
    shm ro && tmp ro
    works read-only 'no region in /dev/shm: error 30$' 'no region in /tmp: error 30$'
    restore
}

# A size of 0 is no limit at all to the kernel.
test_size_of_0() {
    shm size=0 && tmp ro
    works 'size 0'
    restore
}

# On a file system of another kind a page that was reserved may have to be written to a new
# place, and there be none: no region on a disk, nor on what a container has for /tmp.
test_other_kinds() {
    local kind
    mount --bind "$RUBY_ALLOC_BUILD" /dev/shm
    mkdir -p upper work lower
    mount -t overlay -o "lowerdir=lower,upperdir=upper,workdir=work" overlay /tmp 2>/dev/null || tmp ro
    kind=$(stat -f -c %T /dev/shm)
    [ "$kind" != tmpfs ] || echo "the tree lies on a tmpfs: no disk is tested"
    works 'other kinds' 'no region in /tmp: '
    [ "$kind" = tmpfs ] || logged 'other kinds' 'no region in /dev/shm: it is no tmpfs' 'without a region'
    restore
    mount -t ramfs ramfs /dev/shm && tmp ro
    works ramfs
    restore
}

# /dev without shm in it; what else Ruby needs there is bound from the old one.
test_missing() {
    mkdir dev && tmp ro
    for device in null zero urandom random tty; do
        : >dev/$device && mount --bind /dev/$device dev/$device
    done
    mount --rbind dev /dev
    works missing 'no region in /dev/shm: error 2$' 'no region in /tmp: error 30$' 'without a region'
    umount -R /dev && umount /tmp
}

# start SCRIPT: a Ruby that waits for ./go after ./up, and for its end after ./done.
start() {
    rm -f log up go 'done'
    LD_PRELOAD=$stage/libruby_alloc.so ruby -r ./known.rb -e "
        \$stdout.sync = true
        def meet(mine, other)
          File.write(mine, '')
          sleep 0.02 until other.nil? || File.exist?(other)
        end
        meet('up', 'go')
        $1
        meet('done', 'end')" >out 2>err </dev/null &
    ruby=$!
    until_true test -e up || fail "Ruby didn't come up: $(cat err)"
}

# The next directory serves, and the reader finds it there.
test_fall_back() {
    shm size=16k && tmp size=1m
    start 'Known.work(7, 3)'
    : >go
    until_true test -e 'done' || fail "fall back: no end: $(cat err)"
    logged 'fall back' 'no region in /dev/shm: error 28$'
    [ -f "$(echo /tmp/ruby_alloc.$ruby.*)" ] || fail "fall back: no region in /tmp"
    counted 'fall back' 7 3
    finish
}

# counted NAME MADE FREED
counted() {
    ./ruby_alloc_top --once --json "$ruby" >report 2>message </dev/null ||
        fail "$1: ruby_alloc_top: $(cat message)"
    ruby -r json -e 'row = JSON.parse(File.read("report"))["classes"].find { |c| c["size"] == 7 << 20 }
        puts row.values_at("allocations", "frees").inspect' >counts
    [ "$(cat counts)" = "[$2, $3]" ] || fail "$1: known objects: $(cat counts), expected [$2, $3]"
}

finish() {
    : >end
    wait $ruby
    local status=$?
    [ $status -eq 0 ] || fail "Ruby's exit status: $status: $(head -3 err)"
    rm -f end
    restore
}

# No room for more slots, nor for a child's region: all is counted, and no page is touched that
# the file system hasn't promised.
test_filled_later() {
    shm size=256k && tmp ro
    start 'gate = Queue.new
        threads = Array.new(200) { Thread.new { Known.work(2, 1); gate.pop; Known.digest(1) } }
        sleep 0.02 until gate.num_waiting == 200
        200.times { gate << true }
        sum = threads.sum(&:value)
        pid = fork { Known.work(9, 0); exit!(Known.digest(2) % 100) }
        child = Process.wait2(pid)[1].exitstatus
        puts sum == 200 * Known.digest(1) && child == Known.digest(2) % 100'
    fill /dev/shm
    : >go
    until_true test -e 'done' || fail "filled later: no end: $(head -3 err)"
    grep -q '^true$' out || fail "filled later: wrong results: $(cat out)"
    logged 'filled later' 'no room for more than [0-9]+ threads.* own counters: error 28$' \
        'no region in /dev/shm: error 28$' 'without a region'
    counted 'filled later' 400 200
    finish
}

work libjemalloc.so.2 plain
test_no_room
test_read_only
test_size_of_0
test_other_kinds
test_missing
test_fall_back
test_filled_later
[ $failures -eq 0 ]
