#!/bin/bash
# Sourced by the tests of ruby_alloc_top --check: real processes, and what is said of them.
# The caller ends with finish.
# shellcheck disable=SC2016 # Ruby in single quotes
# shellcheck disable=SC2034 # used by those tests
# shellcheck source=tests/integration/tool.sh
. "$(dirname "${BASH_SOURCE[0]}")/tool.sh"
victim=$RUBY_ALLOC_BUILD/tests/integration/victim_check
bump=$RUBY_ALLOC_BUILD/tests/integration/victim_bump
unset MALLOC_ARENA_MAX GLIBC_TUNABLES LD_LIBRARY_PATH
jemalloc=$(LD_PRELOAD=libjemalloc.so.2 sed -n 's|.* \(/.*/libjemalloc\.so\.2\)$|\1|p' /proc/self/maps | head -1)
jemalloc_version=$(strings "$jemalloc" | grep -E '^[0-9]+\.[0-9]+\.[0-9]+-[0-9]+-g[0-9a-f]+$')

is_ready() { grep -q '^ready' "$TEST_DIR/ready"; }

# begin COMMAND...: a process that says "ready" once it is up; sets $pid.
begin() {
    : >"$TEST_DIR/ready"
    "$@" >"$TEST_DIR/ready" 2>"$err" </dev/null &
    pid=$!
    disown "$pid"
    started+=("$pid")
    until_true 30 is_ready || fail "did not start: $*"
}

end() { kill -9 "$pid" 2>/dev/null; }

wait_for_ever='STDOUT.puts "ready"; STDOUT.flush; sleep'

# json EXPRESSION: of $seen, and of its parts $name, $how, ...
json() {
    ruby -rjson -e '$all = File.readlines(ARGV[0]).map { |line| JSON.parse(line) }
        $seen = $all[0]
        $allocator = $seen["allocator"]
        $name, $how, $path, $version = $allocator.values_at("name", "how", "path", "version")
        $unused = $allocator["loaded_not_used"]
        $ignored = $seen["preload"]["ignored"].map { |row| row.values_at("name", "reason") }
        $advice = $seen["advice"].map { |row| row["id"] }
        exit(eval(ARGV[1]) ? 0 : 1)' "$out" "$1" || fail "not true: $1"
}

# seen WHAT COMMAND...: starts it and checks it; the output stays for json.
seen() {
    what=$1
    shift
    begin "$@"
    tool 0 --check --json "$pid"
    [ ! -s "$err" ] || fail "not silent on stderr"
}

# advised ID TEXT: what is given as advice has this in it.
advised() {
    json "\$seen['advice'].any? { |row| row['id'] == '$1' && row['text'].include?('$2') }"
}

# The keys of the contract, each in its place; what is added is named here too.
contract() {
    json '$seen.keys == %w[schema tool time process allocator preload environment memory glibc advice]'
    json '$seen["schema"] == "ruby_alloc.check/1" && $seen["tool"] =~ /\Aruby_alloc_top \d/'
    json '$seen["time"] =~ /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/'
    json '$seen["process"].keys == %w[pid ppid uid comm command ruby ruby_version]'
    json '$allocator.keys - ["needed_by"] == %w[name version path how loaded_not_used]'
    json '$seen["preload"].keys == %w[value ignored]'
    json '$seen["environment"].keys == %w[MALLOC_ARENA_MAX MALLOC_CONF GLIBC_TUNABLES]'
    json '$seen["memory"].keys == %w[rss rss_anon pss lazy_free swap huge_pages cgroup_limit]'
    json '$seen["glibc"].nil? || $seen["glibc"].keys - ["estimated"] == %w[arenas resident reserved]'
    json '$seen["advice"].all? { |row| row.keys == %w[id text bytes] } && !$seen["advice"].empty?'
}

# guessed: the same process once more, as for one whose memory may not be read.
guessed() {
    if ! command -v strace >/dev/null || ! strace -qq -o /dev/null true 2>/dev/null; then
        echo "strace can't be used: $what, without reading memory, is not tested"
        return 1
    fi
    strace -f -qq -o /dev/null -P mem -e inject=openat:error=EACCES "$top" --check --json "$pid" \
        >"$out" 2>"$err" </dev/null || fail "without memory: exit status $?"
    grep -q "^ruby_alloc_top: process $pid: its memory may not be read" "$err" || fail "not said"
}

finish() {
    local left
    left=$(find "$RUBY_ALLOC_DIR" -type f ! -name 'ruby_alloc.*')
    [ -z "$left" ] || fail "files were left behind: $left"
    [ $failures -eq 0 ]
    exit
}
