#!/bin/bash
# --html: a page that stands alone, is well-formed, holds the numbers of the JSON, and runs no
# script but its own; looked at in a real browser.
# shellcheck source=tests/integration/recording.sh
. "$(dirname "$0")/recording.sh"
page=$TEST_DIR/page.html recording=$TEST_DIR/a.jsonl

# tree PAGE EXPRESSION: of $page, the page as XML; of $report, the last one in the JSON beside it.
# cells(id): a table's rows, exact numbers where there are any.
tree_has() {
    ruby -rjson -rrexml/document -e '$page = REXML::Document.new(File.read(ARGV[0]))
        $report = JSON.parse(File.readlines(ARGV[1]).last)
        def find(path) = REXML::XPath.match($page, path)
        def text(node) = REXML::XPath.match(node, ".//text()").join.strip
        def cell(node) = REXML::XPath.first(node, ".//data")&.attributes&.[]("value") || text(node)
        def cells(id) = find("//table[@id=\"#{id}\"]/tbody/tr").map { |row| row.elements.map { |c| cell(c) } }
        def shown(value) = value.nil? ? "-" : value == true ? "yes" : value == false ? "no" : value
        def same(value, text) = value.is_a?(Numeric) ? Float(text) == value : shown(value) == text
        def all_same(values, texts) = values.size == texts.size && values.zip(texts).all? { |pair| same(*pair) }
        exit(eval(ARGV[2]) ? 0 : 1)' "$page" "$1" "$2" || fail "of the page not true: $2"
}

# No address of anything else, in any attribute or style.
stands_alone() {
    ! grep -oiE '(src|href|action|srcset|data)="[^"]*"|url\(|@import|https?:|//[a-z0-9]+\.' "$page" |
        grep -v '^data=' || fail "the page refers to something else"
    grep -q "default-src 'none'" "$page" || fail "no policy"
}

chrome() {
    timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --enable-logging=stderr \
        --user-data-dir="$TEST_DIR/profile" "$@" 2>"$TEST_DIR/browser"
}

# browser FILE: what the page is after its script ran; nothing may be complained of.
browser() {
    chrome --virtual-time-budget=2000 --dump-dom "file://$1" >"$TEST_DIR/dom" || fail "the browser failed"
    ! grep -E 'CONSOLE|Refused|violates' "$TEST_DIR/browser" || fail "the page complains"
}
dom_has() { grep -qE -- "$1" "$TEST_DIR/dom" || fail "the browser's page lacks $1"; }

tables_are_the_json() {
    tree_has "$1" '%w[classes sizes threads arenas settings].all? { |name|
        rows = cells(name)
        rows.size == $report[name].size && $report[name].zip(rows).all? { |row, found| all_same(row.values, found) } }'
    tree_has "$1" '%w[calls totals memory fragmentation glibc].all? { |name|
        all_same($report[name].values, cells(name).map { |row| row[1] }) }'
    tree_has "$1" 'cells("chain").map { |row| row[1] }.first == shown($report["memory"]["requested"]).to_s'
}

test_running_process() {
    expect 0 --html "$page" "$pid"
    [ ! -s "$out" ] || fail "not silent"
    stands_alone
    "$top" --json "$pid" >"$TEST_DIR/json"
    tree_has "$TEST_DIR/json" 'cells("classes").any? { |row| row[0] == (7 << 20).to_s && row[3] == "3" }'
    tree_has "$TEST_DIR/json" 'find("//svg[@id=\"plot\"]").empty? && cells("process")[0][1] == $report["process"]["pid"].to_s'
    expect 0 --html - "$pid"
    head -n 1 "$out" | grep -qx '<!DOCTYPE html>' || fail "not on standard output"
}

test_recording() {
    for total in 4 5 6 7; do
        leak 1 $total
        expect 0 --record "$recording" -n 1 "$pid"
    done
    expect 0 --html "$page" "$recording"
    stands_alone
    tables_are_the_json "$recording"
    tree_has "$recording" 'all = File.readlines(ARGV[1]).map { |line| JSON.parse(line)["memory"] }
        cells("series").map { |row| row[1..2] } == all.map { |m| m.values_at("rss", "live").map(&:to_s) }'
    # The three made since the first report, in the row of their size.
    tree_has "$recording" 'row = cells("hot").find { |cells| cells[0] == "6291457" }
        cells("hot").size == 32 || (row && row[2] == "3")'
    tree_has "$recording" 'find("//path[@class=\"c0\"]").size == 1 && find("//tr[@data-x]").size == 4'
}

