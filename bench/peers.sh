#!/bin/sh
# peers.sh -- installs the libraries that bench.py compares gradus with, if
# Debian's packages are available.  bench.py leaves out those that are missing.
set -eu

packages='python3-torch libopenblas0-openmp python3-sklearn libfann-dev'

# installed PACKAGE: is it installed?  dpkg-query also knows packages that were
# removed again.
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
    echo "peers: there is no apt-get; install these by hand:$missing"
    exit 0
fi
as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -qq || true
for package in $missing; do
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "$package" ||
        echo "peers: $package could not be installed"
done
