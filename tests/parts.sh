#!/bin/sh
# Runs the parts of `make test` and `make check` that are named, one after the other, all of them even if one fails.
# A part that passes is one line; one that fails shows everything it printed. The last line is the sum of all.
set -u
cd "$(dirname "$0")/.." || exit 1
cargo=${CARGO:-cargo}

output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
trap 'exit 130' INT TERM

run() {
    case $1 in
    unit) $cargo test --test unit -- --quiet ;;
    integration) $cargo test --test integration ;;
    doctests) $cargo test --doc ;;
    benches) $cargo test --bench benches ;; # criterion then runs each bench once
    fmt) $cargo fmt --check ;;
    clippy) $cargo clippy --all-targets -- -D warnings ;;
    rustdoc) RUSTDOCFLAGS='-D warnings' $cargo doc --no-deps ;;
    tree) one_package ;;
    *) echo "no such part: $1" && return 1 ;;
    esac
}

# The server is std and its own source: one line, itself.
one_package() {
    tree=$($cargo tree --edges normal) && echo "$tree" && [ "$(echo "$tree" | wc -l)" -eq 1 ]
}

# "passed failed" of one part, from what it printed: our harness, our benches and Rust's say "N passed". A part
# that ended badly without counting a failure (it did not compile, it crashed) is one failure; a check that counts
# nothing is one pass.
count() {
    awk -v ended="$2" -v part="$1" '
        /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3 }
        /^test result: / { passed += $4; failed += $6 }
        END {
            if (ended != 0 && failed == 0) failed = 1
            if (part ~ /^(fmt|clippy|rustdoc|tree)$/ && ended == 0) passed = 1
            print passed + 0, failed + 0
        }' "$output"
}

all_passed=0
all_failed=0
for part in "$@"; do
    begin=$(date +%s)
    run "$part" >"$output" 2>&1 </dev/null
    ended=$?
    read -r passed failed <<-COUNTS
	$(count "$part" "$ended")
	COUNTS
    [ "$failed" -eq 0 ] || cat "$output"
    printf '%-12s %s passed, %s failed (%s s)\n' "$part" "$passed" "$failed" "$(($(date +%s) - begin))"
    all_passed=$((all_passed + passed))
    all_failed=$((all_failed + failed))
done
echo "$all_passed passed, $all_failed failed"
[ "$all_failed" -eq 0 ]
