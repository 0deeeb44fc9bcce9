#!/usr/bin/env bash
# A throwaway PostgreSQL for the tests: `postgres.sh start DIR` prints its address, `postgres.sh stop DIR` removes it.
# Installs the server from the system's packages if it is missing. PostgreSQL refuses to run as root; for root it runs as the
# user nobody.
set -euo pipefail

find_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

as_owner() {
    if [ "$(id -u)" = 0 ]; then
        su nobody -s /bin/bash -c "$1"
    else
        bash -c "$1"
    fi
}

dir="$2"
case "$1" in
start)
    bin=$(find_bin)
    if [ -z "$bin" ] && ! command -v initdb >/dev/null; then
        echo "Installing PostgreSQL" >&2
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq postgresql >&2
        bin=$(find_bin)
    fi
    bin="${bin:-$(dirname "$(command -v initdb)")}"
    mkdir -p "$dir"
    [ "$(id -u)" = 0 ] && chown nobody "$dir"
    port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
    as_owner "'$bin/initdb' -D '$dir/data' -U guichet -A trust --no-sync >/dev/null"
    as_owner "'$bin/pg_ctl' -D '$dir/data' -l '$dir/log' -w -t 30 -o '-p $port -k $dir -h 127.0.0.1 -c fsync=off -c max_connections=300' start >/dev/null"
    echo "postgres://guichet@127.0.0.1:$port/postgres"
    ;;
stop)
    bin=$(find_bin)
    bin="${bin:-$(dirname "$(command -v initdb)")}"
    as_owner "'$bin/pg_ctl' -D '$dir/data' -m immediate stop >/dev/null" || true
    rm -rf "$dir"
    ;;
esac
