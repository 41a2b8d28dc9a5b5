#!/bin/bash
# See there.
exec ruby "$(dirname "$0")/settings.rb"
