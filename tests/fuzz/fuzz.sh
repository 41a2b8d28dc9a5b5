#!/bin/bash
# Runs the fuzzers, as many side by side as there are processors, for FUZZ_SECONDS in all (60;
# 0: all at once, until one finds something or is stopped), or those named in FUZZERS. Each
# says how often it ran and how many edges of the code it has reached. $BUILD/tests/fuzz/
# keeps their corpora, and what they found.
set -euo pipefail

seconds=${FUZZ_SECONDS:-60}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "FUZZ_SECONDS is '$seconds', not a number of seconds" >&2; exit 2; }
names=${FUZZERS:-region report recording index proc linkmap preload options configuration program elffile}
read -ra names <<<"$names"
lanes=$(nproc)
cd "$BUILD/tests/fuzz"
mkdir -p found start/{region,report,recording,index,proc,linkmap,preload,options,configuration}
for name in "${names[@]}"; do mkdir -p "corpus/$name"; done
rm -f ./*.log ./*.bad
./seeds start >/dev/null

# seed FUZZER NAME FORMAT: as printf writes it.
# shellcheck disable=SC2059
seed() { printf -- "$3" >"start/$1/$2"; }

# Behind the byte that says which file it is: this process's own.
number=0
for file in status stat smaps_rollup maps smaps environ; do
    { printf "\\x$(printf %02x $number)"; head -c 20000 "/proc/self/$file"; } >"start/proc/$file"
    number=$((number + 1))
done
{ printf '\x06'; cat /proc/self/cgroup; printf '\0'; head -c 8000 /proc/self/mountinfo; } >start/proc/groups
seed proc groups2 '\x060::/a/b\n1:memory:/c\n\x0029 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n30 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'
seed proc status2 '\x00Name:\t)\\n\\nState:\nState:\tZ (zombie)\nTgid:\t7\nPid:\t7\nUid:\t1\t2\t3\t4\nNSpid:\t7\t1\nVmRSS:\t  9 kB\n'
seed proc command '\x07ruby\0a.rb\0\0'
# A chain of two objects, from the dynamic section at 0x100; words of 8 bytes, and of 4.
{
    printf '\0'; head -c 256 /dev/zero
    printf '\x15\0\0\0\0\0\0\0\x80\1\0\0\0\0\0\0'; head -c 112 /dev/zero
    printf '\1\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0'; head -c 112 /dev/zero
    printf '\0\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x40\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; head -c 24 /dev/zero
    printf '\0\x10\0\0\0\0\0\0\0\3\0\0\0\0\0\0\x10\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0'; head -c 152 /dev/zero
    printf '/lib/libc.so.6\0A=b\0'
} >start/linkmap/words8
{
    printf '\1'; head -c 256 /dev/zero
    printf '\x15\0\0\0\x80\1\0\0'; head -c 120 /dev/zero
    printf '\1\0\0\0\0\2\0\0'; head -c 120 /dev/zero
    printf '\0\0\0\0\0\3\0\0\x10\0\0\0\0\0\0\0\0\0\0\0'; head -c 236 /dev/zero
    printf '/lib/libc.so.6\0'
} >start/linkmap/words4
seed preload several 'libruby_alloc.so:/lib/x.so  libc.so.6\0/usr/lib:;/lib'
seed preload stray '="libjemalloc.so.2"\0'
seed preload dollar '$LIB/a.so ./b.so'
seed preload name 'ruby_alloc.4242.123456.4026531836'
seed options once '--once\n--json\n42'
seed options batch '-b\n-d\n0.5\n-n\n3\n1\n2\n--sort=rss\n--fields=pid,rss'
seed options view '--view=classes\n--rows=3\n--csv\n-p\n7'
seed options record '--record=a.jsonl\n--max-size=10M\n7'
seed options compare '--compare\na.jsonl\nb.jsonl\n--fail-over=5%%'
seed options command '--output=x\n--\nruby\n-e\n1'
seed options acts '--decay=never\n--html=a.html\n--from\nx'
seed configuration pairs 'narenas:2,dirty_decay_ms:1000,tcache:true,percpu_arena:disabled'
seed configuration spoilt 'narenas:x,,dss:secondary,abc,lg_tcache_max:99999999999999999999'
seed configuration pair 'narenas\0002'

# run NAME SECONDS: fuzz_NAME, from what is in start/NAME; its output in NAME.log.
run() {
    local start=start/$1 length=131072
    case $1 in
    elffile) start=start/program ;; # the same small programs
    region) length=24576 ;;
    preload | options | configuration) length=2048 ;;
    proc | linkmap) length=32768 ;;
    esac
    "./fuzz_$1" -max_total_time="$2" -max_len=$length -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="found/$1-" "corpus/$1" "$start" >"$1.log" 2>&1 ||
        touch "$1.bad"
}

export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
if [ "$seconds" -eq 0 ]; then
    lanes=${#names[@]} each=0
else
    each=$((seconds * lanes / ${#names[@]}))
    [ $each -gt 0 ] || each=1
fi
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
for name in "${names[@]}"; do
    while [ "$(jobs -pr | wc -l)" -ge "$lanes" ]; do wait -n || true; done
    run "$name" $each &
done
wait
failed=0
for name in "${names[@]}"; do
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$name.log")
    edges=$(grep -aEo 'cov: [0-9]+' "$name.log" | tail -n 1 || true)
    echo "fuzz_$name: ${runs:-no} runs, ${rate:-0} a second, ${edges#cov: } edges"
    if [ -e "$name.bad" ] || [ "${runs:-0}" -eq 0 ]; then
        failed=1
        tail -n 40 "$name.log"
    fi
done
[ $failed -eq 0 ] || ls found
exit $failed
