#!/usr/bin/env bash
# Installs the build tools that Cargo.toml and style/package.json do not: pinned, into the user's cache, once; with `check`
# what checks need too. Nothing outside the cache is touched except the Rust target for WebAssembly.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="${GUICHET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/guichet/tools}"
leptos_version=0.3.10
deny_version=0.20.2
bindgen_version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

installed() { # name version
    [ -x "$tools/bin/$1" ] && [ "$(cat "$tools/$1.version" 2>/dev/null)" = "$2" ]
}

mkdir -p "$tools"

if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
    say "Adding the WebAssembly target"
    rustup target add wasm32-unknown-unknown >&2
fi

if ! installed wasm-bindgen "$bindgen_version"; then
    say "Building wasm-bindgen-cli $bindgen_version (about three minutes, once)"
    CARGO_TARGET_DIR="$tools/build" cargo install wasm-bindgen-cli \
        --version "$bindgen_version" --root "$tools" --force >&2
    echo "$bindgen_version" >"$tools/wasm-bindgen.version"
fi

# Without link-time optimisation: cargo-leptos would take sixteen minutes on two cores, and nothing is won here.
install() { # name version minutes [more arguments]
    say "Building $1 $2 (about $3 minutes, once)"
    CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
        CARGO_TARGET_DIR="$tools/build" cargo install "$1" --version "$2" --locked --root "$tools" --force "${@:4}" >&2
    echo "$2" >"$tools/$1.version"
}
installed cargo-leptos "$leptos_version" || install cargo-leptos "$leptos_version" five --features no_downloads
if [ "${1:-}" = check ]; then
    installed cargo-deny "$deny_version" || install cargo-deny "$deny_version" four
fi
rm -rf "$tools/build"

# npm packages: tailwindcss and wasm-opt for cargo-leptos; daisyUI for style/main.css.
if [ ! -e style/node_modules/.stamp ] || [ style/package-lock.json -nt style/node_modules/.stamp ]; then
    say "Installing the style packages"
    # Not `npm ci`: it refuses a lock file without the packages of other platforms, which npm itself leaves out.
    (cd style && npm install --no-save --no-audit --no-fund >&2)
    touch style/node_modules/.stamp
fi
