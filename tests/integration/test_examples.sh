#!/bin/bash
# The examples work as their texts say: what starts an application, what shows a fragmented
# one, and the files for systemd, Docker and compose. (The leak's: test_compare.sh.)
set -u

here=$(cd "$(dirname "$0")" && pwd)
examples=$(cd "$here/../../examples" && pwd)
build=$RUBY_ALLOC_BUILD top=$RUBY_ALLOC_BUILD/ruby_alloc_top
mkdir "$TEST_DIR/regions"
export RUBY_ALLOC_DIR=$TEST_DIR/regions
failures=0 server=

clean_up() { [ -z "$server" ] || kill -9 "$server" 2>/dev/null; }
trap clean_up EXIT

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
}

# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"

# The gaps and rss of the script as it is, and cured; the first text says so, too.
fragment() {
    LD_PRELOAD=$build/libruby_alloc.so timeout 120 ruby "$examples/fragmentation/fragment.rb" "$@" \
        sh -c '"$0" --purge "$1" >/dev/null && "$0" --json "$1"' "$top" |
        ruby -rjson -e 'report = JSON.parse($stdin.read)
            row = report["classes"].find { |found| found["size"] == 640 }
            puts [report["fragmentation"]["slab_gaps"], row["live_objects"],
                  (row["utilization"] * 100).to_i, report["fragmentation"]["largest"]].join(" ")'
}
read -r gaps live used largest < <(fragment)
read -r cured_gaps cured_live cured_used _ < <(fragment --cure)
[ "$largest" = slab_gaps ] || fail "fragment.rb: the largest loss is $largest"
[ "$((gaps / 4))" -gt "$cured_gaps" ] || fail "fragment.rb: gaps of $gaps bytes, cured $cured_gaps"
[ "$used" -lt 20 ] && [ "$cured_used" -gt 60 ] || fail "fragment.rb: $used % in use, cured $cured_used %"
[ "$live" -gt 5500 ] && [ "$cured_live" -gt 5500 ] || fail "fragment.rb: $live and $cured_live live"
BUILD=$build timeout 120 sh "$examples/fragmentation/show.sh" >"$TEST_DIR/out" 2>&1 ||
    fail "show.sh: $(tail -3 "$TEST_DIR/out")"
[ "$(grep -c '^active ' "$TEST_DIR/out")" -eq 2 ] || fail "show.sh: $(cat "$TEST_DIR/out")"

"$top" --prune >/dev/null # what fragment.rb forked to run a command

# Rails' way to start: a server that forks, as Puma does.
start=$examples/rails/under_ruby_alloc
RUBY_ALLOC_LIBRARY=$build/libruby_alloc.so "$start" ruby -e '
    child = fork { $0 = "worker"; sleep }
    at_exit { Process.kill(:KILL, child) }
    trap(:TERM) { exit }
    sleep' &
server=$!
both_there() { [ "$("$top" --csv --fields pid 2>/dev/null | wc -l)" -eq 3 ]; }
until_true 30 both_there || fail "under_ruby_alloc: $("$top" 2>&1)"
[ "$("$top" --check --json "$server" | ruby -rjson -e 'puts JSON.parse($stdin.read)["allocator"]["name"]')" = ruby_alloc ] ||
    fail "under_ruby_alloc: another allocator"
kill "$server" && wait "$server"
server=
# Not installed: the command runs all the same, and nothing is said.
said=$(RUBY_ALLOC_LIBRARY=/nowhere/libruby_alloc.so "$start" sh -c 'echo "$LD_PRELOAD."; exit 3' 2>&1)
[ $? -eq 3 ] && [ "$said" = . ] || fail "under_ruby_alloc without the library: $said"
# There, but without its jemalloc.
sed 's/libjemalloc\.so\.2/libjemallox.so.2/g' "$build/libruby_alloc.so" >"$TEST_DIR/libruby_malloc.so"
said=$(RUBY_ALLOC_LIBRARY=$TEST_DIR/libruby_malloc.so "$start" sh -c 'echo "$LD_PRELOAD."; exit 3' 2>&1)
[ $? -eq 3 ] && [ "$said" = . ] || fail "under_ruby_alloc without jemalloc: $said"
said=$(LD_PRELOAD=libjemalloc.so.2 RUBY_ALLOC_LIBRARY=$build/libruby_alloc.so "$start" sh -c 'echo "$LD_PRELOAD"')
[ "$said" = "$build/libruby_alloc.so:libjemalloc.so.2" ] || fail "under_ruby_alloc: LD_PRELOAD=$said"

# systemd reads the drop-in without a complaint, and an unknown line in it is one.
units=$TEST_DIR/units
mkdir -p "$units/app.service.d"
printf '[Unit]\nDescription=App\n[Service]\nExecStart=/bin/true\n' >"$units/app.service"
cp "$examples/systemd/ruby_alloc.conf" "$units/app.service.d/"
verify() { SYSTEMD_UNIT_PATH=$units: systemd-analyze verify --man=no "$units/app.service" 2>&1 | grep -F app.service; }
complaint=$(verify)
[ -z "$complaint" ] || fail "systemd: $complaint"
echo 'Enviroment=A=1' >>"$units/app.service.d/ruby_alloc.conf"
[ -n "$(verify)" ] || fail "systemd-analyze saw no mistake"

# Each service is under the library.
ruby -ryaml -e '
    text = YAML.load(File.read(ARGV[0]), aliases: true)
    services = text.fetch("services")
    exit services.size == 3 && services.each_value.all? { |service|
      service.fetch("environment").fetch("LD_PRELOAD") == "/usr/local/lib/libruby_malloc.so" && service.key?("command") }
' "$examples/compose/compose.yaml" || fail "compose.yaml"

# Whoever sets the variable is told what a missing jemalloc does, and uses the name that keeps
# gems from binding tightly.
grep -rl "LD_PRELOAD" "$examples"/{rails,docker,compose,systemd} | while read -r file; do
    grep -q "status 127\|isn't installed, or its" "$file" && grep -q /usr/local/lib/libruby_malloc.so "$file" || echo "$file"
done >"$TEST_DIR/untold"
[ ! -s "$TEST_DIR/untold" ] || fail "no word of a missing jemalloc, or not the name: $(cat "$TEST_DIR/untold")"

# The Dockerfile: its RUN lines are shell, what it copies is there, and where to.
ruby -e '
    lines = File.read(ARGV[0]).gsub(/\\\n/, "").lines.grep_v(/\A(#|\s*\z)/)
    bad = lines.grep_v(/\A(FROM|RUN|COPY|WORKDIR|USER|CMD) /)
    lines.grep(/\ARUN /) { |line| system("sh", "-n", "-c", line.delete_prefix("RUN ")) or bad << line }
    # Of a checkout with a build for another system in it nothing of that is installed.
    lines.grep(/make install/) { |line| line.include?(" make clean && make && ") or bad << line }
    lines.grep(/\ACOPY (?!--)/) { |line| File.exist?(line.split[1]) or bad << line }
    puts bad
    exit bad.empty? && lines.grep(/\AFROM /).size == 2' "$examples/docker/Dockerfile" || fail Dockerfile
exit $((failures > 0))
