#!/usr/bin/env python3
"""bench.py -- gradus beside PyTorch and beside the limits of the machine.

    bench/bench.py [--quick] [--rounds N] [--seconds S] [--out PAGE]

Each measurement is a process of its own.  They run in turn, round after round,
so that a drift of the machine meets all; a table has medians.  First both
train from the same weights on the same batches, to see that they do the same.
Writes PAGE (docs/performance.md; with --quick nothing, unless given), prints
it, and leaves every number in build/bench.json."""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import time

import growth

BUILD = os.environ.get("BUILD", "build")
OURS = [f"{BUILD}/gradus_bench"]
TORCH = ["/usr/bin/python3", "bench/torch_bench.py"]
MLPS = ["784-128-10", "784-512-512-10"]
CNNS = ["cnn-8-16", "cnn-16-32"]

# (command, net, batch, threads): ours to PyTorch's, and 1-thread step to its
# bare products, or part of the multiply-add peak
TARGETS = {
    ("train", "784-128-10", 64): (2.6, 4.2),
    ("train", "784-128-10", 256): (1.8, 2.0),
    ("train", "784-512-512-10", 64): (1.8, 2.3),
    ("train", "784-512-512-10", 256): (1.3, 1.7),
    ("train", "cnn-8-16", 64): (4.0, 4.5),
    ("infer", "784-512-512-10", 1): (7.0, None),
    ("infer", "784-512-512-10", 256): (1.3, 1.4),
}


def parse():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--quick", action="store_true",
                   help="a few workloads, in two minutes")
    p.add_argument("--rounds", type=int)
    p.add_argument("--seconds", type=float)
    p.add_argument("--out")
    a = p.parse_args()
    a.rounds = a.rounds or (2 if a.quick else 5)
    a.seconds = a.seconds or (0.3 if a.quick else 1.0)
    a.out = a.out or (None if a.quick else "docs/performance.md")
    return a


def workloads(quick):
    """(command, net, batch, threads)"""
    if quick:
        return [("train", "784-128-10", 64, 1), ("train", "784-128-10", 64, 2),
                ("train", "cnn-8-16", 64, 1),
                ("infer", "784-512-512-10", 1, 1),
                ("infer", "784-512-512-10", 256, 1)]
    train = [("train", net, b, t) for nets, batches in
             ((MLPS, (32, 64, 256, 1024)), (CNNS, (64, 256)))
             for net in nets for b in batches for t in (1, 2)]
    infer = [("infer", "784-512-512-10", b, t) for b in (1, 256)
             for t in (1, 2) if (b, t) != (1, 2)]
    return train + infer


def torch_builds():
    """PyTorch with each OpenBLAS that is there: name -> environment."""
    if subprocess.run(TORCH[:1] + ["-c", "import torch"],
                      capture_output=True).returncode:
        return {}
    builds = {"PyTorch, pthread OpenBLAS": {}}
    for folder in glob.glob("/usr/lib/*/openblas-openmp"):
        builds["PyTorch, OpenMP OpenBLAS"] = {"LD_LIBRARY_PATH": folder}
    return builds


def run(program, flags, env=None):
    """The process's JSON, and the seconds until it was there."""
    start = time.perf_counter()
    done = subprocess.run(program + flags, env={**os.environ, **(env or {})},
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(program + flags)}: {done.stderr}")
    result = json.loads(done.stdout)
    result["wall"] = time.perf_counter() - start
    return result


def same_work(torch):
    """Rows of a table: one epoch from the same weights, batch by batch.

    The mean loss of the epoch is the strict test.  A convolutional net's test
    loss at the end differs by 3 % for the rounding of another OpenBLAS kernel
    alone (gradus by itself: 0.119 with Haswell's, 0.122 with SkylakeX's)."""
    rows = []
    for net in "784-128-10", "cnn-8-16":
        flags = ["--net", net, "--weights", f"{BUILD}/bench.weights", "check"]
        ours, theirs = run(OURS, flags), run(TORCH, flags, torch)
        for key, part in ("train_loss", 0.005), ("test_loss", 0.06):
            if abs(ours[key] - theirs[key]) > part * theirs[key]:
                sys.exit(f"bench: {net}: {key} {ours[key]}, PyTorch's "
                         f"{theirs[key]}: not the same work")
        rows.append([net, f"{ours['train_loss']:.4f}",
                     f"{theirs['train_loss']:.4f}",
                     f"{100 * ours['test_accuracy']:.2f} %",
                     f"{100 * theirs['test_accuracy']:.2f} %"])
    return rows


