#!/bin/sh
# make soak: SOAK_SECONDS (600) of processes, readers and kills at random, from SOAK_SEED.
set -u
RUBY_ALLOC_BUILD=$(cd "${BUILD:-build}" && pwd) && TEST_DIR=$(mktemp -d) || exit 1
export RUBY_ALLOC_BUILD TEST_DIR
unset LD_PRELOAD RUBY_ALLOC RUBY_ALLOC_ALL RUBY_ALLOC_DIR RUBY_ALLOC_INTERVAL RUBY_ALLOC_LOG MALLOC_CONF
trap 'rm -rf "$TEST_DIR"' EXIT
ruby "$(dirname "$0")/soak.rb"
