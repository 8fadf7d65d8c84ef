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
# Malformed numbers, and numbers that are out of range.
while read -r flag value why; do
    refuses "$flag: got '$value'; must be $why" \
        "$bench" --data data/sample "$flag" "$value" train
    verdict "gradus_bench refuses $flag '$value'" $?
done <<'END'
--batch 64x a whole number from 1 to 2147483647
--batch 99999999999 a whole number
--batch 0x10 a whole number
--threads 0 a whole number from 1 to 1024
--epochs 1.5 a whole number
--samples -1 a whole number from 0
--calls 1x a whole number from 0 to 1048576
--lr abc a number from 0 to 1000
--lr nan a number
--momentum 2 a number from 0 to 1
--seconds inf a number from 1e-06 to 1e+06
--seconds 0 a number
--blas foo openblas, blis or onednn
--net 784-12a-10 up to 40 sizes
--net 784- up to 40 sizes
--net 1x28x28x28 up to 40 sizes
--net 784 at least two sizes
--net cnn-8-16-2 two sizes behind cnn-
END
# Nets of words, with the word that is wrong, or what is wrong with it.
while IFS='|' read -r net why; do
    refuses "--net: $why" "$bench" --data data/sample --net "$net" train
    verdict "gradus_bench refuses --net '$net'" $?
done <<'END'
|got ''; must be up to 40 sizes
10 relu|got '10 relu'; must have a layer that learns
10 dense0|got 'dense0': node 1, dense1: units is 0
10 dense1x|got 'dense1x'; must be like dense128
784-2147483647-10|got 'dense2147483647': .* their product at most
1x28x28 conv8k99 relu dense10|got 'conv8k99': .* larger than input
1x28x28 max99 dense10|got 'max99': .* larger than input
1x28x28 max2s dense10|got 'max2s'; must be like max2
1x28x28 conv8k3s0 dense10|got 'conv8k3s0'; must be like conv8
1x28x28 conv8k3n1 dense10|got 'conv8k3n1'; must be like conv8
1x28x28x28 dense10|begins with '1x28x28x28'; must begin with a shape
28x28 dense10|begins with '28x28'; must begin
784 drop0.3x dense10|drop: got '0.3x'; must be a number
784  dense10|got ''; must be one of the words
784 ( dense784|got .*; each ( must have a )
784 dense10 )|got ')'; must be one of the words
END
refuses 'start: got --batch 65; must be at most the 64 rows' \
    "$bench" --data data/sample --batch 65 --samples 64 start
verdict "gradus_bench start refuses a batch larger than --samples" $?

for seconds in abc 0 11 ''; do
    refuses "SECONDS: got '$seconds'; must be a number from 0.001 to 10" \
        "$BUILD/convolutions" "$seconds"
    verdict "convolutions refuses '$seconds' seconds" $?
done
refuses 'got 2 words; must be at most one' "$BUILD/convolutions" 0.01 7
verdict "convolutions refuses a second word" $?
refuses 'start: got --batch 4097; must be at most the 4096 rows' \
    "$bench" --net '10 dense10' --batch 4097 start
verdict "gradus_bench start refuses a batch larger than made-up data" $?
"$bench" --net '10 dense10' --batch 8 --samples 8 start >"$dir/out" &&
    refuses 'must be at most the 8 rows' \
        "$bench" --net '10 dense10' --batch 9 --samples 8 start
verdict "gradus_bench start heeds --samples of made-up data" $?

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
    refuses "--out: $dir/none/page: No such file or directory" \
        bench/bench.py --out "$dir/none/page"
    verdict "bench.py refuses an --out that it cannot write, at once" $?
    # near NET TRAIN_LOSS: is it that of the same work, if another's is 0.1?
    near() {
        PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench python3 -c "import bench
bench.check_same('$1', 'X 1', {'train_loss': $2}, {'train_loss': 0.1})"
    }
    near convnet 0.1005 && near 784-128-10 0.100001
    verdict "bench.py takes losses for the same if rounding alone differs" $?
    refuses "train_loss of gradus is 0.102; must be within 1 % of 0.1" \
        near convnet 0.102 &&
        refuses "must be within 0.01 % of 0.1, which is that of X 1" \
            near 784-128-10 0.1001
    verdict "bench.py refuses a library that computes something else" $?
    while read -r flag number range; do
        refuses "argument $flag: got '$number'; must be a whole number $range" \
            bench/speedrun.py "$flag=$number"
        verdict "speedrun.py refuses $flag=$number" $?
    done <<'END'
--seeds 1 from 2 to 1000
--seeds 5000 from 2 to 1000
--seeds x from 2 to 1000
--threads -1 from 0 to 1024
--threads 1025 from 0 to 1024
--threads 1.5 from 0 to 1024
END
    # A page of made-up measurements: 100 samples a second for gradus, 50 for
    # PyTorch, and so on.
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench \
        OPENBLAS_CORETYPE=Haswell python3 - >"$dir/page" <<'END'
