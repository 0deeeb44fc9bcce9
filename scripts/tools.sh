#!/usr/bin/env bash
# Provides the build tools that Cargo.toml and style/package.json do not: pinned, in the user's cache, once; with `check`
# what checks need too. Nothing outside the cache is touched except the Rust target for WebAssembly. A tool that the machine
# already has in the pinned version is used as it is; otherwise it is fetched with `cargo binstall`, where that is installed;
# otherwise it is built from the registry (GUICHET_BUILD_TOOLS=1 skips both shortcuts).
set -euo pipefail
cd "$(dirname "$0")/.."

tools="${GUICHET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/guichet/tools}"
leptos_version=0.3.10
deny_version=0.20.2
bindgen_version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

mkdir -p "$tools/bin"

if ! rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown; then
    say "Adding the WebAssembly target"
    rustup target add wasm32-unknown-unknown >&2
fi

# Prints the version of a program, without its name.
version_of() { "$1" --version 2>/dev/null | awk 'NR == 1 {print $NF}'; }

# Optimises only the crates that process the whole WebAssembly file: fully optimised, cargo-leptos alone takes 13 minutes to
# build on two cores, and its other parts (CSS and JavaScript minifiers) have little to do.
profile=(--config profile.release.lto=false --config profile.release.codegen-units=64 --config profile.release.opt-level=0
    --config profile.release.debug=false --config profile.release.strip=true)
for crate in walrus wasmparser wasm-encoder wasm_split_cli_support wasm-bindgen-cli-support gimli; do
    profile+=(--config "profile.release.package.$crate.opt-level=2")
done

tool() { # crate, program, version, minutes on two cores, more arguments of `cargo install`
    local crate=$1 program=$2 version=$3 minutes=$4
    [ "$(version_of "$tools/bin/$program")" = "$version" ] && return
    rm -f "$tools/bin/$program"
    if [ -z "${GUICHET_BUILD_TOOLS:-}" ]; then
        if [ "$(version_of "$program")" = "$version" ]; then
            say "Using this machine's $crate $version"
            ln -s "$(command -v "$program")" "$tools/bin/$program"
            return
        fi
        if cargo binstall -V >/dev/null 2>&1; then
            say "Fetching $crate $version"
            if cargo binstall --no-confirm --disable-strategies compile --root "$tools" "$crate@$version" >&2 &&
                [ "$(version_of "$tools/bin/$program")" = "$version" ]; then
                return
            fi
        fi
    fi
    say "Building $crate $version (about $minutes minutes on two cores, once)"
    # cargo-generate, inside cargo-leptos, would compile OpenSSL; the system's does as well where its headers are installed.
    if pkg-config --atleast-version=1.1.1 openssl 2>/dev/null; then export OPENSSL_NO_VENDOR=1; fi
    CARGO_TARGET_DIR="$tools/build" cargo install "$crate" --version "$version" --root "$tools" --force "${profile[@]}" "${@:5}" >&2
}

# Without --locked, because its lock file names a release that is no longer in the index.
tool wasm-bindgen-cli wasm-bindgen "$bindgen_version" 2
tool cargo-leptos cargo-leptos "$leptos_version" 5 --locked --features no_downloads
if [ "${1:-}" = check ]; then
    tool cargo-deny cargo-deny "$deny_version" 3 --locked
fi
rm -rf "$tools/build"

# npm packages: tailwindcss and wasm-opt for cargo-leptos; daisyUI for style/main.css.
if [ ! -e style/node_modules/.stamp ] || [ style/package-lock.json -nt style/node_modules/.stamp ]; then
    say "Installing the style packages"
    # Not `npm ci`: it refuses a lock file without the packages of other platforms, which npm itself leaves out.
    (cd style && npm install --no-save --no-audit --no-fund >&2)
    touch style/node_modules/.stamp
fi
