#!/bin/bash
# The report against jemalloc's own statistics of the same moment.
exec ruby "$(dirname "$0")/stats_print.rb"
