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
    # A page of made-up measurements: 100 samples a second for gradus, 50 for
    # PyTorch, and so on.
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench \
        OPENBLAS_CORETYPE=Haswell python3 - >"$dir/page" <<'END'
import machine
import page
import types

def plant(net, batch, threads, command="train", **rates):
    names = {"torch2": "PyTorch 2.15.0, MKL", "products": "products",
             "onednn": "oneDNN 2.6.3"}
    work = command, net, batch, threads
    works.append(work)
    results[work, "peak"] = [{"gflops": 1, "openblas": "Haswell"}]
    for name, rate in rates.items():
        results[work, names.get(name, name)] = [{
            "samples_per_second": rate, "library": "OpenBLAS 1",
            "peak_kb": 60 * 1024, "start_kb": 0, "parameters": 1,
            "data_bytes": 2**20}]

works, results = [], {}
plant("784-128-10", 64, 1, gradus=100, torch2=95, products=105, onednn=190)
plant("784-512-512-10", 64, 1, gradus=100, torch2=100, products=105)
plant("784-512-512-10", 256, 2, gradus=100, torch2=100)
plant("residual", 64, 1, gradus=100, torch2=100, onednn=90)
plant("lenet", 64, 1, gradus=100, torch2=100)
plant("784-128-10", 256, 1, gradus=100, torch2=50)
print(page.page(works, results, [], {"gradus": [1]}, {}, [],
                types.SimpleNamespace(
                    rounds=1, seconds=1,
                    conditions=machine.conditions(["--quick", "--out", "a b"]))))
END
    verdict "page.py writes a page of made-up measurements" $?
    row() {
        grep -qF "$1" "$dir/page"
        verdict "the page has: $1" $?
    }
    row "Made by \`OPENBLAS_CORETYPE=Haswell bench/bench.py --quick --out 'a b'\`: "
    row 'Measured on 2'
    row '| train 784-128-10, B64, 1T | PyTorch 2.15.0 | 1.05 | 1.1 | 1.10 | 2 |'
    row '| train 784-512-512-10, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.1 | 1.05 | 1 |'
    row '| train 784-512-512-10, B256, 2T | PyTorch 2.15.0 | 1.00 | 1.1 |  | 3 |'
    row '| train residual, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.3 | 0.90 | 4 |'
    row '4. *residual*, of 16 to 64 channels'
    row '| train lenet, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.1 |  | 5 |'
    row '5. Other rows: the reason is not known.'
    row '1.4 MB: missed (momentum'
    row '| OpenBLAS 1 | BLIS: not installed | oneDNN: not installed |'
    ! grep -q '^| train 784-128-10, B256, 1T | PyTorch' "$dir/page"
    verdict "a row that meets its target is not among those that fall short" $?
else
    echo "skipped: bench.py, as there is no python3"
fi

finish
