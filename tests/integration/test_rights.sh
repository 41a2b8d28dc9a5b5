#!/bin/bash
# Programs that change users, groups, capabilities and namespaces: each call does what it does
# without a preload, and no thread of the library's has rights that the program gave up.
set -uo pipefail
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_rights
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so
export RUBY_ALLOC_DIR=$TEST_DIR/regions RUBY_ALLOC_LOG=$TEST_DIR/log
failed=0
[ "$(id -u)" -eq 0 ] || { echo "skipped: only root can change its rights" && exit 77; }
mkdir -m 1777 "$RUBY_ALLOC_DIR"
chmod 711 "$TEST_DIR"

# expect NAME WANTED GOT
expect() {
    [ "$2" = "$3" ] || { printf '%s: got "%s", expected "%s"\n' "$1" "$3" "$2" && failed=1; }
}

# says COMMAND...: what it says, and its status.
says() {
    local said status=0
    said=$(timeout 60 "$@" 2>&1) || status=$?
    echo "$said status $status"
}

for way in family keep raw threads handler fork vfork unshare; do
    expect "$way, plain" " status 0" "$(LD_PRELOAD=libjemalloc.so.2 says "$victim" "$way")"
    for helper in 1 0; do
        expect "$way, helper $helper" " status 0" \
            "$(LD_PRELOAD=$shim RUBY_ALLOC_ALL=1 RUBY_ALLOC_HELPER=$helper says "$victim" "$way")"
        # Who took another user past the library, or twice, or ends by _exit leaves a region, which
        # the next process might remove and log.
        case $way in family | threads | handler | vfork)
            expect "$way, helper $helper: regions left" "" "$(ls "$RUBY_ALLOC_DIR")" ;;
        esac
        rm -f "$RUBY_ALLOC_DIR"/*
    done
done
expect "log" "" "$(cat "$RUBY_ALLOC_LOG" 2>/dev/null)"

# Libraries that only say that they have done it: reached behind ours, and before it. The region
# stays with the user that the kernel knows.
change='Process::Sys.setuid(1234); Process.wait(fork { exit!(Process.euid == 1234 ? 0 : 1) })
    owners = Dir["#{ENV["RUBY_ALLOC_DIR"]}/*.#{$$}.*"].map { |region| File.stat(region).uid }
    puts "#{Process.uid} #{$?.exitstatus} #{owners}"'
virtual=$RUBY_ALLOC_BUILD/tests/integration/victim_virtual.so
for preload in "$shim:$virtual" "$virtual:$shim"; do
    expect "$preload" "1234 0 [0] status 0" \
        "$(LD_PRELOAD=$preload says ruby --disable-gems -e "$change")"
done
cp "$(realpath "$shim")" "$TEST_DIR/libruby_alloc.so"
chmod 755 "$TEST_DIR/libruby_alloc.so"
expect "fakeroot" "1234 0 [0] status 0" \
    "$(HOME=$TEST_DIR says setpriv --reuid=64301 --regid=64301 --clear-groups fakeroot sh -c \
        'LD_PRELOAD=$0:$LD_PRELOAD exec ruby --disable-gems -e "$1"' "$TEST_DIR/libruby_alloc.so" "$change")"
exit "$failed"
