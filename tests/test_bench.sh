#!/bin/sh
# test_bench.sh -- tests the command lines of the programs that measure.
. tests/verdict.sh

# refuses PATTERN COMMAND...: does COMMAND fail, with PATTERN on stderr and
# nothing on stdout?
refuses() {
    pattern=$1
    shift
    if "$@" >"$dir/out" 2>"$dir/words"; then
        echo "        $*: succeeded"
        return 1
    fi
    [ ! -s "$dir/out" ] && grep -q -e "$pattern" "$dir/words" && return 0
    cat "$dir/words"
    return 1
}

bench=$BUILD/gradus_bench
commands='train, stream, infer, serve, start, check, gemm or peak'
refuses "got 0 words after the flags; must be one, the command: $commands" \
    "$bench"
verdict "gradus_bench without a command names the commands" $?
refuses "got the command tarin; must be $commands" "$bench" tarin
verdict "gradus_bench with a command that there is not names them, too" $?
"$bench" --help >"$dir/out" && grep -q '^  train  ' "$dir/out" &&
    grep -q '^  --batch N  ' "$dir/out" &&
    [ "$(awk 'length($0) > 79' "$dir/out")" = "" ]
verdict "gradus_bench --help lists the commands and the flags" $?
"$bench" --data data/sample --batch 32 --samples 64 start >"$dir/out" &&
    grep -q '^{"loss": [0-9.]*}$' "$dir/out"
verdict "gradus_bench runs a command" $?

for argument in --dry-run build ''; do
    refuses "got the argument '$argument'; must be none" \
        bench/peers.sh "$argument"
    verdict "peers.sh refuses the argument '$argument'" $?
done
bench/peers.sh --help >"$dir/out" && grep -q '^peers.sh -- installs' "$dir/out"
verdict "peers.sh --help says what it does" $?

if command -v python3 >/dev/null; then
    for rounds in 0 -1 1.5 x; do
        refuses "argument --rounds: got $rounds; must be a whole number" \
            bench/bench.py --rounds "$rounds"
        verdict "bench.py refuses --rounds $rounds" $?
    done
    for seconds in 0 -0.1 nan inf x; do
        refuses "argument --seconds: got $seconds; must be a number above 0" \
            bench/bench.py --seconds="$seconds"
        verdict "bench.py refuses --seconds $seconds" $?
    done
else
    echo "skipped: bench.py, as there is no python3"
fi

finish
