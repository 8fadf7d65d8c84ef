#!/bin/sh
# same.sh -- does this tree compute what commit BASE does, bit by bit?
#
#   tests/same/same.sh BASE [BUILD]
#
# Builds BASE's own tests/same and library in a temporary worktree, and this
# tree's in BUILD; runs both as float and as double, and compares what they
# print.  The status is 0 only if every line is the same.  A line that only one
# of them prints counts as a difference, so new cases need a commit of their
# own.
set -u
cd "$(dirname "$0")/../.." || exit 1

if [ $# -lt 1 ] || [ -z "$1" ]; then
    echo "same: no commit given; run tests/same/same.sh COMMIT," \
        "or make same BASE=COMMIT"
    exit 2
fi
base=$(git rev-parse --verify --quiet "$1^{commit}") || {
    echo "same: there is no commit $1"
    exit 2
}
git cat-file -e "$base:tests/same/same.c" 2>/dev/null || {
    echo "same: commit $1 has no tests/same; choose a later one"
    exit 2
}
BUILD=${2:-build}
# src/base/gemm.c divides products into blocks if OpenBLAS uses its kernels for
# AVX-512.  OpenBLAS does not know every processor that can run these, so a
# second run asks for them.
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

# run TREE PROGRAM CORE OUTPUT: appends to OUTPUT what PROGRAM prints with
# OpenBLAS's kernels for this core
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

# lines TREE BUILD OUTPUT: builds TREE, and appends to OUTPUT what its programs
# print, as float and as double
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
