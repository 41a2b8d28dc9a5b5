#!/bin/bash
# --record, against a real Ruby: only whole lines, whatever ends the recording: the process,
# a signal, SIGKILL, a full disk. Rotation, several recorders at once.
# shellcheck source=tests/integration/recording.sh
. "$(dirname "$0")/recording.sh"
file=$TEST_DIR/a.jsonl

# 7 000 001 bytes are of class 7 MiB, which Ruby itself never asks for.
known='->(report) { report["classes"].find { |row| row["size"] == 7 << 20 }&.fetch("live_objects").to_i }'

wait_for_lines() {
    until_true 30 eval "[ -e '$1' ] && [ \$(wc -l <'$1') -ge $2 ]" || fail "no $2 lines in $1"
}

# record STATUS_FILE ARGUMENTS...: in the background; sets $recorder.
record() {
    local status=$1
    shift
    what="ruby_alloc_top --record $*"
    # A shell's background jobs ignore SIGINT; a terminal's don't.
    ruby -e 'trap("INT", "DEFAULT"); system(*ARGV.drop(1)); File.write(ARGV[0], $?.inspect)' \
        "$status" "$top" --record "$@" >"$out" 2>"$err" </dev/null &
    local parent=$!
    started+=("$parent")
    until_true 30 pgrep -P "$parent" >/dev/null || fail "not started"
    recorder=$(pgrep -P "$parent")
}

ended_with() {
    until_true 30 test -s "$1" || fail "did not end"
    grep -q "exit $2>\$" "$1" || fail "ended with $(cat "$1"), not $2"
    rm -f "$1"
}

test_lines() {
    rm -f "$file"
    expect 0 --record "$file" -n 3 -d 0.05 "$pid"
    [ ! -s "$out" ] || fail "output"
    true_of "$file" "\$all.size == 3 && \$all.all? { |r| r['process']['pid'] == $pid }"
    true_of "$file" '$all.map { |r| r["time"] }.then { |times| times == times.sort.uniq }'
    [ "$(stat -c %a "$file")" = 600 ] || fail "others may read it"
    expect 0 --record "$file" -n 2 -d 0.05 "$pid"
    true_of "$file" '$all.size == 5'
}

test_what_is_no_recording() {
    for name in script pretty; do
        what=$name
        [ $name = script ] && echo 'puts 1' >"$TEST_DIR/$name"
        [ $name = pretty ] && printf '{\n"schema": "ruby_alloc.report/1"\n}\n' >"$TEST_DIR/$name"
        cp "$TEST_DIR/$name" "$TEST_DIR/$name.before"
        expect 1 --record "$TEST_DIR/$name" "$pid"
        err_has 'something else'
        cmp -s "$TEST_DIR/$name" "$TEST_DIR/$name.before" || fail "the file was changed"
    done
    mkfifo "$TEST_DIR/fifo"
    for name in "$TEST_DIR/fifo" /dev/null; do
        expect 1 --record "$name" -n 1 "$pid"
        err_has 'it is not a file; --batch --json'
    done
    expect 1 --record "$TEST_DIR" -n 1 "$pid"
    expect 1 --record "$TEST_DIR/none/a" -n 1 "$pid"
    expect 2 --record - "$pid"
    expect 1 --record "$TEST_DIR/new" 2147483647
    [ ! -e "$TEST_DIR/new" ] || fail "made a file for no process"
}

# A recorder that was killed may leave half a line: readers skip it, the next one cuts it off.
test_half_a_line() {
    rm -f "$file"
    expect 0 --record "$file" -n 2 -d 0.05 "$pid"
    head -c 1000 "$file" >>"$file"
    "$top" --compare "$file" "$file" >"$out" 2>"$err" || fail "not read"
    err_has 'line 3 is damaged: it is cut off; 1 of 3 lines left out'
    "$top" --record "$file" -n 1 "$pid" >"$out" 2>"$err" || fail "not repaired"
    expect_one_message
    err_has 'its last 1000 bytes were cut off'
    true_of "$file" '$all.size == 3'
    truncate -s -1 "$file" # whole but for its newline
    expect 0 --record "$file" -n 1 "$pid"
    true_of "$file" '$all.size == 4'
}

test_signals() {
    for signal in INT TERM HUP; do
        rm -f "$file"
        record "$TEST_DIR/status" "$file" -d 3600 "$pid"
        wait_for_lines "$file" 1
        kill -$signal "$recorder"
        ended_with "$TEST_DIR/status" 0
        what="$what, SIG$signal"
        [ ! -s "$err" ] || fail "not silent"
        true_of "$file" '$all.size == 1'
    done
}