def contenders(work, builds):
    """What is to be run for a workload: name -> (program, flags, env)."""
    command, net, batch, threads = work
    flags = ["--net", net, "--batch", str(batch), "--threads", str(threads)]
    cnn = net.startswith("cnn")
    found = {"gradus": (OURS, flags + [command], None)}
    for name, env in builds.items():
        env = {**env, "OMP_NUM_THREADS": str(threads),
               "OPENBLAS_NUM_THREADS": str(threads)}
        found[name] = (TORCH, flags + [command], env)
        if cnn:
            found[name + ", channels_last"] = (
                TORCH, flags + ["--channels-last", command], env)
    if threads == 1 and not cnn:
        how = ["--forward"] if command == "infer" else []
        found["products"] = (OURS, flags + how + ["gemm"], None)
    return found


def measure(works, builds, rounds, seconds):
    """{(work, contender): [result of each round]}"""
    results = {}
    for r in range(rounds):
        for work in works:
            print(f"round {r + 1}/{rounds}: {work}", file=sys.stderr)
            for name, (program, flags, env) in contenders(work,
                                                          builds).items():
                result = run(program, ["--seconds", str(seconds)] + flags, env)
                results.setdefault((work, name), []).append(result)
        for t in 1, 2:
            results.setdefault((("peak", "", 0, t), "peak"), []).append(
                run(OURS, ["--seconds", str(seconds), "--threads", str(t),
                           "peak"]))
        for name, program, env in [("gradus", OURS, None)] + \
                [(n, TORCH, e) for n, e in builds.items()]:
            results.setdefault((("start", "784-128-10", 64, 1), name),
                               []).append(run(program, ["start"], env))
    return results


def median(results, key="samples_per_second"):
    return statistics.median(r[key] for r in results)


def spread(results):
    s = [r["samples_per_second"] for r in results]
    return f"{min(s):,.0f} to {max(s):,.0f}"


def held_against(target, value):
    return f"{target:.1f}: {'met' if value >= target else 'short'}"


def verdict(work, ratio):
    target = TARGETS.get(work[:3], (None, None))[work[3] - 1]
    return held_against(target, ratio) if target else ""


def multiply_adds(net):
    """Of a training step and sample: forward, dW, and but for the first layer
    dx.  Those of the textbook: zeros behind a maximum may be left out."""
    width = [int(w) for w in net.replace("cnn-", "").split("-")]
    if net.startswith("cnn"):
        layers = [24 * 24 * 25 * width[0], 8 * 8 * 25 * width[0] * width[1],
                  16 * width[1] * 10]
    else:
        layers = [a * b for a, b in zip(width, width[1:])]
    return 3 * sum(layers) - layers[0]


def of_peak(work, results):
    if work[0] != "train":
        return ""
    peak = 1e9 * median(results[("peak", "", 0, work[3]), "peak"], "gflops")
    rate = median(results[work, "gradus"])
    return f"{200 * multiply_adds(work[1]) * rate / peak:.0f} %"


def against_one_thread(work, results):
    one = results.get((work[:3] + (1,), "gradus"))
    if work[3] != 2 or not one:
        return ""
    ratio = median(results[work, "gradus"]) / median(one)
    if work[2] < 64:
        return f"{ratio:.2f}"
    return f"{ratio:.2f}, {held_against(1.8, ratio)}"


def table(head, rows):
    return "\n".join("| " + " | ".join(r) + " |" for r in
                     [head, ["---"] * len(head)] + rows) + "\n"


def speed_rows(works, results):
    rows = []
    for work in works:
        command, net, batch, threads = work
        ours = results[work, "gradus"]
        theirs = {n: r for (w, n), r in results.items()
                  if w == work and n.startswith("PyTorch")}
        row = [f"{command} {net}, B{batch}, {threads}T",
               f"{median(ours):,.0f}", spread(ours)]
        if theirs:
            best = max(theirs, key=lambda n: median(theirs[n]))
            ratio = median(ours) / median(theirs[best])
            row += [f"{median(theirs[best]):,.0f}", best.replace(
                "PyTorch, ", ""), f"{ratio:.2f}", verdict(work, ratio)]
        else:
            row += ["not there", "", "", ""]
        bare = results.get((work, "products"))
        row += [f"{median(bare) / median(ours):.2f}" if bare else "",
                of_peak(work, results), against_one_thread(work, results)]
        rows.append(row)
    return rows


