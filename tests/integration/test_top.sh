#!/bin/bash
# ruby_alloc_top from the command line, against a real Ruby: each mode, each exit
# status, each bad option, broken pipes and full disks.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"

# json EXPRESSION: of $report, the first line of the output; and of $reports, all lines.
json() {
    ruby -rjson -e '$reports = File.readlines(ARGV[0]).map { |line| JSON.parse(line) }
        $report = $reports[0]
        exit(eval(ARGV[1]) ? 0 : 1)' "$out" "$1" || fail "not true: $1"
}

# start NAME SCRIPT [ENVIRONMENT...]: a process that touches $TEST_DIR/NAME once it is up; sets $pid.
start() {
    local name=$1 script=$2
    shift 2
    env "$@" ruby -e 'eval ARGV[0]; File.write(ARGV[1], ""); loop { @work&.call; sleep 0.05 }' \
        "$script" "$TEST_DIR/$name" >/dev/null 2>&1 &
    pid=$!
    started+=("$pid")
    until_true 30 test -e "$TEST_DIR/$name" || fail "$name did not start"
}

test_help_and_version() {
    for option in --help -h; do
        expect 0 $option
        for word in --once --json --batch --delay --iterations --help --version LD_PRELOAD \
            requested slab_gaps 'Exit status' Examples; do
            out_has "$word"
        done
    done
    for option in --version -V; do
        expect 0 $option
        out_has '^ruby_alloc_top [0-9]+\.[0-9]+\.[0-9]+$'
    done
}

test_bad_usage() {
    local bad
    while read -r bad; do
        # shellcheck disable=SC2086 # words on purpose
        expect 2 $bad
        err_has -- '--help'
        [ ! -s "$out" ] || fail "output"
    done <<'BAD'
--nonsense
-x
ruby
0
--
1x
99999999999999999999
--once=1 1
-d
-d 0 1
-d -1 1
-d x 1
-d 1e9 1
-d nan 1
-d 86401 1
-n
--batch -n -1 1
--batch -n x 1
-n 1 1
--once --batch 1
--batch
BAD
}

test_none_found() {
    expect 1
    err_has 'LD_PRELOAD=libruby_alloc.so'
    expect 1 --json
    expect 1 4194305
    expect 1 --once --json 4194305
    expect 1 --batch 4194305
}

test_without_library() {
    start plain '' LD_PRELOAD=
    expect 3 "$pid"
    err_has 'LD_PRELOAD'
    expect 3 --json "$pid"
}

# Those asked for by number are shown as far as they can be, and of each other it is said why.
test_several() {
    what="several pids, of which one is there"
    tool 1 --fields pid 4194305 "$ruby"
    expect_one_message
    err_has 'no process 4194305'
    out_has "^ +$ruby$"
    tool 1 4194305 4194304
    [ "$(grep -c '^ruby_alloc_top: no process 419430[45],' "$err")" -eq 2 ] || fail "not one message for each"
}

# It is the filter, not the library, that is to blame.
test_all_left_out() {
    expect 1 --match 'no such command'
    err_has 'no process to show: [0-9]+ left out by --match$'
    expect 1 --match 'no such command' --user 12345
    err_has ' left out by --user and --match$'
    expect 1 --user 12345
    err_has ' left out by --user$'
}

# An executable that brings its own allocator: nothing that is preloaded can reach it.
test_own_allocator() {
    local bump=$RUBY_ALLOC_BUILD/tests/integration/victim_bump bumps status
    mkfifo "$TEST_DIR/end"
    touch "$TEST_DIR/bump" "$TEST_DIR/bare"
    LD_PRELOAD=$library "$bump" <"$TEST_DIR/end" >"$TEST_DIR/bump" &
    bumps=("$!")
    started+=("$!")
    "$bump" <"$TEST_DIR/end" >"$TEST_DIR/bare" &
    bumps+=("$!")
    started+=("$!")
    exec 8>"$TEST_DIR/end"
    until_true 20 grep -q ready "$TEST_DIR/bump" || fail "the program does not start"
    until_true 20 grep -q ready "$TEST_DIR/bare" || fail "the program does not start"
    for pid in "${bumps[@]}"; do
        expect 3 "$pid"
        err_has 'its executable has an allocator of its own, which no preloaded library can replace'
    done
    exec 8>&-
    for pid in "${bumps[@]}"; do
        wait "$pid"
        status=$?
        [ $status -eq 0 ] || fail "the program came to harm: $status"
    done
    expect 0 --json "$ruby"
    json '$report["process"]["own_allocator"] == false'
}

