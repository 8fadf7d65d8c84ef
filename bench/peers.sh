#!/bin/sh
# peers.sh -- installs the libraries that bench.py compares gradus with: from
# Debian's packages, and today's PyTorch, JAX and ONNX Runtime from PyPI into
# BUILD/peers, which takes 6 GB.  bench.py leaves out those that are missing.
#
#   bench/peers.sh       takes no arguments; the environment variable BUILD
#                        names the folder, which is build if it is unset
#
# The exit status is 0 even if something could not be installed, and 2 for a
# wrong command line.

set -eu

case ${1-} in
-h | --help)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac
if [ $# -gt 0 ]; then
    echo "peers: got the argument '$1'; must be none;" \
        "bench/peers.sh --help says more" >&2
    exit 2
fi

packages='python3-torch libopenblas0-openmp python3-sklearn libfann-dev
    libdnnl-dev libblis4 python3-venv'

# installed PACKAGE: is it installed?  dpkg-query also knows packages that were
# removed again.
installed() {
    # shellcheck disable=SC2016
    dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
        grep -qx installed
}

from_debian() {
    missing=
    for package in $packages; do
        installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "peers: there is no apt-get; install these by hand:$missing"
        return 0
    fi
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root apt-get update -qq || true
    for package in $missing; do
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends "$package" ||
            echo "peers: $package could not be installed"
    done
}

# from_pypi FOLDER: makes a virtual environment there, and installs what it has
# not yet.
from_pypi() {
    if [ ! -e "$1/bin/python" ] && ! /usr/bin/python3 -m venv "$1"; then
        echo "peers: there is no virtual environment for PyPI's packages"
        rm -rf "$1"
        return 0
    fi
    for names in 'torch numpy' 'jax[cpu]' 'onnxruntime onnx'; do
        echo "peers: PyPI's $names: what is missing is installed in $1"
        # shellcheck disable=SC2086 # names are meant to be split
        "$1/bin/pip" install -q $names ||
            echo "peers: PyPI's $names could not be installed"
    done
}

from_debian
from_pypi "${BUILD:-build}/peers"
