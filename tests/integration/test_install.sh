#!/bin/bash
# make install and uninstall, and a rebuild after a header changed, on a copy of
# the tree: the tree itself is not touched.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
copy=$TEST_DIR/copy root=$TEST_DIR/root

fail() {
    echo "$*"
    exit 1
}

mkdir "$copy"
(cd "$top" && tar cf - Makefile README* include lib tests/*.sh) 2>/dev/null | tar xf - -C "$copy"
cd "$copy"
# A make that runs this test must not hand down its own options and job server.
unset MAKEFLAGS MAKELEVEL MFLAGS BUILD
make -j2 CFLAGS=-O0 all >"$TEST_DIR/make.log" 2>&1 || {
    cat "$TEST_DIR/make.log"
    fail "a fresh build failed"
}

make -q CFLAGS=-O0 all || fail "a second make would not be idle"
touch include/ruby_alloc/buckets.h
make -j2 V=1 CFLAGS=-O0 all >"$TEST_DIR/make.log" 2>&1
for part in lib/shim/entry.c lib/reader/tally.c; do
    grep -q -- "-c .*$part" "$TEST_DIR/make.log" || fail "$part was not rebuilt for its header"
done
touch include/ruby_alloc/report.h
make -j2 V=1 CFLAGS=-O0 all >"$TEST_DIR/make.log" 2>&1
grep -q -- '-o build/ruby_alloc_top' "$TEST_DIR/make.log" || fail "the tool was not linked again"
! grep -q -- '-c .*lib/shim/entry.c' "$TEST_DIR/make.log" || fail "the shim has no use for report.h"

# modes PATH MODE: the file is there, with this mode.
modes() {
    [ "$(stat -c %a "$root$1" 2>/dev/null)" = "$2" ] || fail "$1: expected mode $2"
}

umask 077
for prefix in /usr/local /opt/elsewhere; do
    make CFLAGS=-O0 DESTDIR="$root" PREFIX="$prefix" install >/dev/null
    library=$prefix/lib/libruby_alloc.so
    version=$(sed -n 's/.*define RUBY_ALLOC_VERSION "\(.*\)"/\1/p' include/ruby_alloc/*.h)
    modes "$library.$version" 755
    modes "$prefix/bin/ruby_alloc_top" 755
    modes "$prefix/lib/libruby_alloc_reader.a" 644
    for header in include/ruby_alloc/*.h; do
        modes "$prefix/$header" 644
    done
    for file in man/man1/ruby_alloc_top.1 man/man7/libruby_alloc.7 fish/vendor_completions.d/ruby_alloc_top.fish \
        bash-completion/completions/ruby_alloc_top zsh/site-functions/_ruby_alloc_top; do
        modes "$prefix/share/$file" 644
        modes "$prefix/share/${file%/*}" 755
        cmp -s "$root$prefix/share/$file" "build/$(case $file in
            bash*) echo ruby_alloc_top.bash ;; zsh*) echo ruby_alloc_top.zsh ;; *) basename "$file" ;; esac)" ||
            fail "$file is not what was built"
    done
    [ "$(readlink "$root$library")" = "libruby_alloc.so.${version%%.*}" ] ||
        fail "libruby_alloc.so is not a link to the soname"
    [ "$(readlink "$root$prefix/lib/libruby_malloc.so")" = "libruby_alloc.so.$version" ] ||
        fail "libruby_malloc.so is not a link to the library"
    [ "$(readlink "$root$library.${version%%.*}")" = "libruby_alloc.so.$version" ] ||
        fail "the soname is not a link to the library"
    for directory in lib bin include/ruby_alloc; do
        modes "$prefix/$directory" 755
    done

    # By its bare name, as the README says; and the installed tool finds what it counts.
    export RUBY_ALLOC_DIR=$TEST_DIR
    LD_LIBRARY_PATH=$root$prefix/lib LD_PRELOAD=libruby_alloc.so ruby -e '
        exec_tool = ARGV[0]
        report = IO.popen({ "LD_PRELOAD" => nil }, [exec_tool, "--once", "--json", Process.pid.to_s], &:read)
        exit report.include?("ruby_alloc.report/1")' "$root$prefix/bin/ruby_alloc_top" ||
        fail "the installed library and tool do not work"
    status=0
    "$root$prefix/bin/ruby_alloc_top" -- ruby -e 'exit 7' 2>"$TEST_DIR/err" || status=$?
    [ $status -eq 7 ] && grep -q '^ruby_version ' "$TEST_DIR/err" ||
        fail "the installed tool runs no command: $status, $(head -1 "$TEST_DIR/err")"
    unset RUBY_ALLOC_DIR

    make CFLAGS=-O0 DESTDIR="$root" PREFIX="$prefix" uninstall >/dev/null
    left=$(find "$root" ! -type d)
    [ -z "$left" ] || fail "uninstall left: $left"
    [ ! -e "$root$prefix/include/ruby_alloc" ] || fail "uninstall left its include directory"
done

# The library elsewhere than in ../lib, as on a system with several architectures.
make CFLAGS=-O0 DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/some-linux install >/dev/null
RUBY_ALLOC_DIR=$TEST_DIR "$root/usr/bin/ruby_alloc_top" -- ruby -e 1 2>"$TEST_DIR/err" ||
    fail "the library is not found in LIBDIR: $(head -1 "$TEST_DIR/err")"

make clean
[ ! -e build ] || fail "make clean left build/"
