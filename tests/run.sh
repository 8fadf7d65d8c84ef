#!/bin/sh
# run.sh -- runs every test, from the repository's root: the suite as float and
# as double, then the scripts, which run programs as a user does.
#
#   tests/run.sh [--valgrind] [BUILD]
set -u

valgrind=
if [ "${1-}" = --valgrind ]; then
    valgrind="valgrind -q --leak-check=full --errors-for-leak-kinds=definite,possible --error-exitcode=99"
    export CK_FORK=no
    shift
fi
BUILD=${1:-build}
export BUILD CK_TIMEOUT_MULTIPLIER="${CK_TIMEOUT_MULTIPLIER:-20}"
failed=

log=$(mktemp)
trap 'rm -f "$log" "$log".*' EXIT

run() {
    echo "== $*"
    { "$@"; echo "status $?"; } 2>&1 | tee -a "$log" | grep -v '^status '
    [ "$(tail -n 1 "$log")" = "status 0" ] ||
        failed="$failed $*;"
}

# suite PRECISION: prints what that suite has printed, and ends as it did
suite() {
    grep -v '^status ' "$log.$1"
    return "$(sed -n 's/^status //p' "$log.$1")"
}

# The two suites run at the same time, each into a log of its own.
for precision in test test-double; do
    # shellcheck disable=SC2086 # $valgrind is empty, or a command with flags
    { $valgrind "$BUILD/$precision"; echo "status $?"; } \
        >"$log.$precision" 2>&1 &
done
wait
for precision in test test-double; do
    run suite "$precision"
done
if [ -z "$valgrind" ]; then
    for script in tests/test_*.sh; do
        run "$script"
    done
fi

# Check prints "Checks: N, Failures: F, Errors: E", and the scripts print
# "P passed, F failed".
awk '/Checks: [0-9]/ { gsub(",", ""); for (i = 1; i < NF; i++) n[$i] = $(i + 1)
                       bad += n["Failures:"] + n["Errors:"]
                       good += n["Checks:"] - n["Failures:"] - n["Errors:"] }
     / passed, [0-9]+ failed$/ { good += $(NF - 3); bad += $(NF - 1) }
     END { print "tests: " good " passed, " bad " failed" }' "$log"
[ -z "$failed" ] || {
    echo "tests: FAILED:$failed"
    exit 1
}
