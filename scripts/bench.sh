#!/usr/bin/env bash
# The case list against the floor, memory and the size of the first load; with SIZES also how fast the portal is at a size.
set -euo pipefail
source "$(dirname "$0")/env.sh"
for tool in wrk brotli; do
    command -v "$tool" >/dev/null || { echo "make bench needs $tool (Debian: apt-get install $tool)" >&2; exit 1; }
done
# With the flags of `make release`: one build for both.
export RUSTFLAGS="$erase_flags"
cargo build --release -p bench

# With SIZES="1000 10000 100000" (how many cases there are) the portal is measured with data of each size first. What is made is
# kept in target/bench and copied for each run.
export GUICHET_LISTEN=127.0.0.1:3471 GUICHET_SIGN_IN_PER_MINUTE=1000 GUICHET_WRITE_PER_MINUTE=1000000 \
    GUICHET_CONNECTIONS_PER_CLIENT=12000 GUICHET_PUBLIC_URL=http://127.0.0.1:3471
work=$(mktemp -d)
trap 'kill ${server:-} ${floor:-} 2>/dev/null || true; rm -rf "$work"' EXIT

# Makes the data of a size, once.
data() {
    local size=$1 kept="target/bench/$1"
    [ -e "$kept/done" ] && return
    rm -rf "$kept" && mkdir -p "$kept"
    say "Making $size cases"
    target/release/bench data "$size" "$kept/import.jsonl"
    target/release/guichet --data-dir "$kept/data" migrate
    time target/release/guichet --data-dir "$kept/data" import "$kept/import.jsonl" --commit >"$kept/import.log"
    target/release/bench people "sqlite:$kept/data/guichet.db" "$kept/people.json"
    touch "$kept/done"
}

results=()
for size in ${SIZES-}; do
    data "$size"
    cp -r "target/bench/$size/data" "$work/$size"
    target/release/guichet --data-dir "$work/$size" serve 2>"$work/$size.log" &
    server=$!
    begun=$(date +%s%N)
    until curl -sf http://127.0.0.1:3471/readyz >/dev/null; do sleep 0.01; done
    say "$size cases: ready in $((($(date +%s%N) - begun) / 1000000)) ms"
    target/release/bench load http://127.0.0.1:3471 "target/bench/$size/people.json" "$server" "target/bench/sqlite-$size.json"
    results+=("target/bench/sqlite-$size.json")
    kill "$server" && wait "$server" || true
    rm -rf "${work:?}/$size"
done
[ ${#results[@]} -gt 0 ] && target/release/bench table "${results[@]}"

# The case list against the floor, memory and the size of the first load, on the demo data.
export GUICHET_DATA_DIR="$work/demo"
target/release/guichet demo >/dev/null
target/release/guichet serve 2>"$work/log" &
server=$!
until curl -sf http://127.0.0.1:3471/readyz >/dev/null; do sleep 0.1; done

curl -s -o /dev/null -c "$work/jar" -H 'sec-fetch-site: same-origin' \
    --data-urlencode "email=${BENCH_EMAIL:-claire.fontaine@montclair.example}" --data-urlencode "password=${BENCH_PASSWORD:-Nordlys-demo-2026}" \
    http://127.0.0.1:3471/fn/session/sign_in
cookie=$(awk '$6 == "guichet" {print "guichet=" $7}' "$work/jar")
person=$(curl -s -X POST -H "cookie: $cookie" -H 'sec-fetch-site: same-origin' http://127.0.0.1:3471/fn/session/viewer |
    node -e 'let t="";process.stdin.on("data",d=>t+=d).on("end",()=>console.log(JSON.parse(t).actor.person))')
curl -s -H "cookie: $cookie" -o "$work/page" http://127.0.0.1:3471/cases
target/release/bench floor "sqlite:$work/demo/guichet.db" "$person" "$work/page" 127.0.0.1:3472 &
floor=$!
until curl -sf http://127.0.0.1:3472/cases >/dev/null; do sleep 0.1; done

rate() { wrk -t1 -c8 -d"$1" -H "cookie: $cookie" "$2" | awk '/Requests\/sec/ {print $2}'; }
rate 2s http://127.0.0.1:3471/cases >/dev/null
echo "bytes of a page: $(wc -c <"$work/page"), of the floor's: $(curl -s http://127.0.0.1:3472/cases | wc -c)"
# In turns, so that other load on the machine affects both.
for _ in 1 2 3; do
    ours=$(rate 5s http://127.0.0.1:3471/cases)
    bare=$(rate 5s http://127.0.0.1:3472/cases)
    awk -v a="$ours" -v b="$bare" 'BEGIN { printf "case list: %d requests/s; floor: %d; ratio: %.0f %%\n", a, b, 100 * a / b }'
done
awk '/VmRSS/ {printf "resident memory after the load: %.0f MB\n", $2 / 1024}' "/proc/$server/status"

# The files that the page names, and the loader of its chunks.
page=$(brotli -c -q 5 "$work/page" | wc -c)
total=$page
echo "page: $page bytes"
for file in $(grep -o '/pkg/[^"?]*' "$work/page" | sort -u) /pkg/__wasm_split.$(sed -n 's/^split: //p' target/release/hash.txt).js; do
    size=$(stat -c %s "target/site$file.br")
    total=$((total + size))
    echo "$(basename "$file"): $size bytes"
done
echo "first load of the case list: $((total / 1024)) KB brotli"
