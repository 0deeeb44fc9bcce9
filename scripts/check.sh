#!/usr/bin/env bash
# Every check that does not run the program.
set -euo pipefail
source "$(dirname "$0")/env.sh"
export RUSTFLAGS="$erase_flags"

scripts/tools.sh check

say "Format"
cargo fmt --all --check

say "Lints"
cargo clippy --workspace --exclude frontend --all-targets -- -D warnings
CARGO_TARGET_DIR="$target/front" cargo clippy -p frontend --target wasm32-unknown-unknown -- -D warnings

say "Licences, sources, banned crates"
cargo deny --locked check --hide-inclusion-graph bans licenses sources

say "Layers"
# domain does no I/O; only store names SeaORM; the browser's build contains neither; there is one version of Leptos.
refuse() { # what must not be found, in the text on standard input
    if grep -nE "$1"; then
        echo "refused: $2" >&2
        exit 1
    fi
}
{ grep -rnE 'sea_orm::|chrono::' --include='*.rs' app/src server/src crates/domain crates/service crates/testkit frontend bench || true; } |
    refuse . "only store names SeaORM"
cargo tree -p frontend --target wasm32-unknown-unknown -e normal --prefix none | refuse '^(sea-orm|sqlx|tokio|lettre) ' "server crates in the browser"
cargo tree -p domain -e normal --prefix none | refuse '^(tokio|sea-orm|leptos) ' "domain does I/O"
for crate in leptos tachys reactive_graph server_fn; do
    versions=$(cargo tree -p server -e normal --prefix none | awk -v crate="$crate" '$1 == crate {print $2}' | sort -u | wc -l)
    [ "$versions" -eq 1 ] || { echo "$versions versions of $crate" >&2; exit 1; }
done
