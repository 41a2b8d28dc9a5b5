#!/bin/bash
# The man pages: without a complaint of mandoc's, and with all that the tables hold; every
# option, key, value, rule and variable, as --help tells them, too.
set -u

build=$RUBY_ALLOC_BUILD top=$RUBY_ALLOC_BUILD/ruby_alloc_top
failures=0

fail() {
    failures=$((failures + 1))
    echo "FAIL: $*"
}

# mandoc looks for a page that another refers to where it is installed, and where it runs: so ours
# must be found beside each other. What else they refer to need not be installed here.
for page in ruby_alloc_top.1 libruby_alloc.7; do
    lint=$(cd "$build" && mandoc -Tlint "$page" 2>"$TEST_DIR/err" |
        grep -vE 'referenced manual not found: Xr (top|jemalloc|malloc|ld\.so|ldconfig) ')
    [ -z "$lint" ] || fail "$lint"
    ! grep -n '^@' "$build/$page" || fail "$page: a part is missing"
    grep -q '^\.Sh NAME' "$build/$page" || fail "$page is no man page"
done

# As somebody reads it: words parted by single spaces.
read_page() { mandoc -Tascii -Owidth=200 "$build/$1" | col -bx | tr -s ' '; }
manual=$(read_page ruby_alloc_top.1) library=$(read_page libruby_alloc.7)

expect() { grep -qF -- "$2" <<<"$3" || fail "$1 lacks: $2"; }

options=$("$top" --help | sed -n '/^Watching/,/^Keys/ s/^  *\(-[A-Za-z], \)\{0,1\}\(--[a-z-]*\).*/\2/p')
[ "$(wc -l <<<"$options")" -gt 20 ] || fail "read too few options: $options"
for option in $options; do
    grep -qE -- "^ (-[A-Za-z][^,]*, )?$option( |=|\$)" <<<"$manual" || fail "ruby_alloc_top.1 lacks $option"
done

values=0
while read -r name _; do
    expect ruby_alloc_top.1 " $name (" "$manual"
    values=$((values + 1))
done < <("$top" --help metrics | sed -n 's/^  \([a-z]\)/\1/p')
[ "$values" -gt 100 ] || fail "read too few values: $values"

rules=$(sed -n 's/^ *X(\([a-z_]*\), "\(.*\)").*/\1 \2/p' include/ruby_alloc/advice.h)
[ "$(wc -l <<<"$rules")" -eq 27 ] || fail "expected 27 rules, found: $rules"
while read -r id meaning; do
    expect ruby_alloc_top.1 "$id" "$manual"
    expect ruby_alloc_top.1 "$meaning" "$manual"
done <<<"$rules"

variables=0
while IFS='|' read -r name value meaning; do
    expect libruby_alloc.7 "$name=$value" "$library"
    expect libruby_alloc.7 "$meaning" "$library"
    variables=$((variables + 1))
done < <(sed -n 's/^ *X(\([A-Z_]*\), "\(.*\)", "\(.*\)").*/\1|\2|\3/p' include/ruby_alloc/environment.h)
[ "$variables" -eq "$(grep -c '^ *X(RUBY_ALLOC' include/ruby_alloc/environment.h)" ] ||
    fail "read $variables variables"

# CSV: where its names differ from the JSON's, and what a spreadsheet would make of its texts.
for part in "jemalloc_conf, which in the JSON is a part of process" "schema and tool are left out" "=1+1"; do
    expect ruby_alloc_top.1 "$part" "$(tr '\n' ' ' <<<"$manual" | tr -s ' ')"
done

# What a region takes is told in an example, too.
region=$(sed -n 's/^The region takes \([0-9]* KiB\) .*/\1/p' README.md)
expect examples/compose "A region takes ${region:-?}," "$(cat examples/compose/compose.yaml)"

for status in 0 1 2 3 4 5 6 10; do
    grep -qE "^ +$status +[a-z]" <<<"$manual" || fail "no exit status $status"
done

# --help metrics: for a terminal of 80 columns, and nothing left of the JSON's names.
"$top" --help metrics >"$TEST_DIR/metrics" || fail "--help metrics"
! grep -E '.{81}' "$TEST_DIR/metrics" || fail "--help metrics is too wide"
[ "$("$top" --help=metrics)" = "$(cat "$TEST_DIR/metrics")" ] || fail "--help=metrics differs"
"$top" --view help >"$TEST_DIR/views" || fail "--view help"
! grep -E '.{81}' "$TEST_DIR/views" || fail "--view help is too wide"
exit $((failures > 0))
