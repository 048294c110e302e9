#!/bin/sh
# Shows that the tests can fail. Each mutation of tests/sabotage.txt is made in a copy of the source, one at a time, and
# the test that it names must turn red. One that survives fails the run: a test is missing, or the line is not needed.
#   tests/sabotage.sh              all of them
#   tests/sabotage.sh split scope  those with one of the words in their name, file or test
#   tests/sabotage.sh --list       their names
# The time limit is the tests' own. A unit test has a deadline: longer than the 10 s for which a test waits for another
# thread, so that one that gives up waiting is red and not hung. Those in integration/ have one on every wait.
set -u
cd "$(dirname "$0")/.." || exit 1
cargo=${CARGO:-cargo}
place=$PWD/target/sabotage # what a run leaves behind, for the next one to build on
copy=$place/tree
data=$copy/tests/sabotage.txt
block=$place/block       # the mutation in hand, as it stands in the data
original=$place/original # its file, unbroken
output=$place/output     # what the last command printed
named=$place/named       # kind and name of each test that is needed

# A place to build that is nobody else's: a sabotaged program is never taken for the real one.
export CARGO_TARGET_DIR="$place/build" CARGO_PROFILE_DEV_DEBUG=0
trap 'exit 130' INT TERM

# Takes mutation number $1 in hand: a paragraph of the data that is no comment. False past the last one.
take() {
    awk -v RS= -v n="$1" '!/^#/ && ++seen == n { print; found = 1 } END { exit !found }' "$data" >"$block" || return
    name=$(value name) file=$(value file) red=$(value red) ends=$(value ends)
    case $red in
    'compiler '* | 'doc '*) kind=${red%% *} test=${red#* } ;;
    integration/*) kind=integration test=${red#integration/} ;;
    *) kind=unit test=$red ;;
    esac
}

value() { sed -n "s/^$1: //p" "$block"; }

# Whether it has one of the words; without words, all are chosen.
chosen() {
    [ $# -eq 0 ] && return
    for word in "$@"; do
        printf '%s\n' "$name" "$file" "$red" | grep -qiF -e "$word" && return
    done
    return 1
}

# Exchanges the lines marked - for those marked + in the copy. Indentation aside, they must stand there exactly once.
mutate() {
    awk '
        function bare(text) { sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text); return text }
        FNR == NR && /^-/ { old[++olds] = bare(substr($0, 2)) }
        FNR == NR && /^\+/ { new[++news] = substr($0, 2) }
        FNR == NR { next }
        { line[++lines] = $0 }
        END {
            for (at = 1; at <= lines - olds + 1; at++) {
                for (i = 1; i <= olds && bare(line[at + i - 1]) == old[i]; i++);
                if (i > olds) { here = at; found++ }
            }
            if (found != 1) { print "its old lines stand there " found + 0 " times" >"/dev/stderr"; exit 1 }
            for (at = 1; at < here; at++) print line[at]
            for (i = 1; i <= news; i++) print new[i]
            for (at = here + olds; at <= lines; at++) print line[at]
        }' "$block" "$original" >"$copy/$file" 2>"$output"
}

# Builds and runs the tests of the kind $1 that are named by the rest; the compiler's verdict is on the build itself.
try() {
    of=$1 && shift
    cd "$copy" || exit 1
    case $of in
    unit) $cargo test --test unit -- --exact --deadline-ms 15000 "$@" ;;
    integration) $cargo test --test integration -- --exact "$@" ;;
    doc) $cargo test --doc -- "$@" ;;
    compiler) $cargo build --lib ;;
    esac
}

# How the test in hand ended, from what was printed: green, red, hung (no end within its deadline), aborted (the whole
# process with it), unbuilt, or unknown: no test, or more than one, has its name.
ended() {
    awk -v test="$test" '
        /^error: could not compile/ && !end { end = "unbuilt" }
        index($0, "error[" test "]: ") == 1 { end = "red" }
        /^ *Finished/ && test ~ /^E[0-9]+$/ { end = "green" }
        /^1 passed, 0 failed$/ || /^test result: ok\. 1 passed; 0 failed; / { end = "green" }
        test ~ /\.rs$/ && /^test result: ok\. [1-9][0-9]* passed; 0 failed; / { end = "green" }
        $1 == "FAILED" && $2 == test { end = "red" }
        $1 == "test" && index($0, test) && $NF == "FAILED" { end = "red" }
        /^ *no end within [0-9]+ ms; its thread is left behind$/ { end = "hung" }
        /process didn.t exit successfully: .* \(signal: / { end = "aborted" }
        END { print end ? end : "unknown" }' "$output"
}

# One mutation, from the change to its row in the table.
play() {
    begin=$(date +%s)
    cp "$copy/$file" "$original" || exit 1
    if mutate; then
        (try "$kind" "$test") >"$output" 2>&1 </dev/null
        end=$(ended)
    else
        end=unfit
    fi
    cp "$original" "$copy/$file" || exit 1 # not cp -p: by the new time cargo sees that it was changed back
    case $end in
    "${ends:-red}") verdict=caught caught=$((caught + 1)) ;;
    green) verdict=SURVIVED survived=$((survived + 1)) ;;
    *) verdict=BROKEN broken=$((broken + 1)) ;;
    esac
    printf '%-8s %3s s  %-64s %s\n' "$verdict" "$(($(date +%s) - begin))" "$name" "$red"
    case $verdict in
    SURVIVED) printf '\n%s\n\n' "$(cat "$block")" ;;
    BROKEN) printf '\n%s\n\nexpected it to end %s, found %s:\n%s\n\n' "$(cat "$block")" "${ends:-red}" "$end" "$(tail -n 40 "$output")" ;;
    esac
}

# A test that is red anyway catches everything, so first all that are needed must be there and be green.
all_are_green() {
    for of in unit integration doc; do
        tests=$(sed -n "s/^$of //p" "$named" | sort -u)
        [ -n "$tests" ] || continue
        # shellcheck disable=SC2086 # a test's name has no space in it
        (try "$of" $tests) >"$output" 2>&1 </dev/null
        green=$(awk '
            /^[0-9]+ passed, 0 failed$/ { green += $1 }
            /^test result: ok\. / { green += $4 }
            END { print green + 0 }' "$output")
        wanted=$(($(printf '%s\n' "$tests" | wc -l)))
        # A file may have several examples in its documentation; anything else is named exactly.
        if [ "$green" -lt $wanted ] || { [ $of != doc ] && [ "$green" -gt $wanted ]; }; then
            cat "$output"
            printf 'expected these %s tests to be there, and green, while nothing is broken:\n%s\n' "$of" "$tests"
            return 1
        fi
    done
}

[ "${1:-}" = --list ] && exec sed -n 's/^name: //p' tests/sabotage.txt
# The copy is made once, before anything runs, so whoever goes on working in the tree meanwhile disturbs nothing.
mkdir -p "$place" && rm -rf "$copy" && mkdir "$copy" && : >"$named" || exit 1
for entry in *; do
    [ "$entry" = target ] || cp -R "$entry" "$copy/" || exit 1
done
numbers='' number=1
while take $number; do
    chosen "$@" && numbers="$numbers $number" && echo "$kind $test" >>"$named"
    number=$((number + 1))
done
[ -n "$numbers" ] || { echo "no mutation has such a word in it; --list names them" && exit 1; }
all_are_green || exit 1
caught=0 survived=0 broken=0
for number in $numbers; do
    take "$number" && play
done
[ $broken -eq 0 ] || echo "$broken could not be judged"
echo "$caught caught, $survived survived"
[ $((survived + broken)) -eq 0 ]
