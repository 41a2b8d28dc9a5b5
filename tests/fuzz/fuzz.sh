#!/bin/bash
# Runs the fuzzers for FUZZ_SECONDS (60; 0: until one finds something or is stopped),
# side by side. $BUILD/tests/fuzz/ keeps their corpora, and what they found.
set -euo pipefail

seconds=${FUZZ_SECONDS:-60}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "FUZZ_SECONDS is '$seconds', not a number of seconds" >&2; exit 2; }
cd "$BUILD/tests/fuzz"
mkdir -p corpus/{region,program,elffile} found start/region
./seeds start/region

# run NAME [START]: fuzz_NAME, from what is in start/START; its output in NAME.log.
run() {
    "./fuzz_$1" -max_total_time="$seconds" -max_len=131072 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix="found/$1-" "corpus/$1" "start/${2:-$1}" \
        >"$1.log" 2>&1
}

export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
run program &
others=("$!")
run elffile program & # the same small programs to start from
others+=("$!")
trap 'kill "${others[@]}" 2>/dev/null || true' EXIT
failed=0
run region || failed=1
for other in "${others[@]}"; do
    wait "$other" || failed=1
done
for name in region program elffile; do
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.log")
    echo "fuzz_$name: ${runs:-no} runs"
    [ "${runs:-0}" -gt 0 ] || failed=1
done
[ $failed -eq 0 ] || { tail -n 40 region.log program.log elffile.log; ls found; }
exit $failed
