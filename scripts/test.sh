#!/usr/bin/env bash
# Everything: lints, unit and database tests on SQLite and PostgreSQL, HTTP tests, then a real browser.
set -euo pipefail
source "$(dirname "$0")/env.sh"
[ -n "${CI:-}" ] && export CARGO_INCREMENTAL=0
[ "${1:-}" = --no-check ] || scripts/check.sh

pg=$(mktemp -d)
trap 'scripts/postgres.sh stop "$pg"' EXIT
export GUICHET_TEST_POSTGRES
GUICHET_TEST_POSTGRES=$(scripts/postgres.sh start "$pg")

say "Building the site"
cargo leptos build --split

say "Tests on SQLite and PostgreSQL"
RUSTFLAGS="$erase_flags" cargo test --workspace --exclude frontend --no-fail-fast

scripts/e2e.sh --built
