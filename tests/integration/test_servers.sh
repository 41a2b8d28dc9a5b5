#!/bin/bash
# Puma, a preforking server and a job server, under load and while workers come and go.
exec ruby "$(dirname "$0")/servers.rb"
