#!/bin/sh
# Runs the test programs named as arguments, each in its own temporary directory
# and under a time limit, and ends with "N passed, N failed". 77 means skipped.
set -u

passed=0 failed=0 skipped=0 bad=
export RUBY_ALLOC_BUILD="${BUILD:-build}"
case $RUBY_ALLOC_BUILD in /*) ;; *) RUBY_ALLOC_BUILD=$PWD/$RUBY_ALLOC_BUILD ;; esac
export LC_ALL=C.UTF-8 # messages and files are the same whoever runs the tests
unset LD_PRELOAD RUBY_ALLOC RUBY_ALLOC_ALL RUBY_ALLOC_DIR RUBY_ALLOC_INTERVAL RUBY_ALLOC_LOG RUBY_ALLOC_DECAY RUBY_ALLOC_TUNING RUBY_ALLOC_BACKEND MALLOC_CONF

for test in "$@"; do
    case $test in /*) ;; *) test=./$test ;; esac
    echo "== ${test#./}"
    TEST_DIR=$(mktemp -d) && export TEST_DIR
    case $test in
    *.sh) timeout -k 5 300 bash "$test" ;;
    *) timeout -k 5 300 "$test" ;;
    esac </dev/null
    status=$?
    rm -rf "$TEST_DIR"
    case $status in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) bad="$bad ${test#./}" && echo "FAILED ($status): ${test#./}" ;;
    esac
done

[ -z "$bad" ] || echo "failed:$bad"
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
