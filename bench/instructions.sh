#!/bin/sh
# instructions.sh -- counts the instructions of a step by callgrind, and fails
# if they are more than 3 % above the budget in bench/instructions.txt.  Unlike
# seconds, they are the same on a busy machine.
#
#   bench/instructions.sh [--store] [BUILD]
#
# BUILD/steps must be compiled without this machine's own instructions (ARCH=).
# With another compiler or OpenBLAS than the budget's, the counts differ, so
# nothing is checked.  Nor is it without valgrind.  With GUARD=required in the
# environment, that is a failure.  --store makes today's counts the budget.
set -eu
cd "$(dirname "$0")/.."

store=
[ "${1-}" != --store ] || { store=yes; shift; }
steps=${1:-build/valgrind}/steps
budget=bench/instructions.txt

# OpenBLAS uses the same kernels on every machine, and no threads of its own.
export OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1

# skip WHY: ends the script; with status 1 if the check is required
skip() {
    echo "instructions: SKIPPED, nothing was checked: $1"
    [ "${GUARD-}" != required ] || {
        echo "instructions: FAILED: it was skipped, although GUARD=required"
        exit 1
    }
    exit 0
}

command -v valgrind >/dev/null || skip "valgrind is not installed"
tools="$(${CC:-cc} --version | head -n 1), OpenBLAS $(pkg-config --modversion openblas)"
made_with=$(sed -n 's/^# //p' "$budget" 2>/dev/null || true)
[ -n "$store" ] || [ "$tools" = "$made_with" ] ||
    skip "the budget was made with $made_with; this is $tools"

[ -x "$steps" ] || {
    echo "instructions: $steps is missing; run make guard"
    exit 1
}

# count NET STEPS: prints the instructions of the whole process
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$steps" "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\)$/\1/p'
}

# a_step NET: prints the instructions of one step, which are the difference
# between a long run and a short one, divided by the steps between them
a_step() {
    few=$(count "$1" 2)
    many=$(count "$1" 6)
    echo $(((many - few) / 4))
}

if [ -n "$store" ]; then
    {
        echo "# $tools"
        for net in mlp mlp256 cnn norm deep pools smooth infer answer; do
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
            "worth it, run make guard-store"
        failed=1
    elif [ "$now" -lt $((allowed - allowed * 3 / 100)) ]; then
        echo "instructions: $net: more than 3 % below its budget; run" \
            "make guard-store to keep the gain"
    fi
done <"$budget"
exit $failed
