#!/usr/bin/env bash
# The case list against the floor, memory, and the size of the first load, in one run on the demo data.
set -euo pipefail
source "$(dirname "$0")/env.sh"
for tool in wrk brotli; do
    command -v "$tool" >/dev/null || { echo "make bench needs $tool (Debian: apt-get install $tool)" >&2; exit 1; }
done
cargo build --release -p bench
work=$(mktemp -d)
export GUICHET_DATA_DIR="$work" GUICHET_LISTEN=127.0.0.1:3471 GUICHET_SIGN_IN_PER_MINUTE=1000
target/release/guichet demo
target/release/guichet serve 2>"$work/log" &
server=$!
trap 'kill $server ${floor:-} 2>/dev/null || true; rm -rf "$work"' EXIT
until curl -sf http://127.0.0.1:3471/readyz >/dev/null; do sleep 0.1; done

curl -s -o /dev/null -c "$work/jar" -H 'sec-fetch-site: same-origin' \
    --data-urlencode "email=${BENCH_EMAIL:-claire.fontaine@montclair.example}" --data-urlencode "password=${BENCH_PASSWORD:-Nordlys-demo-2026}" \
    http://127.0.0.1:3471/fn/session/sign_in
cookie=$(awk '/guichet/ {print "guichet=" $7}' "$work/jar")
person=$(curl -s -X POST -H "cookie: $cookie" -H 'sec-fetch-site: same-origin' http://127.0.0.1:3471/fn/session/viewer |
    node -e 'let t="";process.stdin.on("data",d=>t+=d).on("end",()=>console.log(JSON.parse(t).actor.person))')
target/release/bench "sqlite:$work/guichet.db" "$person" 127.0.0.1:3472 &
floor=$!
until curl -sf http://127.0.0.1:3472/cases >/dev/null; do sleep 0.1; done

rate() { wrk -t1 -c8 -d"$1" -H "cookie: $cookie" "$2" | awk '/Requests\/sec/ {print $2}'; }
rate 2s http://127.0.0.1:3471/cases >/dev/null
ours=$(rate 10s http://127.0.0.1:3471/cases)
bare=$(rate 10s http://127.0.0.1:3472/cases)
echo "case list: $ours requests/s; floor (axum, same query, HTML by hand): $bare requests/s"
awk -v a="$ours" -v b="$bare" 'BEGIN { printf "ratio: %.0f %%\n", 100 * a / b }'
awk '/VmRSS/ {printf "resident memory after the load: %.0f MB\n", $2 / 1024}' "/proc/$server/status"
html=$(curl -s -H "cookie: $cookie" http://127.0.0.1:3471/cases | brotli -c -q 5 | wc -c)
assets=0
for file in target/site/pkg/*.br; do
    size=$(stat -c %s "$file"); assets=$((assets + size)); echo "$(basename "$file"): $size bytes"
done
echo "first load of the case list: $(((html + assets) / 1024)) KB brotli (page $html, assets $assets bytes)"
