#!/bin/bash
# RUBY_ALLOC_BACKEND=libc on real Rubies: they run, in threads and children too, and the report
# tells of glibc what jemalloc's would of jemalloc; counts are as exact as under jemalloc.
set -euo pipefail
. "$(dirname "$0")/poll.sh"
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so
export RUBY_ALLOC_DIR=$TEST_DIR/regions
mkdir "$RUBY_ALLOC_DIR"
failed=0
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true' EXIT

complain() {
    echo "$*"
    failed=1
}

# check FILE: of the report r in FILE each Ruby expression on stdin, one a line, is true.
check() {
    ruby -rjson -e 'r = JSON.parse(File.read(ARGV.shift))
      wrong = $stdin.each_line(chomp: true).reject { |line| binding.eval(line) }
      abort wrong.join("\n") unless wrong.empty?' "$1" 2>&1 || complain "not so in $1"
}

# launch SCRIPT [NAME=VALUE...]: starts a Ruby that tells when it is ready; sets pid.
launch() {
    local script=$1
    shift
    rm -f "$TEST_DIR/ready"
    env "$@" LD_PRELOAD="$shim" ruby -e "$script; File.write(ARGV[0], ''); sleep" "$TEST_DIR/ready" &
    pid=$!
}

# ruby_with: the same, and waits until it is ready.
ruby_with() {
    launch "$@"
    until_true 60 test -e "$TEST_DIR/ready" || { echo "the Ruby did not get ready: $1" && exit 1; }
}

stop() {
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
    rm -f "$RUBY_ALLOC_DIR"/*
}

# The suites whose victims' objects are of one size, under glibc.
for suite in threads:cross threads:churn threads:destructors fork:busy fork:depth endings; do
    case $suite in *:*) export CK_RUN_CASE=${suite#*:} ;; esac
    mkdir "$TEST_DIR/$suite"
    TEST_DIR=$TEST_DIR/$suite RUBY_ALLOC_BACKEND=libc "$RUBY_ALLOC_BUILD/tests/integration/test_${suite%:*}" \
        >"$TEST_DIR/output" 2>&1 || { cat "$TEST_DIR/output" && complain "test_$suite under glibc"; }
    unset CK_RUN_CASE
done

threads='ready = Queue.new
16.times { |i| Thread.new { ready << Array.new(2000) { |n| "y" * (n + i) }; sleep } }
$kept = Array.new(16) { ready.pop }'
ruby_with "$threads" RUBY_ALLOC_BACKEND=libc MALLOC_ARENA_MAX=2
"$top" --json "$pid" >"$TEST_DIR/two.json"
stop
check "$TEST_DIR/two.json" <<<'r["glibc"]["arenas"] == 2 && r["arenas"].size == 2'

ruby_with "$threads" RUBY_ALLOC_BACKEND=libc RUBY_ALLOC_LOG="$TEST_DIR/log"
"$top" --json "$pid" >"$TEST_DIR/all.json"
"$top" --view memory "$pid" >"$TEST_DIR/all.txt"
stop
grep -q ' -  thread_cache: ' "$TEST_DIR/all.txt" && grep -q '%  stranded: heads of chunks, and caches$' "$TEST_DIR/all.txt" ||
    complain "glibc's losses: $(cat "$TEST_DIR/all.txt")"
[ ! -e "$TEST_DIR/log" ] || complain "log: $(cat "$TEST_DIR/log")"
check "$TEST_DIR/all.json" <<'EXPRESSIONS'
r["process"].values_at("backend", "jemalloc_version", "state") == ["libc", nil, "running"]
r["glibc"].values.all?(Integer)
r["glibc"]["arenas"] > 2 && r["arenas"].size == r["glibc"]["arenas"]
r["arenas"].sum { |a| a["dirty"] } == r["glibc"]["top"]
r["memory"].values_at("metadata", "muzzy", "retained", "tcache", "internal") == [nil] * 5
r["memory"]["live"] <= r["memory"]["allocated"] && r["memory"]["allocated"] <= r["memory"]["active"]
r["memory"]["active"] + r["glibc"]["top"] == r["memory"]["resident"]
r["classes"].all? { |c| c.values_at("slabs", "slab_regions", "utilization", "gap_bytes").none? }
r["classes"].map { |c| c["size"] }.select { |s| s <= 4096 }.all? { |s| s % 16 == 8 }
r["classes"].sum { |c| c["live_bytes"] } == r["memory"]["live"]
r["sizes"].sum { |s| s["allocations"] } == r["totals"]["allocations"]
r["fragmentation"].values_at("class_gaps", "large_padding", "metadata").none?
r["fragmentation"]["thread_cache"].nil?
r["fragmentation"]["stranded"] == r["memory"]["allocated"] - r["memory"]["live"]
%w[rounding stranded slab_gaps dirty].include?(r["fragmentation"]["largest"])
r["settings"].empty? && r["process"]["jemalloc_conf"].values.none?
EXPRESSIONS

# Children, and theirs, made while samples are taken; each ends as it should.
launch 'Thread.new { loop { Array.new(50) { "z" * 3000 } } }
good = (1..100).count do
  Process.wait(fork { Process.wait(fork { exit! 5 }); GC.start; exit!($?.exitstatus + 1) })
  $?.exitstatus == 6
end
File.write(ENV["GOOD"], good.to_s)' RUBY_ALLOC_BACKEND=libc GOOD="$TEST_DIR/good"
sampled() {
    "$top" --json "$pid" >"$TEST_DIR/busy.json" 2>/dev/null || true
    [ -e "$TEST_DIR/ready" ]
}
until_true 120 sampled || complain "the children did not end"
"$top" --json "$pid" >"$TEST_DIR/busy.json"
stop
[ "$(cat "$TEST_DIR/good")" = 100 ] || complain "$(cat "$TEST_DIR/good") of 100 children ended well"
check "$TEST_DIR/busy.json" <<<'r["glibc"].values.all?(Integer)'

# The same output and status as without the library; a child's child, and what Ruby loads late.
work='require "json"; require "digest"; require "socket"
puts JSON.generate(Array.new(1000) { |i| Digest::MD5.hexdigest("x" * i) }).hash.class
puts `echo spawned`
$stdout.flush
Process.wait(fork { print "forked" })
exit 7'
for setting in RUBY_ALLOC=1 RUBY_ALLOC=0 RUBY_ALLOC_ALL=1; do
    status=0
    output=$(env "$setting" RUBY_ALLOC_BACKEND=libc LD_PRELOAD="$shim" ruby -e "$work" 2>&1) || status=$?
    [ "$status:$output" = "7:Integer
spawned
forked" ] || complain "with $setting: status $status: $output"
done
[ -z "$(ls "$RUBY_ALLOC_DIR")" ] || complain "left: $(ls "$RUBY_ALLOC_DIR")"

# What is no allocator is told, and jemalloc serves.
for value in jemalloc glibc; do
    ruby_with '' RUBY_ALLOC_BACKEND=$value RUBY_ALLOC_LOG="$TEST_DIR/log.$value"
    "$top" --json "$pid" >"$TEST_DIR/$value.json"
    stop
    check "$TEST_DIR/$value.json" <<<'r["process"]["backend"] == "jemalloc" && r["glibc"].values.none?'
done
[ ! -e "$TEST_DIR/log.jemalloc" ] || complain "log: $(cat "$TEST_DIR/log.jemalloc")"
grep -q 'RUBY_ALLOC_BACKEND=glibc ignored: expected libc' "$TEST_DIR/log.glibc" || complain "no word of it in the log"
exit "$failed"