def page(works, results, same, grown, options):
    peak = [median(results[("peak", "", 0, t), "peak"], "gflops")
            for t in (1, 2)]
    cpu = next(l.split(":")[1].strip() for l in open("/proc/cpuinfo")
               if l.startswith("model name"))
    text = f"""# Performance

Made by `bench/bench.py`: {cpu}, {os.cpu_count()} processors; medians of {options.rounds} rounds, in which all
take turns, {options.seconds:g} s each. PyTorch is the fastest of its builds and memory formats that are there.
Multiply-adds of registers alone: {peak[0]:.0f} GFLOP/s on one thread, {peak[1]:.0f} on two.

"""
    if same:
        text += "## The same work\n\nOne epoch in the data's order from the " \
            "same weights, batch 64, SGD with momentum 0.9.\n\n" + \
            table(["net", "train loss", "PyTorch", "test accuracy",
                   "PyTorch"], same) + "\n"
    text += "## Speed\n\nSamples a second. *Of products* is the time of a call over that of " \
        "its bare OpenBLAS products; *of peak* counts the multiply-adds of the textbook\n" \
        "(zeros behind a maximum may be left out); 2T : 1T is gradus on two threads over one.\n\n" + \
        table(["workload", "gradus", "lowest to highest", "PyTorch", "which",
               "ratio", "target", "of products", "of peak", "2T : 1T"],
              speed_rows(works, results))
    starts = {n: median(r, "wall") for (w, n), r in results.items()
              if w[0] == "start"}
    text += "\n## From start to the first step\n\nTargets: below 0.1 s, and 20 " \
        "times sooner than PyTorch.\n\n" + table(
            ["program", "seconds", "over gradus"],
            [[n, f"{s:.3f}", f"{s / starts['gradus']:.1f}"]
             for n, s in starts.items()])
    latency = [[n, f"{1e6 * median(r, 'p50'):.0f}",
                f"{1e6 * median(r, 'p99'):.0f}"]
               for (w, n), r in results.items()
               if w[0] == "infer" and w[2] == 1 and "p50" in r[0]]
    text += "\n## Latency, 784-512-512-10, batch 1\n\n" + table(
        ["program", "p50, us", "p99, us"], latency)
    memory = [[n, f"{median(r, 'peak_kb') / 1024:.0f}"]
              for (w, n), r in results.items()
              if w == ("train", "784-128-10", 64, 1) and "peak_kb" in r[0]]
    text += "\n## Peak memory, training 784-128-10\n\n" + table(
        ["program", "MB"], memory) + "\n" + memory_target(results) + \
        "\n## How cost grows\n\nOne thread, but for the last row; slopes on " \
        "log-log axes.\n\n" + \
        table(["of", "cost", "value: cost", "slope", "of the last two"], grown)
    return text


def memory_target(results):
    """784-128-10, B64: y and dy of both layers and ReLU, y of the input."""
    r = results[("train", "784-128-10", 64, 1), "gradus"][0]
    numbers = 2 * r["parameters"] + 64 * (784 + 2 * (128 + 128 + 10))
    target = (r["data_bytes"] + 1.2 * 4 * numbers) / 2**20
    used = (r["peak_kb"] - r["start_kb"]) / 1024
    return f"gradus above what an empty process has: {used:.1f} MB. Target, " \
        "data + 1.2 x (parameters, gradients, activations):\n" \
        f"{target:.1f} MB: {'met' if used <= target else 'short'} (momentum, " \
        "threads and OpenBLAS's buffers are not in the target).\n"


def main():
    options = parse()
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    if not os.path.exists("data/mnist/train-images-idx3-ubyte"):
        sys.exit("bench: data/mnist is not there; data/fetch.sh gets it")
    builds = torch_builds()
    if not builds:
        print("bench: python3-torch is not there: skipped", file=sys.stderr)
    same = same_work(list(builds.values())[-1]) if builds else []
    works = workloads(options.quick)
    results = measure(works, builds, options.rounds, options.seconds)
    with open(f"{BUILD}/bench.json", "w") as f:
        json.dump([{"command": w[0], "net": w[1], "batch": w[2],
                    "threads": w[3], "program": n, "rounds": r}
                   for (w, n), r in results.items()], f, indent=1)
    grown = growth.rows(
        lambda flags: run(OURS, ["--seconds", str(options.seconds / 2)] +
                          flags + ["train"])["samples_per_second"],
        os.cpu_count(), 1 if options.quick else 3)
    text = page(works, results, same, grown, options)
    print(text)
    if options.out:
        with open(options.out, "w") as f:
            f.write(text)


main()
