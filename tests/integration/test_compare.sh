#!/bin/bash
# --compare, against a real Ruby that leaks exactly as many objects as it is told.
# shellcheck source=tests/integration/recording.sh
. "$(dirname "$0")/recording.sh"
a=$TEST_DIR/a.json b=$TEST_DIR/b.json file=$TEST_DIR/c.jsonl
size=$((7 << 20)) # the class of 7 000 001 bytes, which Ruby itself never asks for

class='$all[0]["classes"].find { |row| row["size"] == 7 << 20 }'
delta() { echo "{\"a\" => $1, \"b\" => $2, \"difference\" => $2 - $1}"; }

# class_is A B: the leaking class's objects and bytes on both sides.
class_is() {
    true_of "$out" "$class['live_objects'] == $(delta "$1" "$2")"
    true_of "$out" "$class['live_bytes'] == $(delta "$(($1 * size))" "$(($2 * size))")"
}

save() { "$top" --json "$pid" >"$1" || fail "no report of $pid"; }

test_leak_of_known_size() {
    leak 3 3
    save "$a"
    leak 37 40
    save "$b"
    expect 0 --compare --json "$a" "$b"
    true_of "$out" '$all[0]["schema"] == "ruby_alloc.compare/1" && $all[0]["fail_over"].nil?'
    class_is 3 40
    true_of "$out" '$all[0]["classes"][0]["size"] == 7 << 20'
    true_of "$out" '$all[0]["sizes"][0].values_at("min", "max") == [6291457, 7 << 20]'
    true_of "$out" "\$all[0]['sizes'][0]['allocations'] == $(delta 3 40)"
    true_of "$out" "\$all[0]['sizes'][0]['requested_bytes'] == $(delta 21000003 280000040)"
    for name in a b; do # each value is that of the report
        ruby -rjson -e 'compared, report = ARGV.first(2).map { |name| JSON.parse(File.read(name)) }
            side = ARGV[2]
            %w[memory fragmentation totals calls].each do |group|
                compared[group].each { |key, value| value[side] == report[group][key] or exit 1 }
            end
            compared["classes"].each do |row|
                found = report["classes"].find { |other| other["size"] == row["size"] }
                row["live_bytes"][side] == (found ? found["live_bytes"] : 0) or exit 1
            end
            exit(compared[side]["process"] == report["process"].except("jemalloc_conf"))' "$out" "$TEST_DIR/$name.json" $name ||
            fail "side $name is not its report"
    done
}

# What comes out of a pipe, as of a process substitution, or from standard input.
test_pipes() {
    expect 0 --compare --json <(cat "$a") <(sleep 0.2; cat "$b")
    class_is 3 40
    "$top" --compare --json "$a" - <"$b" >"$out" 2>"$err" || fail "standard input: $(cat "$err")"
    class_is 3 40
    cat "$b" | "$top" --compare --json "$a" - >"$out" 2>"$err" || fail "a pipe: $(cat "$err")"
    class_is 3 40
    expect 5 --compare "$a" <(:)
    err_has 'holds no report: it is empty'
    expect 1 --compare "$a" /dev/null
}

# Smaller is no failure either way round.
test_shrinking() {
    expect 0 --compare --json --fail-over 0 "$b" "$a"
    class_is 40 3
    true_of "$out" '$all[0]["fail_over"] == {"limit" => 0, "exceeded" => false}'
}

test_fail_over() {
    local grown
    expect 0 --compare --json "$a" "$b"
    grown=$(ruby -rjson -e 'print JSON.parse($<.read)["memory"]["live"]["difference"]' "$out")
    [ "$grown" -ge $((37 * size)) ] || fail "grew by $grown"
    expect 0 --compare --fail-over "$grown" "$a" "$b"
    expect 10 --compare --fail-over $((grown - 1)) "$a" "$b"
    err_has "live memory grew by .*\($grown bytes\), 1 more than --fail-over allows"
    expect 10 --compare --fail-over 200M --json "$a" "$b"
    true_of "$out" '$all[0]["fail_over"] == {"limit" => 200 << 20, "exceeded" => true}'
    expect 0 --compare --fail-over 1G "$a" "$b"
    sed 's/"live": [0-9]*/"live": null/' "$a" >"$TEST_DIR/null.json"
    for pair in "$TEST_DIR/null.json $b" "$a $TEST_DIR/null.json"; do
        # shellcheck disable=SC2086 # two words
        expect 1 --compare --fail-over 1G $pair
        err_has 'not known on both sides'
    done
    expect 0 --compare "$TEST_DIR/null.json" "$b"
    out_has 'live memory is not known'
    for pair in "$TEST_DIR/null.json $b" "$b $TEST_DIR/null.json"; do
        # shellcheck disable=SC2086 # two words
        expect 0 --compare --json $pair
        true_of "$out" '$all[0]["memory"]["live"].then { |live|
            live["difference"].nil? && [live["a"], live["b"]].one?(&:nil?) && [live["a"], live["b"]].one?(Integer) }'
    done
    sed -E 's/"ratio": [0-9.]+/"ratio": null/' "$a" >"$TEST_DIR/null.json"
    expect 0 --compare --json "$TEST_DIR/null.json" "$b"
    true_of "$out" '$all[0]["fragmentation"]["ratio"].then { |ratio|
        ratio["a"].nil? && ratio["b"].is_a?(Float) && ratio["difference"].nil? }'
    true_of "$out" '$all[0]["memory"]["swap"].values.all?(Integer)' # and what is 0 is no null
}

