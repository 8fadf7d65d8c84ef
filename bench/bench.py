#!/usr/bin/env python3
"""bench.py -- gradus beside other libraries and beside the machine's limits.

    bench/bench.py [--quick] [--rounds N] [--seconds S] [--out PAGE]

All programs that are compared run at the same time, each in a process of its
own, and measure in turns, round after round.  So a machine whose speed changes
is faster or slower for all of them.  A ratio is the median of the ratios of
all rounds.  Before that, all but FANN train from the same weights on the same
batches, which shows that they do the same work.  Programs that are not
installed are left out.  All of them are in memory at once: some 4 GB at most.

bench.py prints the page, writes it to PAGE (docs/performance.md; with --quick
nowhere, unless given), and writes every number to build/bench.json."""
import argparse
import collections
import contextlib
import glob
import itertools
import json
import os
import subprocess
import sys
import time

import growth
import nets
import page

BUILD = os.environ.get("BUILD", "build")
OURS = [f"{BUILD}/gradus_bench"]
TORCH = ["/usr/bin/python3", "bench/torch_bench.py"]
SKLEARN = ["/usr/bin/python3", "bench/sklearn_bench.py"]
FANN = [f"{BUILD}/fann_bench"]
MLPS = ["784-128-10", "784-512-512-10"]
CNNS = ["cnn-8-16", "cnn-16-32"]
OTHERS = ["lenet", "convnet", "residual", "strided", "three of 64",
          "pools of 3", "batch norm", "layer norm", "dropout", "gelu", "tanh",
          "silu", "10,000 classes", "tiny"]

# Another library.  works: the workloads that it is measured at, or None for
# all.  checked: the nets that it must train as gradus does.
Peer = collections.namedtuple("Peer", "program env works checked")


def parse():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--quick", action="store_true",
                   help="a few workloads, in two minutes")
    p.add_argument("--rounds", type=int)
    p.add_argument("--seconds", type=float)
    p.add_argument("--out")
    a = p.parse_args()
    a.rounds = a.rounds or (5 if a.quick else 15)
    a.seconds = a.seconds or (0.1 if a.quick else 0.2)
    a.out = a.out or (None if a.quick else "docs/performance.md")
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
    infer = [("infer", "784-512-512-10", b, t) for b in (1, 256)
             for t in (1, 2) if (b, t) != (1, 2)]
    return train + infer


def there(name, found):
    """Returns found, and says so if it is false."""
    if not found:
        print(f"bench: {name} is not installed; skipped", file=sys.stderr)
    return found


def has_module(name):
    return not subprocess.run(["/usr/bin/python3", "-c", f"import {name}"],
                              capture_output=True).returncode


def torch_version(python):
    command = [python, "-c", "import torch; print(torch.__version__)"]
    printed = subprocess.run(command, capture_output=True, text=True).stdout
    return printed.split("+")[0].strip()


def torch_builds():
    """Debian's PyTorch with each OpenBLAS that is installed, and PyPI's."""
    def build(env, program=TORCH, works=None):
        return Peer(program, env, works,
                    ["784-128-10", "cnn-8-16", "convnet"])
    builds = {}
    if there("python3-torch", has_module("torch")):
        version = torch_version(TORCH[0])
        builds[f"PyTorch {version}, pthread OpenBLAS"] = build({})
        for folder in glob.glob("/usr/lib/*/openblas-openmp"):
            builds[f"PyTorch {version}, OpenMP OpenBLAS"] = \
                build({"LD_LIBRARY_PATH": folder})
    python = f"{BUILD}/peers/bin/python"
    if there(f"PyPI's torch in {BUILD}/peers", os.path.exists(python)):
        program = [python] + TORCH[1:]
        name = f"PyTorch {torch_version(python)}"
        builds[f"{name}, MKL"] = build({}, program)
        # It compiles for half a minute before it trains.
        few = [("train", net, 64, 1) for net in MLPS + CNNS + OTHERS]
        builds[f"{name}, compiled"] = build({}, program + ["--compile"], few)
    return builds


def peers(quick):
    """The libraries that are installed: {name: Peer}."""
    few = [("train", "784-128-10", 64, 1)]
    dense = few if quick else [("train", net, b, t) for net in MLPS
                               for b in (64, 256) for t in (1, 2)]
    found = torch_builds()
    if there("python3-sklearn", has_module("sklearn")):
        found["scikit-learn"] = Peer(SKLEARN, {}, dense, ["784-128-10"])
    if there(f"{FANN[0]}, of libfann-dev,", os.path.exists(FANN[0])):
        found["FANN"] = Peer(FANN, {}, few, [])
    return found


def run(program, flags, env=None):
    """Runs a process.  Returns its JSON, and in "wall" the seconds it took."""
    start = time.perf_counter()
    done = subprocess.run(program + flags, env={**os.environ, **(env or {})},
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(program + flags)}: {done.stderr}")
    result = json.loads(done.stdout)
    result["wall"] = time.perf_counter() - start
    return result


