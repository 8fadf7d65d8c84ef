#!/usr/bin/env python3
"""bench.py -- gradus beside other libraries and beside the machine's limits.

    bench/bench.py [--quick] [--rounds N] [--seconds S] [--out PAGE]

All programs that are compared run at the same time, each in a process of its
own, and measure in turns, round after round.  So a machine whose speed changes
is faster or slower for all of them.  A ratio is the median of the ratios of
all rounds.  Before that, all but FANN and oneDNN compute from the same weights
on the same batches, which shows that they do the same work.  Programs that are
not installed are left out.  All of them are in memory at once: some 6 GB at
most.

bench.py prints the page, and writes every number to build/bench.json.  It
writes the page to PAGE, or else, without --quick, to the page of this
processor in docs/performance, and then the list of all pages,
docs/performance.md."""
import argparse
import itertools
import json
import math
import os
import subprocess
import sys

import growth
import index
import inference
import machine
import nets
import page
import peers
from nets import CNNS, MLPS, OTHERS
from runs import BUILD, OURS, run, seconds_to_first_line, side_by_side, \
    thread_counts


def rounds(text):
    """The value of --rounds."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"got {text}; must be a whole number of at least 1")


def seconds(text):
    """The value of --seconds."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if 0 < value < math.inf:
        return value
    raise argparse.ArgumentTypeError(f"got {text}; must be a number above 0")


def parse():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--quick", action="store_true",
                   help="fewer workloads, in ten minutes")
    p.add_argument("--rounds", type=rounds, metavar="N",
                   help="how often each program measures a workload; the\n"
                   "page has the medians (15, or 5 with --quick)")
    p.add_argument("--seconds", type=seconds, metavar="S",
                   help="how long it measures each time, after a fifth of\n"
                   "that to warm up (0.2, or 0.1 with --quick)")
    p.add_argument("--out", metavar="PAGE",
                   help="the file that the page is written to (that of this\n"
                   "processor in docs/performance, or with --quick none)")
    a = p.parse_args()
    a.rounds = a.rounds or (5 if a.quick else 15)
    a.seconds = a.seconds or (0.1 if a.quick else 0.2)
    return a


def workloads(quick):
    """A list of (command, net, batch, threads)."""
    if quick:
        return [("train", "784-128-10", 64, 1), ("train", "784-128-10", 64, 2),
                ("train", "cnn-8-16", 64, 1), ("train", "convnet", 64, 1),
                ("infer", "784-512-512-10", 1, 1),
                ("infer", "784-512-512-10", 256, 1)]
    train = [("train", net, b, t) for nets, batches in
             ((MLPS, (32, 64, 256, 1024)), (CNNS, (64, 256)), (OTHERS, (64,)))
             for net in nets for b in batches for t in (1, 2)]
    infer = [("infer", net, b, t) for net in inference.CALLS
             for b in (1, 256) for t in thread_counts() if b >= t]
    return train + infer


# By how large a part of them the losses of two libraries may differ: before
# training, the mean of the epoch, and after it.  A step amplifies rounding
# errors, those of a deep net most.  With five of OpenBLAS's kernels, all else
# being the same, the losses of gradus differ by 1e-8 and 5e-8 (784-128-10), by
# 6e-4 and 0.004 (cnn-8-16), and by 0.005 and 0.08 (convnet); other libraries
# round differently in more places.
NEAR = {"784-128-10": (1e-4, 1e-4, 1e-4), "cnn-8-16": (1e-4, 0.002, 0.04),
        "convnet": (1e-4, 0.01, 0.15)}


def check_same(net, library, ours, theirs):
    """Ends the program if two libraries do not do the same work."""
    for key, part in zip(("untrained_loss", "train_loss", "test_loss"),
                         NEAR[net]):
        if key in theirs and abs(ours[key] - theirs[key]) > part * theirs[key]:
            sys.exit(f"bench: {net}: {key} of gradus is {ours[key]}; must be "
                     f"within {100 * part:g} % of {theirs[key]}, which is that "
                     f"of {library}: the two do not compute the same")


def say(text):
    print(f"bench: {text}", file=sys.stderr)


def net_flags(net):
    return ["--net", nets.NETS[net] if net in OTHERS else net]


def same_work(found):
    """Trains each library for one epoch from the same weights on the same
    batches; one that cannot train infers with these weights.  Returns
    [(net, library, result)].  Of several builds of a library only the last one
    trains."""
    last = {name.split(",")[0]: peer for name, peer in found.items()}
    results = []
    for net in peers.CHECKED:
        checked = {n: p for n, p in last.items() if net in p.checked}
        if not checked:
            continue
        flags = net_flags(net) + ["--weights", f"{BUILD}/bench.weights",
                                  "check"]
        say(f"does each do the same work?  {net}: gradus")
        ours = run(OURS, flags)
        results.append((net, "gradus", ours))
        for library, peer in checked.items():
            say(f"does each do the same work?  {net}: {library}")
            theirs = run(peer.program, flags, peer.env)
            check_same(net, library, ours, theirs)
            results.append((net, library, theirs))
    return results


