#!/bin/bash
# Parts of a report for scripts: --view, --sort, --fields, --limit and --bytes show the
# JSON's values of a stopped process; in every locale alike; to a reader that goes away.
set -u

# shellcheck source=tests/integration/tool.sh
. "$(dirname "$0")/tool.sh"

start() {
    LD_PRELOAD=$library RUBY_ALLOC_INTERVAL=0 ruby --disable-gems -e "$2" "$TEST_DIR/$1" &
    pid=$!
    started+=("$pid")
    until_true 60 test -e "$TEST_DIR/$1" || fail "$1 did not start"
}

# Killed, so that each report is the same. The second has more of everything.
start small 'a = Array.new(1000) { |i| "x" * (i + 50) }; File.write(ARGV[0], ""); sleep'
small=$pid
start large 'a = Array.new(9000) { |i| "x" * (i % 900 + 50) }; Thread.new { sleep }; File.write(ARGV[0], ""); sleep'
large=$pid
"$top" --json "$large" >/dev/null
kill -9 "$large"
wait "$large" 2>/dev/null
"$top" --json "$large" >"$TEST_DIR/json"

run() {
    tool 0 "$@"
    [ ! -s "$err" ] || fail "$*: not silent"
}

# rows EXPRESSION: the text's cells below the two head lines equal those of the expression.
rows() {
    ruby -rjson -e 'report = JSON.parse(File.read(ARGV[0]))
        cells = $stdin.readlines.drop(2).map(&:split)
        wanted = eval(ARGV[1]).map { |row| row.map { |cell| cell.nil? ? "-" : cell.to_s } }
        cells == wanted or abort "got #{cells.first(3)}, wanted #{wanted.first(3)}"' "$TEST_DIR/json" "$1" <"$out" ||
        fail "other rows"
}

what="fields in their order, all rows, most gaps first"
run --view classes --bytes --sort gap_bytes --fields size,gap_bytes,live_bytes "$large"
rows 'report["classes"].sort_by.with_index { |row, i| [-(row["gap_bytes"] || -1), i] }.map { |row| row.values_at("size", "gap_bytes", "live_bytes") }'
what="smallest first, three rows, sorted by what isn't shown"
run --once --view sizes --bytes --sort=-allocations --fields max --limit 3 "$large"
rows 'report["sizes"].sort_by.with_index { |row, i| [row["allocations"], i] }.first(3).map { |row| [row["max"]] }'
what="a text, by the alphabet"
run --view settings --sort key --fields key "$large"
rows 'report["settings"].sort_by.with_index { |row, i| [row["key"], i] }.map { |row| [row["key"]] }'

# Nothing but digits where sizes were; and the whole report has no KiB left.
run --bytes --once "$large"
sed -n '/^memory/,/^$/p;/^sizes/,/^$/p;/^classes/,/^$/p' "$out" | grep -E '[0-9.]+([KMG]i)?B( |$)' && fail "--bytes has units"
grep -qE "^live +$(ruby -rjson -e 'puts JSON.parse($stdin.read)["memory"]["live"]' <"$TEST_DIR/json") " "$out" ||
    fail "--bytes: another live"

# Each view alone is a part of the whole, in whatever order they stand there.
run --view help
views=$(sed -n '/^  [a-z]/s/^  \([a-z_]*\).*/\1/p' "$out")
[ "$(wc -w <<<"$views")" -ge 15 ] || fail "read too few views: $views"
for view in $views; do
    run --once --view "$view" "$large"
    [ -s "$out" ] || [ "$view" = advice ] || fail "--view $view is empty"
done

# Each tab of the screen is one of them, and the first is the head of the whole report.
for tab in overview sizes classes threads arenas calls configuration; do
    grep -qx "$tab" <<<"$views" || fail "no view is the tab $tab"
done
run --once "$large"
steady='s/^time .*//; s/\(uptime\|sample_age\) [^ ]*//g; s/[^ ]* ago//g'
sed "/^sizes/,\$d; $steady" "$out" >"$TEST_DIR/head"
run --once --view overview "$large"
sed "$steady" "$out" | diff - <(sed '$d' "$TEST_DIR/head") || fail "--view overview is another"
run --once --view configuration "$large"
for part in ruby_version 'ppid ' jemalloc_conf 'settings:'; do
    grep -q "^$part" "$out" || fail "--view configuration without $part"
done

# The list: the largest first, the other way round, a single value of the report.
run --sort live --fields pid,memory.live --bytes
[ "$(awk 'NR > 1 { print $1 }' "$out" | head -1)" = "$large" ] || fail "the list by live"
[ "$(awk 'NR == 2 { print $2 }' "$out")" = "$(ruby -rjson -e 'puts JSON.parse($stdin.read)["memory"]["live"]' <"$TEST_DIR/json")" ] ||
    fail "the list's live"
run --sort=-live --fields pid --limit 1
[ "$(sed -n '2p' "$out" | tr -d ' ')" = "$small" ] && [ "$(wc -l <"$out")" -eq 2 ] || fail "the list, reversed"
run --json --sort live --limit 1
grep -q "\"pid\": *$large," "$out" && [ "$(wc -l <"$out")" -eq 1 ] || fail "the list as JSON, by live"

# Where a comma parts the decimals: the same bytes. Made here, as locales are rarely installed.
mkdir "$TEST_DIR/locales"
localedef -i de_DE -f UTF-8 "$TEST_DIR/locales/de_DE.UTF-8" 2>"$err" || fail "no locale de_DE"
export LOCPATH=$TEST_DIR/locales
LC_ALL=de_DE.UTF-8 bash -c 'printf "%.1f" 1,5' 2>/dev/null | grep -qF 1,5 || fail "de_DE is not in force"
steady='s/^[0-9T:.-]*Z,//; s/"\(time\|uptime\|sample_age\)": *[^,}]*//g; s/^time .*//; s/\(uptime\|sample_age\) [^ ]*//g; s/[^ ]* ago//g'
for form in "--json" "--once" "--once --bytes" "--view classes" "--csv --view classes --fields size,utilization"; do
    # shellcheck disable=SC2086 # words on purpose
    {
        LC_ALL=C.UTF-8 "$top" $form "$large" | sed "$steady" >"$TEST_DIR/plain"
        LC_ALL=de_DE.UTF-8 "$top" $form "$large" | sed "$steady" >"$TEST_DIR/german"
    }
    [ -s "$TEST_DIR/plain" ] && cmp -s "$TEST_DIR/plain" "$TEST_DIR/german" ||
        fail "$form differs: $(diff "$TEST_DIR/plain" "$TEST_DIR/german" | head -4)"
done

# A reader that is gone, from the start: an end without a word, and good.
for form in "--help" "--help metrics" "--view help" "--view classes $large" "--csv $large" "--json $large" ""; do
    # shellcheck disable=SC2086
    (
        trap '' PIPE
        "$top" $form 2>"$err"
        echo $? >"$TEST_DIR/status"
    ) | true
    [ "$(cat "$TEST_DIR/status")" = 0 ] && [ ! -s "$err" ] || fail "'$form' to a closed pipe"
done
exit $((failures > 0))
