#!/usr/bin/env bash
# Builds, creates a database with demo data if there is none, and serves.
set -euo pipefail
source "$(dirname "$0")/env.sh"

if [ -e "$target/debug/guichet" ]; then
    say "Building the changes"
else
    say "Building server and site (about six minutes on two cores, the first time)"
fi
cargo leptos build --split

data="${GUICHET_DATA_DIR:-$PWD/data}"
export GUICHET_VENDOR="${GUICHET_VENDOR:-Nordlys}"
if [ -e "$data/guichet.db" ]; then
    # `demo` refuses a database with people of its own, which is then served as it is.
    "$target/debug/guichet" --data-dir "$data" demo || say "Serving the database as it is"
else
    say "Creating a database with demo data in $data"
    "$target/debug/guichet" --data-dir "$data" demo
fi
[ "${1:-}" = --demo-only ] && exit 0

say "Open http://${GUICHET_LISTEN:-127.0.0.1:3000} — mails are written to $data/mail"
exec "$target/debug/guichet" --data-dir "$data" serve
