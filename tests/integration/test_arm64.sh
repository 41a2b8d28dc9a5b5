#!/bin/bash
# The library for arm64, cross-compiled: without a warning; with its storage aligned for kernels
# of 64 KiB pages, and the last of all that is written; and what says that the distances of
# jemalloc's counters are known is stored with release and loaded with acquire.
set -u
cc=aarch64-linux-gnu-gcc objdump=aarch64-linux-gnu-objdump readelf=readelf
build=$TEST_DIR/arm64 status=0
command -v $cc >/dev/null || { echo "no $cc: make deps installs it"; exit 1; }
fail() {
    echo "FAILED: $*"
    status=1
}

cd "$(dirname "$0")/../.." || exit 1
objects=$(make -n -B BUILD="$build" all 2>/dev/null | grep -o "$build/lib/shim/[a-z]*\.o" | sort -u)
[ "$(wc -w <<<"$objects")" -gt 20 ] || fail "objects of the library: $objects"
# shellcheck disable=SC2086
make -s BUILD="$build" CC=$cc WERROR=1 CFLAGS="-O2 -g" $objects >/dev/null || exit 1

alignment() {
    $readelf -SW "$1" | awk '/ \.bss / { print $NF }'
}
[ "$(alignment "$build/lib/shim/storage.o")" = 65536 ] ||
    fail "the storage is aligned to '$(alignment "$build/lib/shim/storage.o")' bytes, 65536 expected"

# The linker keeps that, and puts it last. Without jemalloc, which needn't be here for arm64.
# shellcheck disable=SC2086
$cc -shared -o "$build/all.so" $(grep -v /storage.o <<<"$objects") "$build/lib/shim/storage.o" \
    -Wl,-z,now -Wl,-z,relro -Wl,-z,noseparate-code || exit 1
read -r at size < <($readelf -sW "$build/all.so" | awk '$8 == "ra_storage" { print $2, $3; exit }')
case $at in *0000) ;; *) fail "ra_storage is at $at" ;; esac
read -r bss bytes < <($readelf -SW "$build/all.so" | sed -n 's/.* \.bss *NOBITS *\([0-9a-f]*\) [0-9a-f]* \([0-9a-f]*\) .*/\1 \2/p')
[ $((0x$at + size)) -eq $((0x$bss + 0x$bytes)) ] ||
    fail "ra_storage ends at $((0x$at + size)), all that is written at $((0x$bss + 0x$bytes))"

# In publish_distances, inlined or not, nothing is stored after the word that says so.
listing=$($objdump -d --no-show-raw-insn -r "$build/lib/shim/jemalloc.o" | sed -n '/<ra_jemalloc_learn_counters>:/,/^$/p')
[ "$(grep -cE 'stlxr|stlr' <<<"$listing")" -ge 4 ] && ! grep -qE '[[:space:]]stxr' <<<"$listing" ||
    fail "ra_counters is stored without release:" "$listing"
# Whoever goes by it loads it with acquire: count.h's mark, for one.
listing=$($objdump -d --no-show-raw-insn -r "$build/lib/shim/entry.o" | sed -n '/<ra_mark>:/,/^$/p')
grep -qE 'ldar|ldapr' <<<"$listing" || fail "ra_counters is loaded without acquire:" "$listing"
exit $status
