#!/bin/bash
# What is left of processes that ended, and when that goes.
set -eu
ruby "$(dirname "$0")/death.rb"
exec ruby "$(dirname "$0")/old_regions.rb"
