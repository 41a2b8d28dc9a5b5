#!/bin/bash
# --csv holds the very values of --json, under their names, in every view and way to run.
# shellcheck source=tests/integration/recording.sh
. "$(dirname "$0")/recording.sh"

# same_as_json VIEW JSON CSV: the CSV's rows are the JSON's, in whatever order. Of a process
# that has ended only the time moves, and how long ago things were.
same_as_json() {
    ruby -rjson -rcsv -e 'view, json, csv = ARGV
        moving = %w[time process.uptime memory.sample_age]
        report = JSON.parse(File.read(json))
        report["jemalloc_conf"] = report["process"].delete("jemalloc_conf")
        named = ->(name, values) { values.transform_keys { |key| "#{name}.#{key}" } }
        front = { "time" => nil, "process.pid" => report["process"]["pid"] }
        wanted =
            case part = report[view]
            when Array then part.map { |row| front.merge(named[view, row]) }
            when Hash then [front.merge(named[view, part])]
            else
                groups = report.select { |_, value| value.is_a?(Hash) }
                [{ "time" => nil }.merge(*groups.map { |name, values| named[name, values] })]
            end
        found = CSV.read(csv, headers: true).map(&:to_h)
        same = lambda do |value, text|
            value.nil? ? text.nil? : value.is_a?(Float) ? Float(text) == value : value.to_s == text
        end
        alike = lambda do |row, other|
            row.keys.sort == other.keys.sort &&
                row.all? { |name, value| moving.include?(name) || same[value, other[name]] }
        end
        abort "#{found.size} rows, not #{wanted.size}" unless found.size == wanted.size
        wanted.each do |row|
            if (at = found.index { |other| alike[row, other] })
                found.delete_at(at)
                next
            end
            nearest = found.min_by { |other| row.count { |name, value| !same[value, other[name]] } }
            (row.keys | nearest.keys).each do |name|
                next if moving.include?(name) || (row.key?(name) && nearest.key?(name) && same[row[name], nearest[name]])
                puts "#{name}: #{nearest.fetch(name, "no column").inspect}, in JSON #{row.fetch(name, "no field").inspect}"
            end
            exit 1
        end' "$@" || fail "view '$1' differs from the JSON"
}

test_every_view() {
    kill -9 "$pid" && until_true 30 sh -c "! kill -0 $pid 2>/dev/null"
    expect 0 --json "$pid"
    mv "$out" "$TEST_DIR/json"
    for view in '' classes sizes threads arenas settings advice calls totals jemalloc_conf glibc memory; do
        # shellcheck disable=SC2086 # no word where there is no view
        expect 0 --csv ${view:+--view $view} "$pid"
        same_as_json "$view" "$TEST_DIR/json" "$out"
    done
}

# Known while it lives; unknown is nothing at all, and never a 0.
test_unknown_is_empty() {
    start_leaker
    expect 0 --csv --once "$pid"
    ruby -rcsv -e 'row = CSV.read(ARGV[0], headers: true)[0]
        exit(row["memory.rss"].to_i > 1 << 20 && row["glibc.heap"].nil? && row["process.pid"] == ARGV[1])' \
        "$out" "$pid" || fail "a live process's values"
}

test_batch_has_one_head() {
    expect 0 --csv --batch -n 3 -d 0.05 "$pid"
    [ "$(wc -l <"$out")" -eq 4 ] && [ "$(grep -c '^time,process.pid,' "$out")" -eq 1 ] || fail "not a head and three rows"
    expect 0 --csv --batch -n 2 -d 0.05 --view calls "$pid"
    [ "$(wc -l <"$out")" -eq 3 ] || fail "not a head and two rows"
    awk -F, 'NF != 10 { exit 1 }' "$out" || fail "not ten columns"
}

test_chosen_rows() {
    leak 4 4
    expect 0 --csv --view classes --fields size,live_objects --sort size --limit 1 "$pid"
    printf 'time,process.pid,classes.size,classes.live_objects\n' | cmp -s - <(head -n 1 "$out") || fail "other names"
    sed 1d "$out" | grep -qE "^[^,]+,$pid,$((7 << 20)),4\$" || fail "not the four known objects"
    [ "$(wc -l <"$out")" -eq 2 ] || fail "not one row"
}

test_list() {
    local first=$pid
    start_leaker
    expect 0 --csv --fields pid,command
    for each in $first $pid; do
        grep -qE "^[^,]+,$each,.*ruby" "$out" || fail "no row of $each"
    done
    expect 0 --csv --sort pid --limit 1
    [ "$(wc -l <"$out")" -eq 2 ] || fail "not one row"
}

test_errors() {
    expect 2 --csv --json "$pid"
    expect 2 --csv --purge "$pid"
    expect 2 --csv --fields threads
    expect 2 --csv --view nonsense "$pid"
    expect 1 --csv 2147483647
    "$top" --csv "$pid" >/dev/full 2>"$err"
    [ $? -eq 1 ] && expect_one_message || fail "a full disk is no error"
    LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 "$top" --csv --view classes "$pid" | awk -F, 'NF != 13 { exit 1 }' ||
        fail "a locale moves commas"
}

what=csv
: >"$out" >"$err"
start_leaker
leak 3 3
for test in every_view unknown_is_empty batch_has_one_head chosen_rows list errors; do
    test_$test
done

[ $failures -eq 0 ]
