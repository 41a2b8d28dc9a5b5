#!/bin/bash
# A gem whose extension binds its symbols tightly (RTLD_DEEPBIND) frees with libc's free what was
# made through the library, unless it sees the word "malloc" in LD_PRELOAD, as such gems do: the
# library's second name has it, and the tool uses that.
set -euo pipefail
second=$RUBY_ALLOC_BUILD/libruby_malloc.so
first=$RUBY_ALLOC_BUILD/libruby_alloc.so
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
export RUBY_ALLOC_DIR=$TEST_DIR/regions
mkdir "$RUBY_ALLOC_DIR"
failed=0

fail() {
    failed=1
    echo "$*"
}

# Takes lines that libc makes and frees them, and reads one into memory that libc resizes.
cat >"$TEST_DIR/lines.c" <<'C'
#include <ruby.h>
#include <stdio.h>
#include <stdlib.h>

static VALUE lines(VALUE self, VALUE path)
{
    FILE *file = fopen(StringValueCStr(path), "r");
    char *line = NULL, *all = NULL;
    size_t room = 0;
    long bytes = 0;

    (void)self;
    while (file != NULL && getline(&line, &room, file) > 0) {
        char *longer = NULL;
        bytes = asprintf(&longer, "%s%s", all != NULL ? all : "", line);
        free(all);
        all = longer;
    }
    free(all);
    free(line);
    if (file != NULL) {
        fclose(file);
    }
    return LONG2NUM(bytes);
}

void Init_lines(void);
void Init_lines(void)
{
    rb_define_global_function("lines", lines, 1);
}
C
flags=$(ruby -rrbconfig -e 'print %w[rubyhdrdir rubyarchhdrdir].map { |name| "-I#{RbConfig::CONFIG[name]}" }.join(" ")')
# shellcheck disable=SC2086 # several words
cc -w -O1 -D_GNU_SOURCE -shared -fPIC $flags -o "$TEST_DIR/lines.so" "$TEST_DIR/lines.c"
cat >"$TEST_DIR/gem.rb" <<'RUBY'
require "fiddle"
extension = File.join(__dir__, "lines.so")
if ENV["LD_PRELOAD"].to_s.include?("malloc")
  require extension
else
  RTLD_NOW_DEEPBIND = 2 | 8
  Fiddle::Function.new(Fiddle::Handle.new(extension, RTLD_NOW_DEEPBIND)["Init_lines"], [], Fiddle::TYPE_VOID).call
end
copies = File.readlines("/proc/self/maps").grep(/libruby_[am]+lloc/).map { |line| line.split.values_at(3, 4) }.uniq.size
puts "#{lines(__FILE__) == File.size(__FILE__)}, #{copies} copies"
RUBY

# gem EXPECTED PRELOAD: exit status and what the program says.
gem() {
    local said status=0
    said=$(LD_PRELOAD=$2 ruby "$TEST_DIR/gem.rb" 2>&1) || status=$?
    [ "$status: $said" = "0: $1" ] || fail "LD_PRELOAD=$2: status $status, ${said:0:200}; expected $1"
}
gem "true, 0 copies" ""
gem "true, 0 copies" libjemalloc.so.2
gem "true, 1 copies" "$second"
gem "true, 1 copies" "$second:$first"
gem "true, 1 copies" "$first:$second"
gem "true, 1 copies" "$first libjemalloc.so.2"
# Without the word the gem does as it likes, or this test shows nothing.
untouched=0
{ (ulimit -c 0 && LD_PRELOAD=$first ruby "$TEST_DIR/gem.rb" >"$TEST_DIR/out" 2>&1) || untouched=$?; } 2>/dev/null
[ $untouched -ne 0 ] || fail "the gem isn't bound tightly: $(cat "$TEST_DIR/out")"

# The tool brings the word by itself; also what was there before stays behind it.
said=$("$top" -o "$TEST_DIR/report" -- ruby "$TEST_DIR/gem.rb" 2>&1) || fail "ruby_alloc_top --: status $?"
[ "$said" = "true, 1 copies" ] || fail "ruby_alloc_top --: ${said:0:200}"
grep -q '^ruby_version ' "$TEST_DIR/report" || fail "ruby_alloc_top --: nothing was counted"
[ "$("$top" -o /dev/null -- sh -c 'echo "$LD_PRELOAD"' 2>/dev/null)" = "$(realpath "$RUBY_ALLOC_BUILD")/libruby_malloc.so" ] ||
    fail "ruby_alloc_top --: another name"
# A copy of the library alone, beside the tool, has its first name.
mkdir "$TEST_DIR/alone"
cp -L "$first" "$top" "$TEST_DIR/alone"
[ "$("$TEST_DIR/alone/ruby_alloc_top" -o /dev/null -- sh -c 'echo "$LD_PRELOAD"' 2>/dev/null)" = "$(realpath "$TEST_DIR")/alone/libruby_alloc.so" ] ||
    fail "ruby_alloc_top -- beside the library alone: another name"

# A copy that has the second name alone is known by it.
cp -L "$first" "$TEST_DIR/libruby_malloc.so"
for library in "$second" "$TEST_DIR/libruby_malloc.so"; do
    name=$(LD_PRELOAD=$library ruby -e '
        system({ "LD_PRELOAD" => nil }, ARGV[0], "--check", "--json", $$.to_s)' "$top" |
        ruby -rjson -e 'found = JSON.parse($stdin.read); puts [found["allocator"]["name"], found["allocator"]["how"],
            found["preload"]["ignored"].size, found["advice"].map { |row| row["id"] }].join(" ")')
    [ "$name" = "ruby_alloc preload 0 read_report" ] || fail "--check under ${library##*/}: $name"
    said=$(LD_PRELOAD=$library RUBY_ALLOC=0 ruby -e '
        system({ "LD_PRELOAD" => nil }, ARGV[0], $$.to_s)' "$top" 2>&1) || true
    [[ $said == *"has the library"* || $said == *"RUBY_ALLOC=0"* ]] || fail "${library##*/} isn't known: $said"
done
exit "$failed"