test_browser() {
    browser "$page"
    dom_has '<button type="button">live_bytes</button>'
    dom_has '<p id="readout" role="status">Point at'
    dom_has "<title>ruby $pid: memory</title>"
    # A click sorts, largest first; the policy would keep our own click out.
    sed '/Content-Security-Policy/d' "$page" >"$TEST_DIR/clicked.html"
    cat >>"$TEST_DIR/clicked.html" <<'SCRIPT'
<script>document.querySelectorAll("#classes th button")[4].click();
const rows = Array.from(document.querySelectorAll("#classes tbody tr"));
document.title = rows.map((row) => row.cells[4].querySelector("data").value).join(" ");
document.body.dataset.paper = rows.map((row) => row.classList.contains("rest") ? "-" : "+").join("") +
    document.querySelector("#classes").closest("details").querySelector(".paper").textContent;
document.body.dataset.bars = new Set(Array.from(document.querySelectorAll(".use"),
    (bar) => bar.getBoundingClientRect().left)).size;
document.getElementById("plot").dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));</script>
SCRIPT
    browser "$TEST_DIR/clicked.html"
    ruby -rjson -e 'sizes = File.read(ARGV[0])[/<title>([\d ]+)</, 1].split.map(&:to_i)
        wanted = JSON.parse(File.readlines(ARGV[1]).last)["classes"].map { |row| row["live_bytes"] }
        exit(sizes == wanted.sort.reverse)' "$TEST_DIR/dom" "$recording" || fail "a click doesn't sort by the numbers"
    dom_has '<p id="readout" role="status">[0-9]{4}-.* rss '
    dom_has 'id="cursor" d="M0 0V300" class="on"'
    dom_has 'data-bars="1"' # one under the other
    # Sorted by frees on screen, so on paper.
    sed -i 's/th button")\[4\]/th button")[2]/' "$TEST_DIR/clicked.html"
    browser "$TEST_DIR/clicked.html"
    dom_has '<body data-paper="[+]{15}-+On paper 15 of the [0-9]+ rows: the first by frees\.'
}

