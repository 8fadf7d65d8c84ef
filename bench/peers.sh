#!/bin/sh
# peers.sh -- installs what bench.py compares with, where Debian's packages
# are; what is absent is skipped there.
set -eu

packages='python3-torch libopenblas0-openmp python3-sklearn libfann-dev'

# One that was removed again is known to dpkg-query too.
installed() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
        grep -qx installed
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "peers: no apt-get here; not there:$missing"
    exit 0
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -qq || true
for package in $missing; do
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "$package" ||
        echo "peers: not installed: $package"
done
