#!/usr/bin/env bash
# The browser tests: Chromium from the system's packages, a server with the demo data on a free port.
set -euo pipefail
source "$(dirname "$0")/env.sh"

if ! command -v chromium >/dev/null && [ -z "${CHROMIUM:-}" ]; then
    say "Installing Chromium"
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq chromium >/dev/null
fi
if [ ! -e end2end/node_modules/.stamp ] || [ end2end/package-lock.json -nt end2end/node_modules/.stamp ]; then
    say "Installing the browser test packages"
    (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm install --no-save --no-audit --no-fund >&2)
    touch end2end/node_modules/.stamp
fi
[ "${1:-}" = --built ] && shift || cargo leptos build --split
export GUICHET_BIN="$target/debug/guichet"
cd end2end
exec npx playwright test "$@"
