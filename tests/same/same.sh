#!/bin/sh
# same.sh -- does this tree compute what commit BASE does, bit by bit?
#
#   tests/same/same.sh BASE [BUILD]
#
# Builds BASE's own tests/same and library in a temporary worktree, and this
# tree's in BUILD; runs both as float and as double, and compares what they
# print.  The status is 0 only if every line is the same; a line that only one
# of them has is none, so new cases want a commit of their own.
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ $# -lt 1 ] || [ -z "$1" ]; then
    echo "same: which commit? tests/same/same.sh BASE, or make same BASE=COMMIT"
    exit 2
fi
base=$(git rev-parse --verify --quiet "$1^{commit}") || {
    echo "same: there is no commit $1"
    exit 2
}
git cat-file -e "$base:tests/same/same.c" 2>/dev/null || {
    echo "same: $1 is from before there was tests/same"
    exit 2
}
BUILD=${2:-build}
# Products are cut into pieces (src/base/gemm.c) where OpenBLAS has kernels for
# AVX-512, and takes them: it does not know every processor that could.
cores=own
! grep -qs avx512vl /proc/cpuinfo || cores="own SkylakeX"
jobs=$(nproc 2>/dev/null || echo 2)
dir=$(mktemp -d) || exit 1

tidy() {
    git worktree remove --force "$dir/base" 2>/dev/null
    rm -rf "$dir"
}
trap tidy EXIT
trap 'exit 130' INT HUP TERM

# run TREE PROGRAM CORE OUTPUT: adds what it prints with OpenBLAS's kernels for
# this core
run() {
    (
        cd "$1" || exit 1
        [ "$3" = own ] || export OPENBLAS_CORETYPE="$3"
        "$2"
    ) >"$dir/one" || {
        echo "same: $2 of $1 failed"
        exit 1
    }
    [ -s "$dir/one" ] || {
        echo "same: $2 of $1 printed nothing"
        exit 1
    }
    sed "s/^/$3 /" "$dir/one" >>"$4"
}

# lines TREE BUILD OUTPUT: what its program prints, as float and as double
lines() {
    MAKEFLAGS='' make -s -j"$jobs" -C "$1" BUILD="$2" "$2/same" \
        "$2/same-double" >"$dir/log" 2>&1 || {
        cat "$dir/log"
        echo "same: $1 does not build"
        exit 1
    }
    for kernels in $cores; do
        run "$1" "$2/same" "$kernels" "$3"
        run "$1" "$2/same-double" "$kernels" "$3"
    done
}

git worktree add --quiet --detach "$dir/base" "$base" || exit 1
echo "same: $(git log -1 --format='%h %s' "$base")"
lines "$dir/base" build "$dir/was"
echo "same: this tree"
lines . "$BUILD" "$dir/is"

if diff "$dir/was" "$dir/is" >"$dir/differences"; then
    echo "same: $(wc -l <"$dir/is") lines compared, all the same"
    exit 0
fi
cat "$dir/differences"
echo "same: $(wc -l <"$dir/was") lines of $1, $(wc -l <"$dir/is") of this" \
    "tree; $(grep -c '^[<>]' "$dir/differences") lines differ (<: $1)"
exit 1