test_once() {
    expect 0 "$ruby"
    for label in "^pid $ruby " '^command ruby ' '^ruby_version [0-9]' '^requested +~' '^live ' \
        '^allocated ' '^active ' '^resident ' '^rss ' ' rounding: ' ' thread_cache: ' ' slab_gaps: ' \
        ' dirty: ' ' metadata: ' ' other: ' '^largest ' '^ratio ' '^sizes: ' '^classes: ' \
        '^threads: ' '^calls' 'malloc '; do
        out_has "$label"
    done
    ! grep -q STALE "$out" || fail "stale"
    expect 0 --once "$ruby"
    [ "$(grep -c . "$out")" -ge 40 ] || fail "shorter than without --once"
}

test_json() {
    expect 0 --once --json "$ruby"
    [ "$(wc -l <"$out")" -eq 1 ] || fail "not one line"
    json '$report.keys == %w[schema tool time process calls totals memory fragmentation glibc
        classes sizes threads arenas advice settings]'
    json '$report["schema"] == "ruby_alloc.report/1"'
    json '$report["tool"] =~ /\Aruby_alloc_top \d+\.\d+\.\d+\z/'
    json "\$report['process']['pid'] == $ruby && \$report['process']['state'] == 'running'"
    json '$report["process"]["ruby_version"] == RUBY_VERSION'
    json '$report["process"]["jemalloc_conf"].key?("narenas")'
    json '$report["totals"]["allocations"] > 1000'
    json 'm = $report["memory"]
        m.values_at("live", "allocated", "active", "resident").each_cons(2).all? { |a, b| a <= b } &&
        m["live"] >= m["requested"] && m["sample_age"] < 2'
    json '$report["sizes"].sum { |s| s["allocations"] } == $report["totals"]["allocations"]'
    json '$report["sizes"].all? { |s| s["allocation_rate"].nil? }'
    expect 0 --json "$ruby"
    json '$reports.size == 1'
}

test_batch() {
    expect 0 --batch --json -d 0.3 -n 3 "$ruby"
    json '$reports.size == 3'
    json '$reports[0]["sizes"].all? { |s| s["allocation_rate"].nil? }'
    json '$reports[2]["sizes"].any? { |s| s["allocation_rate"].to_f > 0 }'
    json '$reports.map { |r| r["time"] }.uniq.size == 3'
    json '$reports[0]["totals"]["allocations"] < $reports[2]["totals"]["allocations"]'
    expect 0 --batch -d 0.1 -n 2 "$ruby"
    [ "$(grep -c '^pid ' "$out")" -eq 2 ] || fail "not two reports"
    [ "$(grep -B1 '^pid ' "$out" | sed -n 3p)" = '' ] || fail "no empty line between"
}

# A list of them again and again, with rates; one that ends is no reason to stop, or to complain.
test_batch_of_several() {
    local status watcher other
    start mortal '' LD_PRELOAD="$library"
    other=$pid
    expect 0 --batch -d 0.1 -n 2 --fields pid,state "$ruby" "$other"
    [ "$(grep -vc STATE "$out")" -eq 5 ] && [ "$(sed -n 4p "$out")" = '' ] || fail "not two lists"
    expect 0 --batch --csv -d 0.1 -n 2 --fields pid --sort -pid "$ruby" "$other"
    [ "$(grep -c ^time "$out")" -eq 1 ] && [ "$(wc -l <"$out")" -eq 5 ] || fail "not a head and four rows"
    "$top" --batch --json -d 0.2 "$ruby" "$other" >"$out" 2>"$err" </dev/null &
    watcher=$!
    started+=("$watcher")
    what="batch of several"
    until_true 20 eval '[ "$(wc -l <"$out")" -ge 4 ]' || fail "nothing printed"
    kill -9 "$other" && wait "$other" 2>/dev/null
    until_true 20 eval '[ "$(tail -n 2 "$out" | grep -c "\"pid\": $ruby,")" -eq 2 ]' || fail "does not go on"
    kill "$watcher" && wait "$watcher" 2>/dev/null
    [ ! -s "$err" ] || fail "not silent"
    sed -i '$!b;/}$/!d' "$out" # a last line may be cut off
    json "\$reports.map { |r| r['process']['pid'] }.first(4) == [$ruby, $other] * 2"
    json "\$reports.select { |r| r['process']['pid'] == $other }.last['process']['state'] == 'exited'"
    json '$reports.last["classes"].any? { |c| c["allocation_rate"].to_f > 0 }'
    "$top" --prune >/dev/null
}

test_batch_until_end() {
    local status watcher
    start ending '' LD_PRELOAD="$library"
    : >"$out" # of the test before
    "$top" --batch --json -d 0.1 "$pid" >"$out" 2>"$err" </dev/null &
    watcher=$!
    started+=("$watcher")
    what="batch until the end"
    until_true 20 test -s "$out" || fail "nothing printed"
    kill "$pid"
    wait "$watcher"
    status=$?
    [ $status -eq 0 ] && [ ! -s "$err" ] || fail "status $status"
    json "\$report['process']['pid'] == $pid"
}

is_left_behind() { ! kill -0 "$pid" 2>/dev/null; }

