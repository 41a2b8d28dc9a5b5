#!/bin/bash
# What runs while ld.so relocates the library leaves it nowhere: proved from the disassembly,
# and tried behind objects whose string functions can't be called yet, in front of programs
# that have their own, and where ld.so's data lies for all in a copy in the program.
set -euo pipefail
shim=$RUBY_ALLOC_BUILD/libruby_alloc.so
here=$(dirname "$0")
export RUBY_ALLOC_DIR=$TEST_DIR/regions ASAN_OPTIONS=detect_leaks=0
mkdir "$RUBY_ALLOC_DIR"
failed=0 waiting=
trap '[ -z "$waiting" ] || kill -KILL "$waiting" 2>/dev/null || true' EXIT

fail() {
    failed=1
    echo "$*"
}

# The proof; and that it would notice.
if [ "$(uname -m)" = x86_64 ]; then
    ruby "$here/resolver.rb" "$shim" >"$TEST_DIR/reached" || fail "$(cat "$TEST_DIR/reached")"
    for function in ra_elf_find_linker ra_elf_ruby_version ra_early_is; do
        grep -q "^$function" "$TEST_DIR/reached" || fail "$function is not reached: by whom is it now?"
    done
    cat >"$TEST_DIR/leaves.c" <<'C'
#include <string.h>
static int other(void) { return 1; }
__attribute__((used)) static int (*choose(void))(void) { return strcmp((char *)other, "x") ? other : 0; }
static int chosen(void) __attribute__((ifunc("choose")));
int (*const used)(void) = chosen;
C
    for plt in plt no-plt; do
        cc -O1 -fno-builtin -f$plt -fPIC -shared -o "$TEST_DIR/leaves.so" "$TEST_DIR/leaves.c"
        found=$(ruby "$here/resolver.rb" "$TEST_DIR/leaves.so" 2>&1) || true
        [[ $found == *choose:*strcmp* ]] || fail "-f$plt: a call of strcmp isn't noticed: $found"
    done
fi

# A tracer: each function that a start-up may want, and each calls through its own table. And
# an object that has a function chosen while it is relocated, which it isn't yet.
cat >"$TEST_DIR/tracer.c" <<'C'
#include <stddef.h>
unsigned long traced;
void trace_one(void) { traced++; }
size_t strlen(const char *a) { trace_one(); size_t n = 0; while (a[n]) n++; return n; }
int strcmp(const char *a, const char *b)
{ trace_one(); while (*a && *a == *b) a++, b++; return (unsigned char)*a - (unsigned char)*b; }
int strncmp(const char *a, const char *b, size_t n)
{ trace_one(); while (n && *a && *a == *b) a++, b++, n--; return n ? (unsigned char)*a - (unsigned char)*b : 0; }
void *memcpy(void *to, const void *from, size_t n)
{ trace_one(); for (size_t i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i]; return to; }
void *memset(void *to, int byte, size_t n)
{ trace_one(); for (size_t i = 0; i < n; i++) ((char *)to)[i] = (char)byte; return to; }
extern char **environ;
char *getenv(const char *name)
{
    size_t n = strlen(name);
    for (char **e = environ; e && *e; e++) if (strncmp(*e, name, n) == 0 && (*e)[n] == '=') return *e + n + 1;
    return NULL;
}
unsigned long getauxval(unsigned long type) { trace_one(); (void)type; return 0; }
C
cc -O1 -fno-builtin -fno-tree-loop-distribute-patterns -shared -fPIC -o "$TEST_DIR/tracer.so" "$TEST_DIR/tracer.c"

# A program that looks like a Ruby, with a sanitizer's functions in itself.
cat >"$TEST_DIR/program.c" <<'C'
#include <stdlib.h>
#include <string.h>
extern const char ruby_version[];
const char ruby_version[] = "3.1.7";
int main(void)
{
    char *text = strdup(ruby_version);
    int same = text && strcmp(text, ruby_version) == 0;
    free(text);
    return same ? 0 : 1;
}
C
programs=
# build NAME COMPILER OPTION...
build() {
    local name=$1
    shift
    "$@" -O1 -rdynamic -o "$TEST_DIR/$name" "$TEST_DIR/program.c"
    programs="$programs $name"
}
build gcc-asan gcc -fsanitize=address -static-libasan
build gcc-ubsan gcc -fsanitize=undefined -static-libubsan
build clang-asan clang -fsanitize=address
build clang-ubsan clang -fsanitize=undefined

