#!/bin/bash
# What malloc and free cost keeps within its limits with each compiler that is installed: each
# compiles the hot path, and callgrind counts a pair's instructions; a call that fails is left
# by a jump, as whoever comes back to malloc needs a frame there.
set -euo pipefail
shopt -s inherit_errexit
here=$(dirname "$0")
pair=$RUBY_ALLOC_BUILD/tests/bench/pair
plain=libjemalloc.so.2
export RUBY_ALLOC_DIR=$TEST_DIR
# shellcheck source=tests/bench/instructions.sh
. "$here/../bench/instructions.sh"
# A make that runs this test must not hand down its own options and job server.
unset MAKEFLAGS MAKELEVEL MFLAGS BUILD
failed=0

# The code of a function, without addresses and the names beside them.
code() {
    objdump -d --no-show-raw-insn --disassemble="$2" "$1" | sed -n 's/^ *[0-9a-f]*:\t//p'
}

# build COMPILER DIRECTORY: the library, of the objects that are there but for the hot path's.
build() {
    mkdir -p "$2/lib/shim"
    cp -p "$RUBY_ALLOC_BUILD"/lib/shim/*.o "$2/lib/shim"
    rm "$2/lib/shim/entry.o"
    make -C "$here/../.." CC="$1" CFLAGS=-O2 BUILD="$2" "$2/libruby_alloc.so" >"$2/log" 2>&1 || {
        cat "$2/log"
        exit 1
    }
    strip -g "$2/libruby_alloc.so.0" # valgrind doesn't read every compiler's
}

# shape LIBRARY: the code that a pair runs, wherever it and what it refers to lie.
shape() {
    for function in malloc free counted_free; do
        code "$1" $function
    done | sed -E 's/#.*//; s/<[^>]*>//; s/-?0x[0-9a-f]+\(%rip\)//; s/\<[0-9a-f]{4,}\>//' | md5sum
}

# hold COMPILER WHAT SETTING LIMIT LIBRARY
hold() {
    local more
    more=$(minus "$base" "$(pair "$5" "$3")")
    if passes "$more" "$4"; then
        printf '%s: %s costs +%s instructions a pair, limit +%s. malloc and free:\n' "$1" "$2" "$more" "$4"
        code "$5" malloc
        echo
        code "$5" free
        failed=1
    fi
}

base=$(pair "$plain" X=)
passes "$base" 20 || { echo "plain jemalloc: $base instructions a pair?" && exit 1; }
seen='' shapes=''
for compiler in cc $(compgen -c | grep -xE '(gcc|clang)(-[0-9]+)?' | sort -u); do
    version=$("$compiler" --version | head -1 | sed 's/^[^ ]* //')
    kind=$("$compiler" --version | grep -q clang && echo clang || echo gcc)
    case $seen in *"[$kind $version]"*) continue ;; esac
    seen+="[$kind $version]"
    directory=$TEST_DIR/$compiler
    build "$compiler" "$directory"
    library=$directory/libruby_alloc.so
    # What another compiler made alike is counted once.
    made=$(shape "$library")
    case $shapes in *"$made"*) continue ;; esac
    shapes+=$made
    hold "$compiler" counting RUBY_ALLOC_ALL=1 "$counting_limit" "$library"
    hold "$compiler" forwarding RUBY_ALLOC=0 "$forwarding_limit" "$library"
    if [ "$(uname -m)" = x86_64 ]; then
        calls=$(code "$library" malloc | grep -c '^call')
        [ "$calls" -eq 1 ] || {
            printf '%s: malloc makes %s calls, expected jemalloc'"'"'s alone:\n' "$compiler" "$calls"
            code "$library" malloc
            failed=1
        }
    fi
done
exit "$failed"