import machine
import page
import types

def plant(net, batch, threads, command="train", **rates):
    names = {"torch2": "PyTorch 2.15.0, MKL", "products": "products",
             "onednn": "oneDNN 2.6.3", "by_onednn": "gradus by oneDNN 2.6.3",
             "jax": "JAX 0.10.2",
             "channels_last": "PyTorch 2.15.0, channels last"}
    work = command, net, batch, threads
    works.append(work)
    results[work, "peak"] = [{"gflops": len(works),
                               "openblas": "Haswell"}]
    for name, rate in rates.items():
        results[work, names.get(name, name)] = [{
            "samples_per_second": rate, "library": "OpenBLAS 1",
            "peak_kb": 60 * 1024, "start_kb": 0, "parameters": 1,
            "data_bytes": 2**20, "calls": 1}]

works, results = [], {}
plant("784-128-10", 64, 1, gradus=100, torch2=95, products=105, onednn=190)
plant("784-512-512-10", 64, 1, gradus=100, torch2=100, products=105)
plant("784-512-512-10", 256, 2, gradus=100, torch2=100)
plant("residual", 64, 1, gradus=100, torch2=100, onednn=90)
plant("lenet", 64, 1, gradus=100, torch2=100, by_onednn=125)
plant("784-128-10", 256, 1, gradus=100, torch2=50, jax=95)
# Of two builds, one has the higher median of rates, 72.5, but the other one the
# higher median of ratios.
plant("convnet", 256, 1, "infer", gradus=100, torch2=70, channels_last=50)
for name, rate in (("gradus", 100), ("PyTorch 2.15.0, MKL", 70),
                   ("PyTorch 2.15.0, channels last", 95)):
    rounds = results[works[-1], name]
    rounds.append({**rounds[0], "samples_per_second": rate})
convolved = """| channels | image | kernel | stride | way | forward | dW | dx |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 16 to 32 | 8 x 8 | 3 | 1 | winograd | 80, 90, 90 | 90, 84, 85 | 90, 90, 90 |
| 64 to 64 | 8 x 8 | 3 | 2 | direct | 85, 85, 90 | 90, 90, 90 | 90, 90, 90 |
"""
print(page.page(works, results, [], {"gradus": [1]}, {}, [],
                types.SimpleNamespace(
                    rounds=1, seconds=1,
                    conditions=machine.conditions(["--quick", "--out", "a b"])),
                convolved))
END
    verdict "page.py writes a page of made-up measurements" $?
    row() {
        grep -qF -e "$1" "$dir/page"
        verdict "the page has: $1" $?
    }
    row "Made by \`OPENBLAS_CORETYPE=Haswell bench/bench.py --quick --out 'a b'\`: "
    row 'Measured on 2'
    row 'reach 4 GFLOP/s (1 to 7) on one thread'
    row '3 GFLOP/s (3 to 3) on two'
    row '| train 784-128-10, B64, 1T | PyTorch 2.15.0 | 1.05 | 1.1 | 1.10 | 2 |'
    row '| train 784-512-512-10, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.1 | 1.05 | 1 |'
    row '| train 784-512-512-10, B256, 2T | PyTorch 2.15.0 | 1.00 | 1.1 |  | 3 |'
    row '| train residual, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.3 | 0.90 | 4 |'
    row '4. *residual*, of 16 to 64 channels'
    row '| train lenet, B64, 1T | PyTorch 2.15.0 | 1.00 | 1.1 |  | 5 |'
    row '5. Other rows: the reason is not known.'
    row '| train 784-128-10, B256, 1T | JAX 0.10.2 | 1.05 | 1.1 |  | 5 |'
    ! grep -q '| gradus by oneDNN 2.6.3 | [0-9.]* | 1.1 |' "$dir/page"
    verdict "gradus with other products is not held against a target" $?
    row '| train lenet, B64, 1T | gradus by oneDNN 2.6.3 | 100 | 125 | 0.80 | the same |'
    row '| convnet | 1 | 100 | 70 |'
    row '- batches of 1, for which W'
    row '- 16 channels, as Winograd'
    ! grep -q 'more than 2^18 weights\|strides of 2, where' "$dir/page"
    verdict "what no convolution falls short by is not given as a reason" $?
    row '1.4 MiB: missed (momentum'
    row '| OpenBLAS 1 | BLIS: not installed | oneDNN: not installed |'
    ! grep -q '^| train 784-128-10, B256, 1T | PyTorch' "$dir/page"
    verdict "a row that meets its target is not among those that fall short" $?
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=bench python3 -c \
        'import index, sys; print(*index.row(sys.argv[1])[1:5], sep="; ")' \
        "$dir/page" >"$dir/out" &&
        grep -qx '4; Haswell; 2.15.0; 1.05' "$dir/out"
    verdict "index.py finds the rate, kernels and ratios of a page" $?
else
    echo "skipped: bench.py, as there is no python3"
fi

finish
