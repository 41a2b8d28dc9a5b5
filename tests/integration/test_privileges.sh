#!/bin/bash
# Root processes whose workers become another user.
exec ruby "$(dirname "$0")/privileges.rb"
