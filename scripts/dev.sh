#!/usr/bin/env bash
# Rebuilds whenever a file changes, with the demo data.
set -euo pipefail
source "$(dirname "$0")/env.sh"
scripts/serve.sh --demo-only
export GUICHET_VENDOR="${GUICHET_VENDOR:-Nordlys}"
exec cargo leptos watch --split -- --data-dir "${GUICHET_DATA_DIR:-$PWD/data}" serve