test_killed_recorder() {
    rm -f "$file"
    for round in 1 2 3 4 5; do
        local before=0
        [ ! -e "$file" ] || before=$(stat -c %s "$file")
        "$top" --record "$file" -d 0.001 "$pid" >"$out" 2>"$err" &
        recorder=$! what="killed recorder, round $round"
        started+=("$recorder")
        until_true 30 eval "[ -e '$file' ] && [ \$(stat -c %s '$file') -gt $((before + 100000)) ]"
        kill -9 "$recorder"
        wait "$recorder" 2>/dev/null
        ruby -rjson -e 'lines = File.readlines(ARGV[0])
            whole = lines.select { |line| line.end_with?("\n") }.each { |line| JSON.parse(line) }
            exit(lines.size - whole.size <= 1 && !whole.empty?)' "$file" || fail "a broken line"
    done
    "$top" --record "$file" -n 1 "$pid" >"$out" 2>"$err" || fail "can't go on"
    true_of "$file" '$all.size > 5'
}

# The last report is of the very end, though the process took its region with it.
test_process_ends() {
    start_leaker
    rm -f "$file"
    record "$TEST_DIR/status" "$file" -d 3600 "$pid"
    wait_for_lines "$file" 1
    leak 7 7
    echo 0 >"$orders"
    ended_with "$TEST_DIR/status" 0
    [ ! -s "$err" ] || fail "not silent"
    true_of "$file" '$all.map { |r| r["process"]["state"] } == %w[running exited]'
    true_of "$file" "\$all.map(&$known) == [0, 7]"
}

# Each for itself: one that ends has its last report then, and the others go on.
test_several_processes() {
    local first second
    start_leaker
    first=$pid first_orders=$orders
    start_leaker
    second=$pid
    rm -f "$file"
    record "$TEST_DIR/status" "$file" -d 3600 "$first" "$second"
    wait_for_lines "$file" 2
    echo 0 >"$first_orders"
    wait_for_lines "$file" 3
    leak 4 4
    echo 0 >"$orders"
    ended_with "$TEST_DIR/status" 0
    [ ! -s "$err" ] || fail "not silent"
    true_of "$file" "\$all.map { |r| r['process'].values_at('pid', 'state') } ==
        [[$first, 'running'], [$second, 'running'], [$first, 'exited'], [$second, 'exited']]"
    true_of "$file" "\$all.map(&$known) == [0, 0, 0, 4]"
    start_leaker
    what="one of two"
    tool 1 --record "$file" -n 2 -d 0.05 2147483647 "$pid"
    expect_one_message
    true_of "$file" "\$all.size == 6 && \$all.last['process']['pid'] == $pid"
}

# Processes end all the while, more often than every -d: the one that stays is read on time.
test_an_end_does_not_put_the_next_report_off() {
    local ending=() stays each
    start_leaker
    stays=$pid
    for each in {1..20}; do
        RUBY_ALLOC_ALL=1 LD_PRELOAD=$library sleep 600 &
        disown
        ending+=($!)
        started+=($!)
    done
    for each in "${ending[@]}"; do
        until_true 30 eval "ls '$RUBY_ALLOC_DIR'/ruby_alloc.$each.* >'$out' 2>&1" || fail "no region of $each"
    done
    rm -f "$file"
    record "$TEST_DIR/status" "$file" -d 2 "$stays" "${ending[@]}"
    wait_for_lines "$file" 21
    for each in "${ending[@]}"; do
        kill -9 "$each"
        until_true 30 grep -q "\"pid\": *$each,.*\"exited\"" "$file" || fail "no last report of $each"
        [ "$(grep -c "\"pid\": *$stays," "$file")" -lt 2 ] || break
        until_true 1 eval "[ \$(grep -c '\"pid\": *$stays,' '$file') -ge 2 ]" && break
    done
    [ "$(grep -c "\"pid\": *$stays," "$file")" -ge 2 ] ||
        fail "20 ends, each within the 2 s of -d, put off the next report of the process that stays"
    kill -INT "$recorder"
    ended_with "$TEST_DIR/status" 0
}

test_process_killed() {
    start_leaker
    rm -f "$file"
    record "$TEST_DIR/status" "$file" -d 3600 "$pid"
    wait_for_lines "$file" 1
    leak 5 5
    kill -9 "$pid"
    ended_with "$TEST_DIR/status" 0
    true_of "$file" "\$all.map(&$known) == [0, 5] && \$all[1]['process']['state'] == 'exited'"
    expect 0 --record "$file" "$pid" # what it left behind
    true_of "$file" "\$all.map(&$known) == [0, 5, 5]"
}