test_killed() {
    start killed '' LD_PRELOAD="$library"
    expect 0 --json "$pid"
    kill -9 "$pid"
    wait "$pid" 2>/dev/null
    until_true 10 is_left_behind
    expect 0 --once --json "$pid"
    json '$report["process"]["state"] == "exited" && $report["totals"]["allocations"] > 1000'
    expect 0 --once "$pid"
    out_has 'state exited'
    out_has '^STALE .* has ended'
    expect 0 --batch --json -d 0.1 "$pid"
    json '$reports.size == 1'
}

test_list() {
    expect 0
    out_has '^ +PID +USER +STATE +UPTIME +RSS +LIVE +RATIO +THREADS +COMMAND$'
    out_has "^ +$ruby +[^ ]+ +running .*MiB .* ruby -e "
    expect 0 --json
    json "\$reports.any? { |r| r['process']['pid'] == $ruby }"
    json '$reports.all? { |r| r["schema"] == "ruby_alloc.report/1" }'
}

test_timeout() {
    start stopped '' LD_PRELOAD="$library"
    kill -STOP "$pid"
    expect 6 --once --json "$pid"
    json "\$report['process']['pid'] == $pid && \$report['totals']['allocations'] > 1000"
    kill -CONT "$pid"
    expect 0 --once "$pid"
}

test_denied() {
    local copy=$TEST_DIR/top
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        echo "not root: what another user sees is not tested"
        return
    fi
    cp "$top" "$copy" && chmod 755 "$copy"
    what="as another user"
    as_nobody "$copy" --once "$ruby" >"$out" 2>"$err" </dev/null
    [ $? -eq 4 ] || fail "exit status is not 4"
    expect_one_message
    [ ! -s "$out" ] || fail "output"
}

test_damaged() {
    start damaged '' LD_PRELOAD="$library"
    local region
    region=$(echo "$RUBY_ALLOC_DIR"/ruby_alloc."$pid".*)
    kill -9 "$pid"
    wait "$pid" 2>/dev/null
    printf 'nonsense' | dd of="$region" conv=notrunc status=none
    expect 5 --once "$pid"
    expect 5 --json "$pid"
    [ ! -s "$out" ] || fail "output"
    : >"$region"
    expect 5 --once "$pid"
    rm "$region"
}

test_broken_pipe() {
    local status arguments
    for arguments in "--once $ruby" "--json $ruby" --json ''; do
        what="ruby_alloc_top $arguments into a pipe without a reader"
        # shellcheck disable=SC2086 # words on purpose
        { until_true 10 test -e "$TEST_DIR/closed"; "$top" $arguments 2>"$err" </dev/null
            echo $? >"$TEST_DIR/status"; } | { exec <&-; : >"$TEST_DIR/closed"; }
        status=$(cat "$TEST_DIR/status")
        [ "$status" -eq 0 ] && [ ! -s "$err" ] || fail "status $status"
        rm "$TEST_DIR/closed"
    done
    what="a batch whose reader leaves"
    : >"$out"
    SECONDS=0
    timeout 30 "$top" --batch -d 600 "$ruby" 2>"$err" </dev/null | head -1 >"$out"
    status=${PIPESTATUS[0]}
    [ "$status" -eq 0 ] && [ ! -s "$err" ] && [ $SECONDS -lt 20 ] || fail "status $status"
    out_has '^pid '
    what="help into head"
    "$top" --help 2>"$err" | head -1 >"$out"
    status=${PIPESTATUS[0]}
    [ "$status" -eq 0 ] && [ ! -s "$err" ] || fail "status $status"
}

test_write_errors() {
    local arguments
    for arguments in --help --version "--once $ruby" "--json $ruby" "--batch $ruby" '' --json; do
        what="ruby_alloc_top $arguments into a full disk"
        : >"$out"
        # shellcheck disable=SC2086 # words on purpose
        timeout 30 "$top" $arguments >/dev/full 2>"$err" </dev/null
        [ $? -eq 1 ] || fail "exit status is not 1"
        expect_one_message
        err_has 'No space left'
    done
    what="closed stdout"
    "$top" --json "$ruby" >&- 2>"$err" </dev/null
    [ $? -eq 1 ] || fail "exit status is not 1"
    expect_one_message
    expect 0 --json "$ruby"
}

test_locales() {
    local locale
    for locale in C C.UTF-8; do
        LC_ALL=$locale expect 0 --once "$ruby"
        LC_ALL=$locale expect 0 --json "$ruby"
        json '$report["memory"]["rss"].is_a?(Integer)'
    done
}

test_help_and_version
test_bad_usage
test_none_found
test_without_library
start counted '@work = -> { 100.times { +"x" * 100 } }' LD_PRELOAD="$library"
ruby=$pid
for test in own_allocator several all_left_out once json batch batch_of_several batch_until_end killed \
    list timeout denied damaged broken_pipe write_errors locales; do
    test_$test
done

[ $failures -eq 0 ]
