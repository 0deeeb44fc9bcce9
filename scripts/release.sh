#!/usr/bin/env bash
# The binary at target/release/guichet and its site at target/site, ready to ship with Leptos.toml.
set -euo pipefail
source "$(dirname "$0")/env.sh"
unset CARGO_TARGET_DIR
# Erases the types of views, as in debug builds: the browser loads two fifths less.
export RUSTFLAGS="$erase_flags"
cargo leptos build --split --release --precompress
say "target/release/guichet, target/release/hash.txt, target/site, Leptos.toml"
