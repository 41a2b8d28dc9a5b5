#!/bin/bash
# Other allocators than the usual jemalloc beside a Ruby, and Rubies that are linked otherwise.
exec ruby "$(dirname "$0")/allocators.rb"
