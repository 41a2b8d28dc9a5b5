#!/bin/bash
# A Ruby under the library with everything refused that can be refused.
set -u
here=$(dirname "$0")
status=0
ruby "$here/trouble.rb" || status=1

# As root, or as root of a user namespace where the system allows that.
unshare=(unshare --mount --propagation private)
[ "$(id -u)" -eq 0 ] || unshare+=(--user --map-root-user)
if "${unshare[@]}" mount -t tmpfs none /mnt 2>/dev/null; then
    "${unshare[@]}" bash "$here/trouble_mounts.sh" || status=1
else
    echo "skipped: mounts over /dev/shm and /tmp are refused here"
fi
exit $status
