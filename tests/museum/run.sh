#!/bin/sh
# run.sh -- plants each fault of docs/museum.md in a copy of this tree, and
# tests that the test which the page names for it then fails, and that it
# passes without the fault.
#
#   tests/museum/run.sh [NUMBER ..]   all faults, or those with these numbers
#   tests/museum/run.sh --list        the page's table: patch, suite and test
#
# A patch that no longer applies, a tree that no longer builds, and a fault
# that nothing notices are failures.
set -u
cd "$(dirname "$0")/../.." || exit 1

list() {
    sed -n 's;^| \[[0-9]*\](\.\./tests/museum/\(.*\)\.patch) .*| `\(.*\)` |$;\1 \2;p' \
        docs/museum.md
}

if [ "${1-}" = --list ]; then
    list
    exit
fi
. tests/verdict.sh
export CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-20}"
jobs=$(nproc 2>/dev/null || echo 2)
tree=$dir/tree
ulimit -c 0

# chosen [NUMBER ..]: the rows of the table with these numbers, or all
chosen() {
    [ $# -gt 0 ] || list
    for number; do
        list | grep "^0*$number-" || {
            echo "museum: docs/museum.md has no fault $number" >&2
            return 1
        }
    done
}

# build: compiles what has changed in the copy, and links the suite
build() {
    MAKEFLAGS='' make -s -C "$tree" -j"$jobs" BUILD=build CC="$CC" CFLAGS=-O1 \
        build/test >"$dir/printed" 2>&1
}

# passes SUITE TEST: runs one test of the copy
passes() {
    (cd "$tree" && build/test "$1" "$2") >"$dir/printed" 2>&1
}

# named SUITE TEST: did that test fail, rather than something else?  Prints its
# message.
named() {
    grep -m 1 ":[FE]:$1[a-z_]*:$2:" "$dir/printed" >"$dir/message" &&
        sed 's/^[^:]*:[0-9]*:[FE]:[^:]*:[^:]*:[0-9]*: /        /' \
            "$dir/message" | cut -c 1-120
}

# caught SUITE TEST: does the fault in the copy make the test fail?  If two
# threads have to meet, that may take more than one try.
caught() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        passes "$1" "$2" || break
    done
    named "$1" "$2"
}

chosen "$@" >"$dir/faults" || exit 2
mkdir "$tree" "$dir/patches"
cp -R Makefile include src programs examples bench tests "$tree"
cp tests/museum/*.patch "$dir/patches"
build || cat "$dir/printed"
[ -s "$dir/faults" ] && [ -x "$tree/build/test" ]
verdict "the page has faults to plant, and the tree without them builds" $?
while read -r patch suite test; do
    passes "$suite" "$test"
    verdict "$suite $test passes without a fault" $?
done <"$dir/faults"
while read -r patch suite test; do
    git -C "$tree" apply "../patches/$patch.patch" && build &&
        caught "$suite" "$test"
    status=$?
    verdict "$patch: $suite $test fails" $status
    [ $status -eq 0 ] || tail -n 5 "$dir/printed"
    git -C "$tree" apply -R "../patches/$patch.patch"
done <"$dir/faults"

finish
