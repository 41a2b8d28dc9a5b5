#!/bin/sh
# The memory of fragment.rb as it is, and with its cure: slab_gaps is what to look at.
#
#   sh examples/fragmentation/show.sh     # BUILD=build: where the library and the tool are
set -eu

build=${BUILD:-build}
case $build in /*) ;; *) build=$PWD/$build ;; esac
here=$(dirname "$0")

# Free pages would go back by themselves in a second or two; --purge doesn't wait.
# shellcheck disable=SC2016 # for the inner shell
look='"$0" --purge "$1" >/dev/null
    "$0" --view memory "$1"
    "$0" --view classes --sort gap_bytes --fields size,live_objects,utilization,gap_bytes --limit 1 "$1"'

for cure in '' --cure; do
    echo "ruby fragment.rb${cure:+ $cure}"
    # shellcheck disable=SC2086 # no word without a cure
    LD_PRELOAD=$build/libruby_alloc.so ruby "$here/fragment.rb" $cure \
        sh -c "$look" "$build/ruby_alloc_top"
    echo
done
