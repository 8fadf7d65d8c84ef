#!/bin/sh
# run.sh -- runs every test, from the repository's root: each suite as float and
# as double, and the scripts, which run programs as a user does.  As many run at
# the same time as there are processors; what each has printed comes at its end.
#
#   tests/run.sh [--suites | --valgrind] [BUILD]
#
# With --suites the scripts are left out; with --valgrind, too, and each suite
# runs under valgrind.
set -u

valgrind=
leaks=
suites_only=
if [ "${1-}" = --suites ]; then
    suites_only=1
    shift
elif [ "${1-}" = --valgrind ]; then
    suites_only=1
    export BATTERY_MOST=50
    valgrind="valgrind -q --error-exitcode=99"
    leaks="--leak-check=full --errors-for-leak-kinds=definite,possible"
    export CK_FORK=no
    shift
fi
BUILD=${1:-build}
export BUILD CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-20}"
export valgrind leaks

# Scripts that test the tree, and run no program of the build: once is enough.
tree="dependencies exercises fetch museum pictures"
leave_out=
if grep -q fsanitize "$BUILD/flags" 2>/dev/null; then
    export BATTERY_MOST=50
    leave_out="$tree mpi"
    [ -n "$suites_only" ] || {
        echo "skipped in a sanitiser's build, as they run nothing of it: $tree"
        echo "skipped in a sanitiser's build, as MPI's libraries leak: mpi"
    }
fi

logs=$(mktemp -d)
export logs
trap 'rm -rf "$logs"' EXIT

# suites: the names of the suites.  `build/test split` also runs split_folds, so
# a name that begins with another one and _ is left out.
suites() {
    for file in tests/test_*.c; do
        name=${file#tests/test_}
        echo "${name%.c}"
    done | LC_ALL=C sort | awk '
        { parent = $1
          while (sub(/_[^_]*$/, "", parent)) if (parent in seen) next
          seen[$1]; print }'
}

# scripts: those that are to run
scripts() {
    for file in tests/test_*.sh; do
        name=${file#tests/test_}
        case " $leave_out " in
        *" ${name%.sh} "*) ;;
        *) echo "$file" ;;
        esac
    done
}

# jobs: a line for each run: what takes longest comes first, so that no processor
# waits for it in the end
jobs() {
    echo "$BUILD/test-double battery"
    echo "$BUILD/test battery"
    [ -n "$suites_only" ] || scripts
    suites | grep -vx battery |
        awk -v b="$BUILD" '{ print b "/test-double " $1; print b "/test " $1 }'
}

# Runs the words of one line, and keeps what they print in a file, which ends
# with the status.  The children of suite fork end with the memory of their
# parent, which is no leak.
jobs >"$logs/jobs"
# shellcheck disable=SC2016 # the inner shell expands these
tr '\n' '\0' <"$logs/jobs" | xargs -0 -n 1 -P "$(nproc)" sh -c '
    log=$(mktemp "$logs/job.XXXXXX")
    case $1 in
    tests/*) command=$1 ;;
    *fork) command="$valgrind $1" ;;
    *) command="$valgrind $leaks $1" ;;
    esac
    begun=$(date +%s)
    { echo "== $1"; $command; echo "status $? of $1"; } >"$log" 2>&1
    echo "$(($(date +%s) - begun)) s $1" >>"$logs/seconds"
    flock "$logs/jobs" grep -v "^status [0-9]* of " "$log"' run

echo "tests: the longest were"
sort -rn "$logs/seconds" | sed -n '1,6s/^/    /p'

# Check prints "Checks: N, Failures: F, Errors: E", and the scripts print
# "P passed, F failed".
cat "$logs"/job.* >"$logs/all"
awk '/Checks: [0-9]/ { gsub(",", ""); for (i = 1; i < NF; i++) n[$i] = $(i + 1)
                       bad += n["Failures:"] + n["Errors:"]
                       good += n["Checks:"] - n["Failures:"] - n["Errors:"] }
     / passed, [0-9]+ failed$/ { good += $(NF - 3); bad += $(NF - 1) }
     END { print "tests: " good " passed, " bad " failed" }' "$logs/all"

# A job without a status was killed with its shell.
sed -n 's/^status 0 of //p' "$logs/all" | LC_ALL=C sort >"$logs/passed"
failed=$(LC_ALL=C sort "$logs/jobs" | LC_ALL=C comm -23 - "$logs/passed")
[ -z "$failed" ] || {
    echo "tests: FAILED:"
    echo "$failed" | sed 's/^/    /'
    exit 1
}