# try NAME PRELOAD COMMAND...: ends well and says nothing, with each way to ask for settings,
# if it does so with plain jemalloc in our place.
try() {
    local name=$1 before=$2 said status=0 plain tuning
    shift 2
    plain=$(env LD_PRELOAD="${before}libjemalloc.so.2" "$@" 2>&1) || { echo "$name: not even with jemalloc" && return; }
    for tuning in "" RUBY_ALLOC_TUNING= RUBY_ALLOC_TUNING=0 RUBY_ALLOC_TUNING=1 RUBY_ALLOC_TUNING=x RUBY_ALLOC_BACKEND=libc; do
        status=0
        said=$(env ${tuning:+"$tuning"} LD_PRELOAD="$before$shim" "$@" 2>&1) || status=$?
        [ "$status: $said" = "0: $plain" ] ||
            fail "$name, ${tuning:-no RUBY_ALLOC_TUNING}: status $status, says '$said' instead of '$plain'"
    done
}
for library in libasan libtsan libubsan; do
    try "behind $library" "$(gcc -print-file-name=$library.so):" ruby --disable-gems -e 'puts :well'
done
try "behind a tracer" "$TEST_DIR/tracer.so:" ruby --disable-gems -e 'puts :well'
try "behind a tracer, bound at once" "$TEST_DIR/tracer.so:" env LD_BIND_NOW=1 ruby --disable-gems -e 'puts :well'
try "no Ruby behind a tracer" "$TEST_DIR/tracer.so:" /bin/true
for name in $programs; do
    try "$name" "" "$TEST_DIR/$name"
done
# shellcheck disable=SC2046 # ld.so's path has no spaces
try "by ld.so itself" "" $(ldd "$(command -v ruby)" | grep -o '/\S*ld-\S*' | tail -1) "$(command -v ruby)" --disable-gems -e 'puts :well'

# In a program that is bound to fixed addresses, what it reads of other objects is copied into
# it, and all objects read the copy: empty, until the program itself is relocated.
cat >"$TEST_DIR/version.c" <<'C'
extern const char ruby_version[8];
const char ruby_version[8] = "3.1.7";
C
cat >"$TEST_DIR/copies.c" <<'C'
#include <link.h>
#include <unistd.h>
extern void *__libc_stack_end;
extern const char ruby_version[8];
int main(void) { return _r_debug.r_map && __libc_stack_end && ruby_version[0] ? pause() : 1; }
C
cc -shared -fPIC -o "$TEST_DIR/libversion.so" "$TEST_DIR/version.c"
cc -fno-pic -no-pie -o "$TEST_DIR/copies" "$TEST_DIR/copies.c" -L"$TEST_DIR" -lversion -Wl,-rpath,"$TEST_DIR"
[ "$(readelf -rW "$TEST_DIR/copies" | grep -c R_X86_64_COPY)" -eq 3 ] || [ "$(uname -m)" != x86_64 ] ||
    fail "the program has no copies"
# shellcheck source=tests/integration/poll.sh
. "$here/poll.sh"
reported() { "$RUBY_ALLOC_BUILD/ruby_alloc_top" --json "$waiting" >"$TEST_DIR/report" 2>/dev/null; }
# settings WORD ASSIGNMENT: whether the settings of jemalloc in force are ours (tuned) or its own.
settings() {
    env "$2" LD_PRELOAD="$shim" "$TEST_DIR/copies" &
    waiting=$!
    until_true 30 reported || fail "$2: no report of a program with copies"
    found=$(ruby -rjson -e 'puts JSON.parse(File.read(ARGV[0]))["process"]["jemalloc_conf"]["dirty_decay_ms"] == 1000 ?
        :tuned : :untuned' "$TEST_DIR/report")
    kill -KILL $waiting
    wait $waiting 2>/dev/null || true
    waiting=
    [ "$found" = "$1" ] || fail "a program with copies, $2: $found, expected $1"
}
settings tuned X=1
settings tuned RUBY_ALLOC_TUNING=1
settings untuned RUBY_ALLOC_TUNING=0
exit "$failed"
