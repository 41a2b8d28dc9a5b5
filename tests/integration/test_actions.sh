#!/bin/bash
# --purge, --decay, --tcache-flush, --malloc-trim of ruby_alloc_top on a real Ruby.
exec ruby "$(dirname "$0")/actions.rb"