test_text() {
    expect 0 --compare "$a" "$b"
    out_has '^A  report 1 of 1 in '
    out_has '^live .* \+2[0-9]{2}\.[0-9]MiB$'
    out_has '^most changed: class 7MiB: \+259\.0MiB, \+37 objects$'
    out_has '^ +7MiB +21\.0MiB +280\.0MiB +\+259\.0MiB +3 +40 +\+37$'
    awk 'length > 80 { exit 1 }' "$out" || fail "wider than 80 columns"
}

test_against_the_running_process() {
    expect 0 --compare --json "$a" "$pid"
    class_is 3 40
    true_of "$out" '$all[0]["b"].values_at("source", "report", "reports") == [nil, nil, nil]'
    expect 0 --compare --json "$pid" "$pid"
    true_of "$out" "$class.nil?" # the same on both sides
}

# Of two recordings the last reports; of one and the same the first and the last.
test_recordings() {
    rm -f "$file"
    for total in 41 42 43; do
        leak 1 $total
        expect 0 --record "$file" -n 1 "$pid"
    done
    expect 0 --compare --json "$file" "$file"
    class_is 41 43
    expect 0 --compare --json "$a" "$file"
    class_is 3 43
    true_of "$out" '$all[0]["b"].values_at("report", "reports") == [3, 3]'
    expect 0 --compare --json "$file@2" "$file@last"
    class_is 42 43
    expect 0 --compare --json "$file@first" "$file@2"
    class_is 41 42
    cp "$file" "$TEST_DIR/odd@2"
    expect 0 --compare --json "$TEST_DIR/odd@2" "$TEST_DIR/odd@2" # a file of this very name
    class_is 41 43
    for number in 0 4 99999999999999999999; do
        expect 1 --compare "$file@$number" "$file"
        err_has "holds 3 reports: there is no number $number$"
    done
    expect 1 --compare "$a" "$a"
    err_has 'holds one report, nothing to compare it with'
}

test_damaged_recording() {
    { cat "$file" && echo '{"schema": "ruby' && tail -n 1 "$file" | sed 's/"live": /&-/;s/"live": -[0-9]*/"live": "x"/'; } \
        >"$TEST_DIR/damaged"
    what="damaged recording"
    "$top" --compare --json "$file@first" "$TEST_DIR/damaged" >"$out" 2>"$err" || fail "refused"
    expect_one_message
    err_has 'damaged: line 4 is damaged: it is cut off; 1 of 5 lines left out'
    class_is 41 43 # the last line holds no number where one belongs: the one before counts

    what="damaged recording with a limit"
    "$top" --compare --fail-over 1G "$file@first" "$TEST_DIR/damaged" >"$out" 2>"$err"
    [ $? -eq 5 ] || fail "a check for leaks passes though reports are missing"
    err_has "can't decide"
    "$top" --compare --fail-over 1G "$TEST_DIR/damaged" "$file" >"$out" 2>"$err"
    [ $? -eq 5 ] || fail "a check for leaks passes though reports before are missing"
    "$top" --compare --fail-over 0 "$file@first" "$TEST_DIR/damaged" >"$out" 2>"$err"
    [ $? -eq 10 ] || fail "what is whole grew, and that is not said"
}

test_several_processes() {
    local first=$pid
    start_leaker
    leak 2 2
    cp "$file" "$TEST_DIR/both"
    expect 0 --record "$TEST_DIR/both" -n 1 "$pid"
    leak 2 4
    expect 0 --record "$TEST_DIR/both" -n 1 "$pid"
    expect 1 --compare "$TEST_DIR/both" "$TEST_DIR/both"
    err_has "holds reports of 2 processes .*$pid.*: add the PID of one"
    expect 0 --compare --json "$TEST_DIR/both" "$TEST_DIR/both" "$pid"
    class_is 2 4
    expect 0 --compare --json "$TEST_DIR/both" "$TEST_DIR/both" "$first"
    class_is 41 43
    expect 0 --compare --json "$file@first" "$TEST_DIR/both" # a file of one process decides
    class_is 41 43
    expect 0 --compare --json "$TEST_DIR/both" "$pid"
    true_of "$out" "$class.nil?"
    expect 1 --compare "$TEST_DIR/both" "$file" 1
    err_has 'holds no report of process 1$'
}

test_errors() {
    expect 1 --compare "$TEST_DIR/none" "$a"
    expect 1 --compare "$a" 2147483647
    expect 1 --compare "$a" 99999999999999999999
    expect 1 --compare "$TEST_DIR" "$a"
    echo 'puts 1' >"$TEST_DIR/script"
    expect 5 --compare "$TEST_DIR/script" "$a"
    err_has 'holds no report: line 1 is damaged: it is not JSON'
    sed 's/report\/1/report\/2/' "$a" >"$TEST_DIR/newer"
    expect 5 --compare "$TEST_DIR/newer" "$a"
    err_has "its schema is 'ruby_alloc.report/2'"
    expect 2 --compare "$a"
}

# What jq makes of a snapshot.
test_snapshot_over_several_lines() {
    ruby -rjson -e 'puts JSON.pretty_generate(JSON.parse($<.read))' "$a" >"$TEST_DIR/pretty"
    expect 0 --compare --json "$TEST_DIR/pretty" "$b"
    class_is 3 40
}

test_example() {
    what="examples/leak/find.sh"
    BUILD=$RUBY_ALLOC_BUILD timeout 120 sh "$here/../../examples/leak/find.sh" >"$out" 2>"$err" ||
        fail "exit status $?"
    out_has '^most changed: class 3072: \+1[0-9]{2}\.[0-9]MiB, \+[34][0-9]{4} objects$'
    out_has '^exit status 10:'
    expect_one_message
}

start_leaker
for test in leak_of_known_size shrinking fail_over text against_the_running_process recordings \
    damaged_recording several_processes errors snapshot_over_several_lines example; do
    test_$test
done

[ $failures -eq 0 ]
