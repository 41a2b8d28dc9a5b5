#!/bin/bash
# Sourced by the tests of `ruby_alloc_top -- COMMAND`.

# shellcheck source=tests/integration/tool.sh
. "$(dirname "${BASH_SOURCE[0]}")/tool.sh"

# run STATUS ARGUMENTS...: the tool; nothing must be left behind.
run() {
    tool "$@"
    nothing_left
}

nothing_left() {
    local left
    left=$(find "$RUBY_ALLOC_DIR" -mindepth 1)
    [ -z "$left" ] || fail "left behind: $left"
}

# json FILE EXPRESSION: of $reports, the JSON lines of FILE. made(i), freed(i): what Known.work
# did in the process of report i.
json() {
    ruby -rjson -e '$reports = File.readlines(ARGV[0]).grep(/\A\{/).map { |line| JSON.parse(line) }
        def known(i) = $reports[i]["classes"].find { |c| c["size"] >= 7_000_001 }
        def made(i) = known(i)&.fetch("allocations") || 0
        def freed(i) = known(i)&.fetch("frees") || 0
        def processes(*names) = $reports.map { |r| r["process"].values_at(*names) }
        exit(eval(ARGV[1]) ? 0 : 1)' "$1" "$2" || fail "not true: $2"
}