test_file_size_limit() {
    rm -f "$file"
    what="ulimit -f"
    (ulimit -f 200 && exec "$top" --record "$file" -d 0.01 "$pid") >"$out" 2>"$err" </dev/null
    [ $? -eq 1 ] || fail "exit status is not 1"
    expect_one_message
    err_has 'File too large; [1-9][0-9]* reports were written'
    true_of "$file" '$all.size >= 1 && File.size(ARGV[0]) <= 200 * 1024'
}

# In a mount namespace of its own, so that nothing is left behind.
test_full_disk() {
    local disk=$TEST_DIR/disk
    what="full disk"
    mkdir "$disk"
    if ! unshare -m true 2>/dev/null; then
        echo "not root: a full disk is tested by a limit on the size of files alone"
        return
    fi
    unshare -m sh -c 'mount -t tmpfs -o size=256k none "$1" || exit 99
        "$2" --record "$1/a" -d 0.01 "$3" </dev/null; status=$?
        cp "$1/a" "$4"; exit $status' sh "$disk" "$top" "$pid" "$file" >"$out" 2>"$err"
    [ $? -eq 1 ] || fail "exit status is not 1"
    expect_one_message
    err_has 'No space left on device; [1-9][0-9]* reports were written'
    true_of "$file" '$all.size >= 1'
}

test_rotation() {
    rm -f "$file"*
    expect 0 --record "$file" --max-size 200K -d 0.01 -n 40 "$pid"
    [ "$(echo "$file"*)" = "$file $file.1 $file.2 $file.3" ] || fail "made $(echo "$file"*)"
    for part in "$file" "$file".[123]; do
        true_of "$part" '!$all.empty? && File.size(ARGV[0]) <= 200 * 1024'
    done
    cat "$file.3" "$file.2" "$file.1" "$file" >"$TEST_DIR/whole"
    true_of "$TEST_DIR/whole" '$all.map { |r| r["time"] }.then { |times| times == times.sort.uniq }'
    rm -f "$file"*
    "$top" --record "$file" --max-size 1 -d 0.01 -n 3 "$pid" >"$out" 2>"$err" || fail "--max-size 1"
    [ "$(grep -c 'ruby_alloc_top: a report takes .*, more than --max-size: each file holds one' "$err")" = 1 ] ||
        fail "--max-size below a report: $(cat "$err")"
    true_of "$file.2" '$all.size == 1' # larger than allowed, but whole
}

test_several_recorders() {
    local recorders=()
    rm -f "$file"*
    what="several recorders"
    for recorder in 1 2 3; do
        "$top" --record "$file" --max-size 1M -d 0.001 -n 15 "$pid" >"$out" 2>"$err" </dev/null &
        recorders+=($!)
    done
    for recorder in "${recorders[@]}"; do
        wait "$recorder" || fail "one failed"
    done
    cat "$file"* >"$TEST_DIR/whole"
    true_of "$TEST_DIR/whole" '$all.size == 45'
}

# As log rotation does it.
test_renamed_file() {
    rm -f "$file"*
    record "$TEST_DIR/status" "$file" -d 0.05 "$pid"
    wait_for_lines "$file" 1
    ln "$file" "$file.old" && : >"$file.new" && mv "$file.new" "$file" # replaced at one stroke
    wait_for_lines "$file" 1
    mv "$file" "$file.older"
    wait_for_lines "$file" 1
    kill -TERM "$recorder"
    ended_with "$TEST_DIR/status" 0
    true_of "$file.old" '!$all.empty?'
    true_of "$file.older" '!$all.empty?'
    true_of "$file" '!$all.empty?'
}

test_progress_on_a_terminal() {
    what="on a terminal"
    rm -f "$file"
    script -qec "'$top' --record '$file' -n 5 -d 0.1 $pid" /dev/null >"$out" 2>"$err" </dev/null
    out_has "recording process $pid: [1-5] reports?, [0-9.]+.iB, for "
    out_has "ruby_alloc_top: 5 reports \([0-9.]+.iB\) were written to $file"
}

start_leaker
sampled=$pid
for test in lines what_is_no_recording half_a_line signals killed_recorder process_ends several_processes \
    an_end_does_not_put_the_next_report_off process_killed file_size_limit full_disk rotation several_recorders renamed_file progress_on_a_terminal; do
    pid=$sampled
    test_$test
done

[ $failures -eq 0 ]
