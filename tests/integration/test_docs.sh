#!/bin/bash
# What is declared once is told the same everywhere: environment variables, options,
# exit statuses, and the two commands of the README.
set -euo pipefail
top=$RUBY_ALLOC_BUILD/ruby_alloc_top
help=$("$top" --help)
failed=0

expect() {
    grep -qF -- "$2" <<<"$3" || { echo "$1 lacks: $2" && failed=1; }
}

readme=$(cat README.md)
expect README "make demo" "$readme"
expect README "make check" "$readme"

# X(RUBY_ALLOC_DIR, "DIR", "meaning")
variables=0
while IFS='|' read -r name value meaning; do
    expect README "| \`$name\` | \`$value\` | $meaning |" "$readme"
    expect --help "$name=$value" "$help"
    expect --help "$meaning" "$help"
    variables=$((variables + 1))
done < <(sed -n 's/^ *X(\([A-Z_]*\), "\(.*\)", "\(.*\)").*/\1|\2|\3/p' include/ruby_alloc/environment.h)
all=$(grep -c '^ *X(RUBY_ALLOC' include/ruby_alloc/environment.h)
[ "$variables" -eq "$all" ] || { echo "read $variables variables of $all" && failed=1; }

# Each variable that the library reads is a declared one.
strings=$(strings -n 6 "$RUBY_ALLOC_BUILD/libruby_alloc.so" | grep -E '^RUBY_ALLOC[A-Z_]*$' | sort -u)
declared=$(sed -n 's/^ *X(\([A-Z_]*\), .*/\1/p' include/ruby_alloc/environment.h | sort -u)
[ "$strings" = "$declared" ] || { echo "read: $strings; declared: $declared" && failed=1; }

# X(purge, "when it speaks"): the README has each rule of the advice, in order, and no other.
rules=$(sed -n 's/^ *X(\([a-z_]*\), "\(.*\)").*/| `\1` | \2 |/p' include/ruby_alloc/advice.h)
shown=$(sed -n '/^## Take the advice/,/^## Environment/ s/^| `.*/&/p' README.md)
[ "$(wc -l <<<"$rules")" -eq 27 ] || { echo "expected 27 rules, found: $rules" && failed=1; }
[ "$rules" = "$shown" ] || { diff <(echo "$rules") <(echo "$shown") || failed=1; }

version=$(sed -n 's/.*define RUBY_ALLOC_VERSION "\(.*\)"/\1/p' include/ruby_alloc/version.h)
[ "$("$top" --version | head -1)" = "ruby_alloc_top $version" ] || { echo "--version" && failed=1; }
exit "$failed"
