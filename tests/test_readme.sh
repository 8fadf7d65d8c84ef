#!/bin/sh
# test_readme.sh -- tests that every ```c block of the README is a program that
# compiles and runs, and that it prints the output block after it, if any.
. tests/verdict.sh

# Writes ```c block N to snippetN.c, and the ``` block after it, without its
# "$ command" line, to snippetN.txt.
awk -v dir="$dir" '
    /^```c$/ { n++; out = dir "/snippet" n ".c"; next }
    /^```$/ && out { close(out); out = ""; last = n; next }
    /^```$/ && last { expect = dir "/snippet" last ".txt"; last = 0; out = expect; next }
    /^[^`]/ && !out && NF { last = 0 }
    out && !/^\$ / { print > out }
' README.md

# The programs of the README run as if `make mnist` had been run before.
mkdir -p "$dir/clone/build"
ln -s "$PWD/data" "$dir/clone/data"
"$BUILD"/mnist-train --data data/sample --epochs 3 \
    --save "$dir/clone/build/mnist.safetensors" >/dev/null 2>&1
verdict "mnist-train makes the model that the README's programs load" $?

for source in "$dir"/snippet*.c; do
    program=${source%.c}
    # shellcheck disable=SC2046,SC2086 # flags are meant to be split
    $CC -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude $source ${CFLAGS-} \
        "$BUILD/libgradus.a" -pthread $(pkg-config --libs openblas zlib jansson) \
        -lm -o "$program"
    verdict "$(basename "$source") compiles" $?
    (cd "$dir/clone" && "$program") >"$program.out"
    verdict "$(basename "$source") runs" $?
    if [ -f "$program.txt" ]; then
        diff "$program.txt" "$program.out"
        verdict "$(basename "$source") prints what the README shows" $?
    fi
done
[ -f "$dir/snippet2.c" ]
verdict "the README has two programs" $?

finish
