#!/bin/sh
# peers.sh -- installs what bench.py compares with, where Debian's packages are;
# what is absent is skipped there.
set -eu

packages='python3-torch libopenblas0-openmp'
missing=
for package in $packages; do
    dpkg-query -W "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "peers: no apt-get here; not there:$missing"
    exit 0
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing ||
    echo "peers: not installed:$missing"