def contenders(work, found, blas):
    """The programs to run for a workload: {name: (program, flags, env)}."""
    command, net, batch, threads = work
    flags = net_flags(net) + ["--batch", str(batch), "--threads", str(threads)]
    cnn = "x" in nets.text(net).split()[0]
    runs = {"gradus": (OURS, flags + [command], None),
            "peak": (OURS, flags + ["peak"], None)}
    for name, peer in found.items():
        if peer.works is not None and work not in peer.works:
            continue
        env = {**peer.env, "OMP_NUM_THREADS": str(threads),
               "OPENBLAS_NUM_THREADS": str(threads)}
        if not cnn or "compiled" not in name:
            runs[name] = (peer.program, flags + [command], env)
        if cnn and name.startswith("PyTorch"):
            runs[name + ", channels_last"] = (
                peer.program, flags + ["--channels-last", command], env)
    if threads == 1 and net in MLPS:
        how = ["--forward"] if command == "infer" else []
        one = {"OMP_NUM_THREADS": "1", "BLIS_NUM_THREADS": "1"}
        runs.update((name, (OURS, flags + how + of, one))
                    for name, of in blas.items()
                    if command == "train" or name == "products")
    return runs


def measure(works, found, blas, rounds, seconds):
    """Measures all workloads.  Returns {(work, name): [result of each round]}.
    Workloads that differ only in the number of threads run in the same
    turns."""
    results = {}
    for what, group in itertools.groupby(works, key=lambda work: work[:3]):
        say(" ".join(map(str, what)))
        results.update(side_by_side(
            {(work, name): command for work in group
             for name, command in contenders(work, found, blas).items()},
            rounds, seconds))
    return results


def starts(found, rounds):
    """Returns {name: [seconds from a process's start to its first step]}."""
    programs = {"gradus": (OURS, None)}
    programs.update((name, (peer.program, peer.env))
                    for name, peer in found.items()
                    if name.split()[0] in ("PyTorch", "JAX")
                    and "compiled" not in name)
    seconds = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (program, env) in programs.items():
            seconds[name].append(seconds_to_first_line(program, ["start"],
                                                       env))
    return seconds


def try_to_write(path):
    """Ends the program if the page cannot be written to path, before anything
    is measured; path may be None."""
    new = path and not os.path.exists(path)
    try:
        if path:
            open(path, "a").close()
        if new:
            os.remove(path)
    except OSError as e:
        sys.exit(f"bench: --out: {path}: {e.strerror}")


def main():
    options = parse()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    try_to_write(options.out)
    if not os.path.exists("data/mnist/train-images-idx3-ubyte"):
        sys.exit("bench: MNIST is not in data/mnist; data/fetch.sh gets it")
    for program in OURS + [f"{BUILD}/convolutions"]:
        if not os.path.exists(program):
            sys.exit(f"bench: {program} is not there; make {program} builds "
                     "it, and make bench all programs that are measured")
    options.conditions = machine.conditions(sys.argv[1:])
    works = workloads(options.quick)
    found = peers.peers(options.quick,
                        [work for work in works if work[0] == "infer"] +
                        [("infer", net, 1, 1) for net in inference.CALLS])
    same = same_work(found)
    results = measure(works, found, peers.products(), options.rounds,
                      options.seconds)
    begun = starts(found, 2 if options.quick else 5)
    with open(f"{BUILD}/bench.json", "w") as f:
        json.dump([{"command": w[0], "net": w[1], "batch": w[2],
                    "threads": w[3], "program": n, "rounds": r}
                   for (w, n), r in results.items()] +
                  [{"command": "start", "program": n, "seconds": s}
                   for n, s in begun.items()], f, indent=1)
    served = inference.measure(lambda net: contenders(
        ("infer", net, 1, 1), found, {}), options.quick)
    grown = growth.rows(options.quick, options.seconds / 2)
    convolved = "" if options.quick else subprocess.run(
        [f"{BUILD}/convolutions"], stdout=subprocess.PIPE, text=True,
        check=True).stdout
    text = page.page(works, results, same, begun, served, grown, options,
                     convolved)
    print(text)
    if options.out or not options.quick:
        out = options.out or index.path(
            machine.processor(), page.kernels(results), os.cpu_count())
        with open(out, "w") as f:
            f.write(text)
        index.write()


if __name__ == "__main__":
    main()
