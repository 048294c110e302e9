#!/bin/sh
# A scripted session under valgrind (the original's Memcheck, kept): no error, nothing lost.
#
# Safe Rust rules out most of what memcheck looks for. What it does not rule out is memory that nobody gives back
# (a cycle of Arcs, a mem::forget), and the std underneath is not all safe: so it is still looked for.
set -u
cd "$(dirname "$0")/.." || exit 1

for tool in valgrind curl; do
    if ! command -v "$tool" >/dev/null; then
        echo "memcheck needs $tool: apt-get install valgrind curl, or your system's way to install them" >&2
        exit 1
    fi
done
${CARGO:-cargo} build --quiet --bin nanoserve || exit 1 # with debug symbols, so that a report has lines

folder=$(mktemp -d) || exit 1
wrapper=
# Whatever happens, the server is drained and the folder is gone.
leave() {
    [ -z "$wrapper" ] || { kill -TERM "$wrapper" && wait "$wrapper"; } 2>/dev/null
    rm -rf "$folder"
}
trap leave EXIT
trap 'exit 130' INT TERM

passed=0
failed=0
check() { # check CLAIM COMMAND...
    claim=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED  $claim"
    fi
}

# Exit code 99: errors, or memory that nothing points to any more, directly or through such memory. What threads still
# hold that end with the process is neither.
: >"$folder/stdout" # it is looked into before the server has begun
MALLOC_ARENA_MAX=1 docs/service-wrapper.sh valgrind --leak-check=full --show-leak-kinds=definite,indirect \
    --errors-for-leak-kinds=definite,indirect --error-exitcode=99 --log-file="$folder/valgrind" \
    target/debug/nanoserve --listen 127.0.0.1:0 --admin 127.0.0.1:0 --workers 8 --ttl 5s --max-keys 30 --lab \
    --max-stored-response 64KiB --log access >"$folder/stdout" 2>"$folder/stderr" &
wrapper=$!

tries=0
until grep -q '^admin on ' "$folder/stdout"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$wrapper" 2>/dev/null; then
        echo "the server did not start under valgrind" >&2
        cat "$folder/stdout" "$folder/stderr" "$folder/valgrind" >&2
        exit 1
    fi
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$folder/stdout")
admin=$(sed -n 's/^admin on //p' "$folder/stdout")

answers() { # answers STATUS CURL-OPTIONS...: one request, one status
    wanted=$1
    shift
    got=$(curl --silent --max-time 60 --output "$folder/content" --write-out '%{http_code}' "$@")
    [ "$got" = "$wanted" ] || { echo "        $got where $wanted was expected" && false; }
}
pay() { # pay STATUS KEY AMOUNT CURL-OPTIONS...
    wanted=$1
    payment="{\"from\":\"alice\",\"to\":\"bob\",\"amount\":$3,\"currency\":\"EUR\"}"
    key=$2
    shift 3
    answers "$wanted" -H "Idempotency-Key: $key" -d "$payment" "$@" "$url/payments"
}
lab() { # lab STATUS KEY PATH
    answers "$1" -X POST -H "Idempotency-Key: $2" "$url/lab/runs/$3"
}
all_at_once() { # ten copies of one payment: whoever is not the first replays or is told to wait
    copies=
    for n in 0 1 2 3 4 5 6 7 8 9; do
        curl --silent --max-time 60 --output /dev/null --write-out '%{http_code}\n' -H 'Idempotency-Key: at-once' \
            -d '{"from":"alice","to":"bob","amount":7,"currency":"EUR"}' "$url/payments" >"$folder/copy$n" &
        copies="$copies $!"
    done
    # shellcheck disable=SC2086 # one word each
    wait $copies
    ! cat "$folder"/copy? | grep -qv '^201$\|^409$'
}
fill() { # more keys than there is room for: one of them gets 503
    n=0
    until lab 503 "fill-$n" fill >/dev/null; do
        n=$((n + 1))
        [ "$n" -lt 200 ] || return 1
    done
}
room_again() { # the TTL passes, the sweeper gives the memory back
    n=0
    until lab 201 again again >/dev/null; do
        n=$((n + 1))
        [ "$n" -lt 300 ] || return 1
        sleep 0.1
    done
}
raw() { # bytes that curl would not send; the answer's first line
    printf '%b' "$1" | curl --silent --max-time 60 "telnet://${url#http://}" | head -n 1 | grep -q " $2 "
}

check 'a payment is made' pay 201 one 1250
check 'a retry replays' pay 201 one 1250
check 'another amount is refused' pay 422 one 1300
check 'without a key nothing is paid' answers 400 -d '{}' "$url/payments"
check 'a malformed key is refused' pay 400 '"open' 1
check 'bad JSON frees its key' answers 400 -H 'Idempotency-Key: bad' -d '{' "$url/payments"
check 'and so the key can be used' pay 201 bad 5
check 'ten at once are one' all_at_once
check 'a handler that panics is answered' lab 500 panic 'p?panic=after'
check 'and so is its retry' lab 500 panic 'p?panic=after'
check 'a refusal is not recorded' lab 503 refuse 'r?refuse=503'
check 'an answer too large to keep' lab 201 large 'l?bytes=100000'
check 'leaves a tombstone' lab 410 large 'l?bytes=100000'
check 'chunked content' pay 201 chunked 3 -H 'Transfer-Encoding: chunked'
check 'content over its bound' answers 413 -H 'Expect:' -d "@target/debug/nanoserve" "$url/echo"
check 'an echo' answers 200 -d "@Cargo.toml" "$url/echo"
check 'the payments' answers 200 "$url/payments?limit=2"
check 'the accounts' answers 200 "$url/accounts"
check 'no such path' answers 404 "$url/nowhere"
check 'two lengths are malformed' \
    raw 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n' 400
check 'a head without end' raw 'GET / HTTP/1.1\r\nHost: x\r\nX-Long: '"$(seq -s '' 9000)" 431
check 'a client that leaves in the middle' \
    sh -c '! curl --silent --max-time 0.2 -X POST -H "Idempotency-Key: gone" "$1/lab/runs/g?delay_ms=500"' sh "$url"
check 'keys are full' fill
check 'and have room again' room_again
check 'the metrics' answers 200 "$admin/metrics"
check 'a key is looked up' answers 200 "$admin/keys/one"
check 'the server lives' answers 200 "$admin/healthz"

kill -TERM "$wrapper"
wait "$wrapper"
ended=$?
wrapper=
check 'the drain ends well' [ "$ended" -eq 0 ]
check 'memcheck reports no error' grep -q 'ERROR SUMMARY: 0 errors' "$folder/valgrind"
# Where not even one block was left, valgrind has another sentence.
lost_nothing() {
    grep -q 'All heap blocks were freed' "$folder/valgrind" ||
        { grep -q 'definitely lost: 0 bytes' "$folder/valgrind" && grep -q 'indirectly lost: 0 bytes' "$folder/valgrind"; }
}
check 'nothing is lost' lost_nothing
if [ "$failed" -ne 0 ]; then
    cat "$folder/valgrind" "$folder/stderr"
fi
grep -E 'lost:|still reachable|ERROR SUMMARY|heap blocks' "$folder/valgrind"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
