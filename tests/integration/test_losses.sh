#!/bin/bash
# Each way to lose memory, on purpose.
exec ruby "$(dirname "$0")/losses.rb"
