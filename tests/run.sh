#!/bin/bash
# Runs the test programs named as arguments, each in its own temporary directory
# and under a time limit, and ends with "N passed, N failed". 77 means skipped.
#
# JOBS of them run side by side (as many as there are processors); what one of them says is
# printed when it has ended. Those that weigh or time things, drive a screen, or leave processes
# that nobody can look at whole, run alone, after the others.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -u

[ $# -gt 0 ] || { echo "run.sh: no test of that name" >&2 && exit 2; }
alone='/(test_bench_memory|test_soak|test_check_silent|test_screen[a-z_]*)(\.sh)?$'
jobs=${JOBS:-$(nproc)}
passed=0 failed=0 skipped=0 bad=
export RUBY_ALLOC_BUILD="${BUILD:-build}"
case $RUBY_ALLOC_BUILD in /*) ;; *) RUBY_ALLOC_BUILD=$PWD/$RUBY_ALLOC_BUILD ;; esac
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-60}" # Check's own four seconds are soon over beside others
export LC_ALL=C.UTF-8 # messages and files are the same whoever runs the tests
unset LD_PRELOAD RUBY_ALLOC RUBY_ALLOC_ALL RUBY_ALLOC_DIR RUBY_ALLOC_KEEP RUBY_ALLOC_INTERVAL RUBY_ALLOC_LOG RUBY_ALLOC_DECAY RUBY_ALLOC_TUNING RUBY_ALLOC_BACKEND RUBY_ALLOC_HELPER MALLOC_CONF

# Regions are made on a tmpfs alone, so the tests' directories lie on one, where programs may run.
base=
for base in "${TMPDIR:-/tmp}" /dev/shm /run "${XDG_RUNTIME_DIR:-/run}"; do
    [ -w "$base" ] && [ "$(stat -f -c %T "$base")" = tmpfs ] &&
        ! findmnt -nT "$base" -o OPTIONS | grep -q noexec && break
    base=
done
[ -n "$base" ] || { echo "run.sh: no tmpfs to test on: mount one and name it in TMPDIR" >&2 && exit 1; }

output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
trap 'kill "${!tests[@]}" 2>/dev/null; exit 130' INT TERM

# run TEST OUTPUT: its exit status is the test's.
run() {
    local test=$1 status
    case $test in /*) ;; *) test=./$test ;; esac
    TEST_DIR=$(mktemp -d "$base/ruby_alloc_test.XXXXXXXX") && export TEST_DIR
    case $test in
    *.sh) timeout -k 5 300 bash "$test" ;;
    *) timeout -k 5 300 "$test" ;;
    esac </dev/null >"$2" 2>&1
    status=$?
    rm -rf "$TEST_DIR"
    return $status
}

# tell TEST OUTPUT STATUS SECONDS
tell() {
    echo "== ${1#./} ($4 s)"
    cat "$2"
    case $3 in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) bad="$bad ${1#./}" && echo "FAILED ($3): ${1#./}" ;;
    esac
}

declare -A tests=() begun=() outputs=()
number=0

# take_one: wait for one that runs, and tell of it.
take_one() {
    local ended status
    wait -n -p ended "${!tests[@]}"
    status=$?
    tell "${tests[$ended]}" "${outputs[$ended]}" "$status" $((SECONDS - begun[$ended]))
    unset "tests[$ended]"
}

# run_all JOBS TEST...
run_all() {
    local most=$1 test
    shift
    for test in "$@"; do
        [ ${#tests[@]} -lt "$most" ] || take_one
        number=$((number + 1))
        run "$test" "$output/$number" &
        tests[$!]=$test begun[$!]=$SECONDS outputs[$!]=$output/$number
    done
    while [ ${#tests[@]} -gt 0 ]; do
        take_one
    done
}

side_by_side=() by_itself=()
for test in "$@"; do
    if [[ $test =~ $alone ]]; then
        by_itself+=("$test")
    else
        side_by_side+=("$test")
    fi
done
run_all "$jobs" "${side_by_side[@]}"
run_all 1 "${by_itself[@]}"

[ -z "$bad" ] || echo "failed:$bad"
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