# On paper no figure is torn, no title left alone, and no table takes pages.
test_paper() {
    chrome --print-to-pdf="$TEST_DIR/paper.pdf" "file://$page" || fail "the browser doesn't print"
    command -v pdftotext >/dev/null || return
    pdftotext -layout "$TEST_DIR/paper.pdf" "$TEST_DIR/paper"
    ruby -e 'pages = File.read(ARGV[0]).split("\f")
        whole = [["Memory over time", "files"], ["Where the memory is", "resident set size"], ["Sizes over time", "peak"],
                 ["Sizes over time", "Allocations a second"], [/^\W*sizes \(/, "requested_bytes"]]
        torn = whole.reject { |parts| pages.any? { |page| parts.all? { |part| page.index(part) } } }
        abort "torn: #{torn}" unless torn.empty?
        abort "#{pages.size} pages" if pages.size > 7' "$TEST_DIR/paper" || fail "on paper"
}

# In a command line and a thread's name: shown, not run, and not even let be.
test_hostile_process() {
    local evil='</title></style><script>document.title="owned"</script><img src="x" onerror="document.title=1">'
    ruby -rjson -e 'report = JSON.parse(File.readlines(ARGV[0]).last)
        report["process"].merge!("comm" => ARGV[1], "command" => ARGV[1])
        report["threads"].each { |thread| thread["name"] = ARGV[1] + "\u202e" }
        report["advice"] = [{ "id" => ARGV[1], "text" => ARGV[1] }, {}]
        puts JSON.generate(report)' "$recording" "$evil" >"$TEST_DIR/evil.jsonl"
    expect 0 --html "$page" "$TEST_DIR/evil.jsonl"
    tree_has "$TEST_DIR/evil.jsonl" 'find("//img").empty? && find("//script").size == 1'
    browser "$page"
    dom_has '<title>&lt;/title&gt;'
    ! grep -q '<img' "$TEST_DIR/dom" || fail "an element was let in"
}

test_damaged_and_mixed() {
    { head -n 2 "$recording" && echo '{"schema": "ruby' && tail -n 1 "$recording"; } >"$TEST_DIR/damaged"
    what="damaged recording"
    "$top" --html "$page" "$TEST_DIR/damaged" >"$out" 2>"$err" || fail "refused"
    expect_one_message
    err_has 'line 3 is damaged'
    tree_has "$TEST_DIR/damaged" 'cells("series").size == 3 && find("//p[@class=\"warning\"]").any? { |p| text(p).include?("line 3") }'
    { cat "$recording" && tail -n 1 "$recording" | sed "s/\"pid\": $pid/\"pid\": 1/"; } >"$TEST_DIR/mixed"
    expect 1 --html "$page" "$TEST_DIR/mixed"
    err_has 'holds reports of 2 processes .*: add the PID of one'
    expect 0 --html "$page" "$TEST_DIR/mixed" "$pid"
    tree_has "$recording" 'cells("series").size == 4'
}

# As many reports as an hour's; the largest of them must be seen, and all be counted.
test_long_recording() {
    ruby -rjson -rtime -e 'report = JSON.parse(File.readlines(ARGV[0]).last)
        report["sizes"] = report["sizes"].first(2)
        report["classes"] = report["classes"].first(1)
        start = Time.utc(2026, 11, 23)
        1500.times do |i|
            report["time"] = (start + i).iso8601(3)
            report["memory"]["rss"] = i == 777 ? 1 << 40 : 1 << 30
            report["sizes"][0]["allocations"] = 1000 + 3 * i
            puts JSON.generate(report)
        end' "$recording" >"$TEST_DIR/long"
    expect 0 --html "$page" "$TEST_DIR/long"
    tree_has "$TEST_DIR/long" 'rows = cells("series").map { |row| row[1] }
        rows.size.between?(100, 500) && rows.count((1 << 40).to_s) == 1'
    tree_has "$TEST_DIR/long" 'cells("hot").map { |row| row[2] } == [(3 * 1499).to_s]'
    [ "$(wc -c <"$page")" -lt 1000000 ] || fail "a page of $(wc -c <"$page") bytes"
}

# Recorded to its end, and beyond: the line ends with what was known last.
test_ended_process() {
    local rss
    rss=$(tail -n 1 "$recording" | ruby -rjson -e 'puts JSON.parse($stdin.read)["memory"]["rss"]')
    kill -9 "$pid" && until_true 30 sh -c "! kill -0 $pid 2>/dev/null"
    cp "$recording" "$TEST_DIR/ended"
    expect 0 --record "$TEST_DIR/ended" -n 1 "$pid"
    expect 0 --html "$page" "$TEST_DIR/ended"
    tree_has "$TEST_DIR/ended" '$report["memory"]["rss"].nil? && cells("series").last[1] == "-" && cells("series").size == 5'
    tree_has "$TEST_DIR/ended" 'line = find("//svg[@id=\"plot\"]/path[@class=\"rss\"]")[0].attributes["d"]
        ys = line.scan(/[ML][\d.]+ ([\d.]+)/).flatten.map(&:to_f)
        ys.size == 4 && ys.all? { |y| y < 299 }'
    tree_has "$TEST_DIR/ended" "tile = find('//div[@class=\"tile\"]')[0]
        cell(tile) == \"$rss\" && text(tile).include?('last known') && text(tile).end_with?('last not known') &&
            text(find('//table[@id=\"chain\"]/tfoot/tr/td')[0]) != '-'"
}

test_errors() {
    mkdir "$TEST_DIR/folder"
    echo before >"$TEST_DIR/kept"
    expect 1 --html "$TEST_DIR/kept" 2147483647
    expect 1 --html "$TEST_DIR/kept" "$TEST_DIR/none"
    expect 5 --html "$TEST_DIR/kept" "$TEST_DIR/kept"
    grep -qx before "$TEST_DIR/kept" || fail "the file was touched"
    expect 1 --html "$TEST_DIR/none/file" "$recording"
    err_has "can't write .*none/file: No such file"
    expect 1 --html "$TEST_DIR/folder" "$recording"
    expect 1 --html /dev/full "$recording"
    (ulimit -f 8; exec "$top" --html "$TEST_DIR/kept" "$recording") >"$out" 2>"$err"
    [ $? -eq 1 ] || fail "a limit on the size of files: exit status is not 1"
    err_has "can't write .*/kept: File too large"
    cp "$recording" "$TEST_DIR/self" && ln -s self "$TEST_DIR/other"
    expect 1 --html "$TEST_DIR/other" "$TEST_DIR/self"
    err_has "can't write .*/other: it is the recording itself$"
    cmp "$recording" "$TEST_DIR/self" || fail "the recording was touched"
    what="a pipe that nobody reads any more"
    "$top" --html /dev/stdout "$recording" 2>"$err" | true
    [ "${PIPESTATUS[0]}" -eq 0 ] && [ ! -s "$err" ] || fail "doesn't end quietly"
    expect 2 --html "$page"
    expect 2 --html "$page" --json "$pid"
    expect 2 --html "" "$pid"
    [ -z "$(find "$TEST_DIR" -name '*.html.*' -o -name 'kept.*')" ] || fail "files are left behind"
}

# A link stays, and leads to the page, whether there was one or not.
test_link() {
    ln -s target "$TEST_DIR/link"
    for _ in new old; do
        expect 0 --html "$TEST_DIR/link" "$recording"
        [ -L "$TEST_DIR/link" ] && head -n 1 "$TEST_DIR/target" | grep -qx '<!DOCTYPE html>' ||
            fail "the link was replaced"
    done
}

: >"$out" >"$err"
start_leaker
leak 3 3
for test in running_process recording browser paper hostile_process damaged_and_mixed long_recording link errors ended_process; do
    test_$test
done

[ $failures -eq 0 ]
