#!/bin/bash
# What is in force of jemalloc's configuration.
exec ruby "$(dirname "$0")/configuration.rb"
