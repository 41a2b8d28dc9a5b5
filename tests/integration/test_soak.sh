#!/bin/bash
# The soak test, for a short while: make soak runs it for longer.
exec env SOAK_SECONDS="${SOAK_SECONDS:-10}" ruby "$(dirname "$0")/soak.rb"
