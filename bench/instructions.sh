#!/bin/sh
# instructions.sh -- the instructions of a step, counted by callgrind, against
# the budget in bench/instructions.txt: more than 3 % above it is a failure.
# Unlike seconds, they are the same on a busy machine.
#
#   bench/instructions.sh [--store] [BUILD]
#
# BUILD/steps is compiled without this machine's own instructions (ARCH=).
# Another compiler or OpenBLAS than the budget's makes other counts: then it
# says so and checks nothing, as where there is no valgrind; with GUARD=required
# in the environment that is a failure.  --store makes the counts of today the
# budget.
set -eu
cd "$(dirname "$0")/.."

store=
[ "${1-}" != --store ] || { store=yes; shift; }
steps=${1:-build/valgrind}/steps
budget=bench/instructions.txt

# One set of kernels wherever it runs, and no second thread of OpenBLAS's own.
export OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1

# skip WHY: a failure where the check is required
skip() {
    echo "instructions: SKIPPED, nothing was checked: $1"
    [ "${GUARD-}" != required ] || {
        echo "instructions: FAILED: GUARD=required, and it was skipped"
        exit 1
    }
    exit 0
}

command -v valgrind >/dev/null || skip "valgrind is not installed"
tools="$(${CC:-cc} --version | head -n 1), OpenBLAS $(pkg-config --modversion openblas)"
made_with=$(sed -n 's/^# //p' "$budget" 2>/dev/null || true)
[ -n "$store" ] || [ "$tools" = "$made_with" ] ||
    skip "the budget is of $made_with; here is $tools"

[ -x "$steps" ] || {
    echo "instructions: $steps is not there: make guard builds it"
    exit 1
}

# count NET STEPS: instructions of the whole process
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$steps" "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

# a_step NET: of one step, as a long run has more than a short one
a_step() {
    few=$(count "$1" 2)
    many=$(count "$1" 6)
    echo $(((many - few) / 4))
}

if [ -n "$store" ]; then
    {
        echo "# $tools"
        for net in mlp mlp256 cnn norm infer; do
            echo "$net $(a_step $net)"
        done
    } >"$budget.tmp"
    mv "$budget.tmp" "$budget"
    cat "$budget"
    exit 0
fi

failed=0
while read -r net allowed; do
    [ "$net" != '#' ] || continue
    now=$(a_step "$net")
    echo "instructions: $net: $now a step, budget $allowed," \
        "$(((now - allowed) * 1000 / allowed)) thousandths more"
    if [ "$now" -gt $((allowed + allowed * 3 / 100)) ]; then
        echo "instructions: $net: more than 3 % above its budget; if that is" \
            "worth it: make guard-store"
        failed=1
    elif [ "$now" -lt $((allowed - allowed * 3 / 100)) ]; then
        echo "instructions: $net: below it; make guard-store keeps the gain"
    fi
done <"$budget"
exit $failed
