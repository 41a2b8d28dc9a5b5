#!/bin/bash
# Sourced by tests that wait for something to come true.

# until_true SECONDS COMMAND...: polls, so that a slow machine takes longer but not wrong.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.02
    done
}