class Turns:
    """A process that measures when it is told to."""

    def __init__(self, program, flags, env=None):
        self.command = program + ["--turns"] + flags
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, exception, *rest):
        with contextlib.suppress(BrokenPipeError):  # if it has died
            self.process.stdin.close()
        if self.process.wait() and not exception:
            self.fail()

    def fail(self):
        sys.exit(f"bench: {' '.join(self.command)}: failed")

    def take(self):
        """Lets the process measure once, and returns its JSON.  First there is
        a pause, in which the threads of the process before go to sleep:
        OpenBLAS's stay awake for 2^26 cycles."""
        time.sleep(0.05)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.fail()
        return json.loads(line)


def side_by_side(runs, rounds, seconds):
    """Measures runs, {key: (program, flags, env)}, in turns.  Returns
    {key: [result of each round]}."""
    flags = ["--seconds", str(seconds)]
    results = {key: [] for key in runs}
    with contextlib.ExitStack() as stack:
        processes = {key: stack.enter_context(Turns(p, flags + f, env))
                     for key, (p, f, env) in runs.items()}
        for r in range(rounds + 1):
            for key, process in processes.items():
                result = process.take()
                if r:  # in round 0, some processes are still starting
                    results[key].append(result)
    return results


def check_same(net, library, ours, theirs):
    """Ends the program if two libraries do not do the same work.  The mean
    loss of the epoch is the strict test.  The test loss of a convolutional net
    differs by 3 % if only the rounding of another OpenBLAS kernel differs
    (gradus: 0.119 with Haswell's kernels, 0.122 with SkylakeX's)."""
    for key, part in ("train_loss", 0.005), ("test_loss", 0.06):
        if abs(ours[key] - theirs[key]) > part * theirs[key]:
            sys.exit(f"bench: {net}: {key} of gradus is {ours[key]}; must be "
                     f"near {theirs[key]}, as of {library}")


def same_work(found):
    """Trains each library for one epoch from the same weights on the same
    batches.  Returns [(net, library, result)].  Of several builds of a library
    only the last one trains."""
    last = {name.split(",")[0]: peer for name, peer in found.items()}
    results = []
    for net in "784-128-10", "cnn-8-16", "convnet":
        checked = {n: p for n, p in last.items() if net in p.checked}
        if not checked:
            continue
        flags = ["--net", nets.NETS[net] if net == "convnet" else net,
                 "--weights", f"{BUILD}/bench.weights", "check"]
        ours = run(OURS, flags)
        results.append((net, "gradus", ours))
        for library, peer in checked.items():
            theirs = run(peer.program, flags, peer.env)
            check_same(net, library, ours, theirs)
            results.append((net, library, theirs))
    return results


def contenders(work, found):
    """The programs to run for a workload: {name: (program, flags, env)}."""
    command, net, batch, threads = work
    flags = ["--net", nets.NETS[net] if net in OTHERS else net,
             "--batch", str(batch), "--threads", str(threads)]
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
        if cnn:  # only PyTorch's
            runs[name + ", channels_last"] = (
                peer.program, flags + ["--channels-last", command], env)
    if threads == 1 and net in MLPS:
        how = ["--forward"] if command == "infer" else []
        runs["products"] = (OURS, flags + how + ["gemm"], None)
    return runs


def measure(works, found, rounds, seconds):
    """Measures all workloads.  Returns {(work, name): [result of each round]}.
    Workloads that differ only in the number of threads run in the same
    turns."""
    results = {}
    for what, group in itertools.groupby(works, key=lambda work: work[:3]):
        print(f"bench: {what}", file=sys.stderr)
        results.update(side_by_side(
            {(work, name): command for work in group
             for name, command in contenders(work, found).items()},
            rounds, seconds))
    return results


def starts(found, rounds):
    """Returns {name: [seconds from a process's start to its first step]}."""
    programs = {"gradus": (OURS, None)}
    programs.update((name, (peer.program, peer.env))
                    for name, peer in found.items()
                    if name.startswith("PyTorch") and "compiled" not in name)
    seconds = {name: [] for name in programs}
    for _ in range(rounds):
        for name, (program, env) in programs.items():
            seconds[name].append(run(program, ["start"], env)["wall"])
    return seconds


def main():
    options = parse()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    if not os.path.exists("data/mnist/train-images-idx3-ubyte"):
        sys.exit("bench: MNIST is not in data/mnist; data/fetch.sh gets it")
    found = peers(options.quick)
    same = same_work(found)
    works = workloads(options.quick)
    results = measure(works, found, options.rounds, options.seconds)
    begun = starts(found, 2 if options.quick else 5)
    with open(f"{BUILD}/bench.json", "w") as f:
        json.dump([{"command": w[0], "net": w[1], "batch": w[2],
                    "threads": w[3], "program": n, "rounds": r}
                   for (w, n), r in results.items()] +
                  [{"command": "start", "program": n, "seconds": s}
                   for n, s in begun.items()], f, indent=1)
    grown = growth.rows(
        lambda runs: side_by_side(
            {key: (OURS, flags + ["train"], None)
             for key, flags in runs.items()},
            1 if options.quick else 5, options.seconds / 2), os.cpu_count())
    text = page.page(works, results, same, begun, grown, options)
    print(text)
    if options.out:
        with open(options.out, "w") as f:
            f.write(text)


main()
