#!/bin/sh
# test_readme.sh -- every ```c block of the README is a program that compiles
# and runs, and the one with an output block after it prints that.
. tests/verdict.sh

# Block N of ```c, and the output that stands in the ``` block after it, without
# its "$ command" line.
awk -v dir="$dir" '
    /^```c$/ { n++; out = dir "/snippet" n ".c"; next }
    /^```$/ && out { close(out); out = ""; last = n; next }
    /^```$/ && last { expect = dir "/snippet" last ".txt"; last = 0; out = expect; next }
    /^[^`]/ && !out && NF { last = 0 }
    out && !/^\$ / { print > out }
' README.md

for source in "$dir"/snippet*.c; do
    program=${source%.c}
    # shellcheck disable=SC2046,SC2086 # flags are meant to be split
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude $source ${CFLAGS-} \
        "$BUILD/libgradus.a" -pthread $(pkg-config --libs openblas zlib libcjson) \
        -lm -o "$program"
    verdict "$(basename "$source") compiles" $?
    "$program" >"$program.out"
    verdict "$(basename "$source") runs" $?
    if [ -f "$program.txt" ]; then
        diff "$program.txt" "$program.out"
        verdict "$(basename "$source") prints what the README shows" $?
    fi
done
[ "$((passed + failed))" -ge 2 ]
verdict "the README has a program" $?

finish
