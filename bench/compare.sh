#!/usr/bin/env bash
# compare.sh -- mnist-train beside PyTorch: same net, batch, optimiser, data and
# threads, in turn, so that a drift of the machine meets both.
#
#   bench/compare.sh [ROUNDS]        needs data/mnist, and from Debian
#                                    python3-torch and libopenblas0-openmp
#
# PyTorch gets the OpenMP build of OpenBLAS, with which it is about three times
# as fast at two threads as with the pthread build.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
build=${BUILD:-build}
results=$(mktemp)
trap 'rm -f "$results"' EXIT

openmp=/usr/lib/$(gcc -print-multiarch)/openblas-openmp
[ -d "$openmp" ] || { echo "compare: apt-get install python3-torch libopenblas0-openmp" >&2; exit 1; }

for ((round = 1; round <= rounds; round++)); do
    for threads in 1 2; do
        net=(--hidden 128 --batch 64 --epochs 5 --lr 0.08 --momentum 0.9 --weight-decay 0.0002 --threads "$threads")
        echo "round $round, $threads threads" >&2
        echo "gradus $threads $("$build"/mnist-train "${net[@]}" --data data/mnist --json 2>/dev/null)" >>"$results"
        echo "torch $threads $(OMP_NUM_THREADS=$threads LD_LIBRARY_PATH=$openmp \
            /usr/bin/python3 bench/train_torch.py "${net[@]}")" >>"$results"
    done
done

/usr/bin/python3 - "$results" <<'PY'
import json, statistics, sys
runs = {}
for line in open(sys.argv[1]):
    who, threads, result = line.split(" ", 2)
    runs.setdefault((who, threads), []).append(json.loads(result))
print("784-128-10, batch 64: samples/s, median (lowest - highest)")
for threads in "12":
    rate = {}
    for who in "gradus", "torch":
        r = runs[who, threads]
        s = sorted(x["samples_per_second"] for x in r)
        rate[who] = statistics.median(s)
        print(f"  {who:6} {threads} threads: {rate[who]:9.0f} ({s[0]:.0f} - {s[-1]:.0f})"
              f"  accuracy {statistics.median(x['test_accuracy'] for x in r):.4f}"
              f"  train loss {statistics.median(x['train_loss'] for x in r):.4f}"
              f"  peak {max(x['peak_rss_kb'] for x in r) / 1024:.0f} MB")
    print(f"  ratio  {threads} threads: {rate['gradus'] / rate['torch']:.2f}")
PY
