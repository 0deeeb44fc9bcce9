# Sourced by the other scripts: the pinned tools first on PATH, and the flags that cargo-leptos gives debug builds, so that
# plain cargo and cargo-leptos share one build.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="${GUICHET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/guichet/tools}/bin:$PWD/style/node_modules/.bin:$PATH"
target="${CARGO_TARGET_DIR:-$PWD/target}"
erase_flags="--cfg erase_components"
say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
