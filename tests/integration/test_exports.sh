#!/bin/bash
# libruby_alloc.so exports exactly the names it interposes, under its soname, and
# needs jemalloc and libc alone.
set -eu
library=$RUBY_ALLOC_BUILD/libruby_alloc.so

sort >"$TEST_DIR/expected" <<'NAMES'
malloc
calloc
realloc
reallocarray
free
free_sized
free_aligned_sized
cfree
posix_memalign
aligned_alloc
memalign
valloc
pvalloc
malloc_usable_size
mallocx
rallocx
xallocx
dallocx
sdallocx
sallocx
nallocx
mallctl
mallctlnametomib
mallctlbymib
malloc_stats_print
malloc_trim
mallinfo
mallinfo2
malloc_stats
malloc_info
mallopt
malloc_conf
setreuid
setresuid
setuid
seteuid
setgid
setregid
setresgid
setegid
setgroups
initgroups
capset
unshare
setns
chroot
prctl
_exit
_Exit
raise
kill
daemon
execve
execv
execvp
execvpe
fexecve
execveat
execl
execlp
execle
_Znwm
_Znam
_ZnwmRKSt9nothrow_t
_ZnamRKSt9nothrow_t
_ZnwmSt11align_val_t
_ZnamSt11align_val_t
_ZnwmSt11align_val_tRKSt9nothrow_t
_ZnamSt11align_val_tRKSt9nothrow_t
_ZdlPv
_ZdaPv
_ZdlPvm
_ZdaPvm
_ZdlPvRKSt9nothrow_t
_ZdaPvRKSt9nothrow_t
_ZdlPvSt11align_val_t
_ZdaPvSt11align_val_t
_ZdlPvmSt11align_val_t
_ZdaPvmSt11align_val_t
_ZdlPvSt11align_val_tRKSt9nothrow_t
_ZdaPvSt11align_val_tRKSt9nothrow_t
NAMES

nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$TEST_DIR/exported"
diff "$TEST_DIR/expected" "$TEST_DIR/exported" || {
    echo "exported names differ (left: expected, right: found)"
    exit 1
}

# A versioned definition would not be found by a program that asks for libc's version.
if readelf -V "$library" | grep -q 'Version definition'; then
    echo "the library defines symbol versions"
    exit 1
fi

soname=$(readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
[ "$soname" = libruby_alloc.so.0 ] || {
    echo "soname is '$soname'"
    exit 1
}
[ "$(readlink -f "$RUBY_ALLOC_BUILD/$soname")" = "$(readlink -f "$library")" ] || {
    echo "$soname does not lead to the library"
    exit 1
}

needed=$(readelf -d "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\].*/\1/p' | grep -v '^ld-linux' | sort)
[ "$needed" = "$(printf 'libc.so.6\nlibjemalloc.so.2')" ] || {
    echo "needs: $needed"
    exit 1
}

# What a forked child writes (RA_TOGETHER) begins a page, fits on it, and shares it with nothing
# that is written otherwise; code and constants are one mapping, the rest another.
read -r address bytes < <(readelf -SW "$library" | sed -n 's/.* ra_together *PROGBITS *\([0-9a-f]*\) [0-9a-f]* \([0-9a-f]*\) .*/\1 \2/p')
if [ -z "$address" ] || [ $((0x$address % 4096)) -ne 0 ] || [ $((0x$bytes)) -gt 4096 ]; then
    echo "ra_together: '$bytes' bytes at '$address'"
    exit 1
fi
[ "$(readelf -lW "$library" | grep -c '^ *LOAD')" -eq 2 ] || {
    readelf -lW "$library"
    exit 1
}
