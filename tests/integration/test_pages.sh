#!/bin/bash
# See there.
exec ruby "$(dirname "$0")/pages.rb"
