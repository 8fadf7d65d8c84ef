"""The page that bench.py writes: tables of what was measured."""
import math
import statistics

import inference
import nets
import reasons

# The ratios to PyTorch that are aimed at, for (command, net, batch): on one
# thread and on two.
TARGETS = {
    ("train", "784-128-10", 64): (2.6, 4.2),
    ("train", "784-128-10", 256): (1.8, 2.0),
    ("train", "784-512-512-10", 64): (1.8, 2.3),
    ("train", "784-512-512-10", 256): (1.3, 1.7),
    ("train", "cnn-8-16", 64): (4.0, 4.5),
    ("infer", "784-512-512-10", 1): (7.0, None),
    ("infer", "784-512-512-10", 256): (1.3, 1.4),
}

# Other libraries than PyTorch, and whether they do the same work.
OTHERS = {
    "JAX": "the same",
    "ONNX Runtime": "the same",
    "scikit-learn": "the same",
    "FANN": "another: sample by sample, sigmoids, square error, no momentum",
    "gradus by oneDNN": "the same",
    "oneDNN": "less: dense layers and convolutions alone",
}


def median(results, key="samples_per_second"):
    return statistics.median(r[key] for r in results)


def ratio(ours, theirs):
    """The median of the ratios of all rounds."""
    return statistics.median(
        a["samples_per_second"] / b["samples_per_second"]
        for a, b in zip(ours, theirs))


def down(value):
    """Rounds down to two digits, so that a value just short of a target does
    not look as if it met it."""
    return f"{math.floor(100 * value) / 100:.2f}"


def spread(results):
    s = [r["samples_per_second"] for r in results]
    return f"{min(s):,.0f} to {max(s):,.0f}"


def held_against(target, value):
    return f"{target:.1f}: {'met' if value >= target else 'short'}"


def of_peak(work, results):
    if work[0] != "train":
        return ""
    a_flop = statistics.median(
        r["samples_per_second"] / (1e9 * p["gflops"])
        for r, p in zip(results[work, "gradus"], results[work, "peak"]))
    return f"{200 * nets.multiply_adds(nets.text(work[1])) * a_flop:.0f} %"


def against_one_thread(work, results):
    one = results.get((work[:3] + (1,), "gradus"))
    if work[3] != 2 or not one:
        return ""
    faster = ratio(results[work, "gradus"], one)
    if work[2] < 64:
        return down(faster)
    if faster > 2.1:
        return f"{down(faster)}, one thread disturbed"
    return f"{down(faster)}, {held_against(1.8, faster)}"


def table(head, rows):
    return "\n".join("| " + " | ".join(r) + " |" for r in
                     [head, ["---"] * len(head)] + rows) + "\n"


def versions(results):
    """The versions of PyTorch that were measured, such as "PyTorch 1.13.0"."""
    return sorted({n.split(",")[0] for _, n in results if n[:7] == "PyTorch"})


def fastest(work, results, version):
    """The name of the fastest build and memory format of a library's
    version."""
    ours = results[work, "gradus"]
    names = [n for w, n in results
             if w == work and n.split(",")[0] == version]
    return min(names, key=lambda n: ratio(ours, results[work, n]),
               default=None)


def title(work):
    command, net, batch, threads = work
    return f"{command} {net}, B{batch}, {threads}T"


def speed_rows(works, results):
    rows = []
    for work in works:
        ours = results[work, "gradus"]
        row = [title(work), f"{median(ours):,.0f}", spread(ours)]
        for version in versions(results):
            best = fastest(work, results, version)
            if not best:
                row += ["", ""]
                continue
            theirs = results[work, best]
            row += [f"{median(theirs):,.0f}{kind(best)}",
                    down(ratio(ours, theirs))]
        bare = results.get((work, "products"))
        row += [f"{ratio(bare, ours):.2f}" if bare else "",
                of_peak(work, results), against_one_thread(work, results)]
        rows.append(row)
    return rows


def kind(name):
    """The part of a build's name that the table shows."""
    return ", compiled" if "compiled" in name else ""


def target_of(work, library):
    """What the ratio to a library is to be; its name ends in its version."""
    if not library.startswith("PyTorch"):
        return 1.1
    old = int(library.split()[1].split(".")[0]) < 2
    known = dict(zip((1, 2), TARGETS.get(work[:3], ()))).get(work[3]) \
        if old else None
    if work[1] in ("convnet", "residual"):
        return 1.8 if old else 1.3
    return known or 1.1


def products_alone(work, results, theirs):
    """The ratio to `theirs` that the step's products alone would have, or None
    if they were not measured.  gradus can exceed it, with kernels of its own
    or by Winograd's method."""
    alone = next((rounds for (w, name), rounds in results.items()
                  if w == work and name == "products"), None) or \
        next((rounds for (w, name), rounds in results.items()
              if w == work and name.startswith("oneDNN")), None)
    return ratio(alone, theirs) if alone else None


def others_of(work, results):
    """The libraries but PyTorch that did all of the work, by name; gradus with
    other products is none of them."""
    return sorted(name for w, name in results
                  if w == work and not name.startswith("gradus") and
                  OTHERS.get(name.rpartition(" ")[0]) == "the same")


def short_rows(works, results):
    """The workloads whose ratio falls short of its target: pairs of cells and
    the numbers of the reasons."""
    rows = []
    for work in works:
        for library in versions(results) + others_of(work, results):
            best = fastest(work, results, library)
            if not best:
                continue
            over = ratio(results[work, "gradus"], results[work, best])
            target = target_of(work, library)
            if over < target:
                alone = products_alone(work, results, results[work, best])
                rows.append(([title(work), library, down(over),
                              f"{target:.1f}",
                              "" if alone is None else down(alone)],
                             reasons.of(work, target, alone)))
    return rows


def other_rows(works, results):
    rows = []
    for work in works:
        for library in sorted({name for w, name in results if w == work}):
            known = OTHERS.get(library.rpartition(" ")[0])
            if not known:
                continue
            ours, theirs = results[work, "gradus"], results[work, library]
            rows.append([title(work), library,
                         f"{median(ours):,.0f}", f"{median(theirs):,.0f}",
                         down(ratio(ours, theirs)), known])
    return rows


def product_rows(works, results):
    """GFLOP/s of the bare products of each library, and of gradus's step."""
    names = ["products", "products by blis", "products by onednn", "gradus"]
    rows = []
    for work in works:
        if work[0] != "train" or (work, "products") not in results:
            continue
        adds = nets.multiply_adds(nets.text(work[1]))
        rows.append([title(work)] + [
            f"{2e-9 * adds * median(results[work, name]):.0f}"
            if (work, name) in results else "" for name in names])
    return rows


def kernels(results):
    """The processor that OpenBLAS takes this one for."""
    return next(rounds[0]["openblas"] for (_, name), rounds
                in results.items() if name == "peak")


def peak(results, threads):
    """The rate of multiply-adds that read no memory, in words: its median, and
    in parentheses the lowest and the highest."""
    rates = [r["gflops"] for (work, name), rounds in results.items()
             if name == "peak" and work[3] == threads for r in rounds]
    return (f"{statistics.median(rates):.0f} GFLOP/s "
            f"({min(rates):.0f} to {max(rates):.0f})")


def introduction(results, options):
    return f"""# Performance

{options.conditions}

What is compared runs side by side and takes turns: each gets {options.seconds:g} s in each of {options.rounds} rounds. A rate is the median of all
rounds. A ratio is the median of the ratios of each round, since the machine's own speed changes, and is rounded down.
Where the speed changed between rounds, it differs from the ratio of the two rates beside it, and is the one to trust.
PyTorch's rate is that of the fastest of its builds and memory formats that are installed. OpenBLAS uses its kernels for
{kernels(results)}.

Multiply-adds that read no memory reach {peak(results, 1)} on one thread and
{peak(results, 2)} on two: the median, and in parentheses the lowest and the highest. They have nothing to wait
for, so the wider apart these are, the more others used the machine at the same time.
"""


def same_work(same):
    keys = ("untrained_loss", "train_loss", "test_loss")
    rows = [[net, program] + [f"{r[k]:.4f}" if k in r else "" for k in keys] +
            [f"{100 * r['test_accuracy']:.2f} %" if "test_accuracy" in r
             else ""] for net, program, r in same]
    return """## The same work

Each program trains for one epoch, from the same weights, in the order of the data, in batches of 64, by SGD with
momentum 0.9. ONNX Runtime does not train; it infers with the weights as they are before that.

""" + table(["net", "program", "test loss before", "train loss", "test loss",
             "test accuracy"], rows)


def short(works, results):
    found = short_rows(works, results)
    used = sorted({i for _, why in found for i in why})
    rows = [cells + [", ".join(str(used.index(i) + 1) for i in why)]
            for cells, why in found]
    return """## Short of the targets

We set these targets; each row shows its own. Unless another is given, it is 1.1. For convnet and residual it is 1.3
against PyTorch 2 and 1.8 against PyTorch 1.13, and against the latter some other workloads have one of their own
(`TARGETS` in `bench/page.py`). *Products alone* is the ratio that gradus would have if a step were nothing but its
matrix products: OpenBLAS's where these were measured, else oneDNN's, whose convolutions count as products. It is no
bound: gradus can exceed it, with kernels of its own or by Winograd's method. Blank: not measured. *Why* has the numbers
of the reasons below. The targets for the second thread, for single convolutions and for memory are in the sections that
measure these.

""" + table(["workload", "against", "ratio", "target",
              "products alone", "why"], rows) + "\n" + \
        reasons.listed(used)


def speed(works, results):
    head = ["workload", "gradus", "lowest to highest"]
    for version in versions(results):
        head += [version, "ratio"]
    return """## Speed

The rates are samples a second; PyTorch's are those of the fastest of its builds and memory formats, and *compiled*
stands behind a rate where `torch.compile` was the fastest: it is tried in training in batches of 64 on one thread
alone, as it compiles for half a minute. *Of products* is the time of a call divided by that of its OpenBLAS products
alone; it may be below 1 (see *Bare products*). *Of peak* is the rate of the multiply-adds that a textbook would make,
divided by the machine's: it may be above 100 %, as many are left out, behind a maximum or by Winograd's method.
*2T : 1T* is the rate of gradus on two threads divided by that on one: first the ratio, and from B64 on the target
behind it, 1.8, and whether it is met. A ratio above 2 means that one thread was disturbed, or was slow for a reason
that is not known; above 2.1, the target is not judged. `bench/nets.py` says what the nets are.

""" + table(head + ["of products", "of peak", "2T : 1T"],
            speed_rows(works, results))


def others(works, results):
    return """## Other libraries

The rates are samples a second. JAX has one compiled function for a step, and as many processors as threads; it trains
nets with convolutions in batches of 64 only, and dense nets in batches of 64 and 256. Of oneDNN, only its primitives
are measured: forward and backward of the dense layers and convolutions, in the formats that it prefers, without
activations, pools, normalisation, loss, optimiser, or the changes of format between them. So its rate is that of the
products of a step alone, and a step by oneDNN would take longer. gradus can be faster all the same, with kernels of its
own or by Winograd's method. *gradus by oneDNN*, if it is here, is gradus as `make BLAS=onednn` builds it.

""" + table(
        ["workload", "library", "gradus", "library's", "ratio", "work"],
        other_rows(works, results))


def products(works, results):
    versions = [next((rounds[0]["library"] for (_, n), rounds in
                      results.items() if n == name),
                     f"{library}: not installed")
                for name, library in (("products", "OpenBLAS"),
                                      ("products by blis", "BLIS"),
                                      ("products by onednn", "oneDNN"))]
    return """## Bare products

GFLOP/s of the matrix products of a step alone, by each library that is installed, and of gradus's whole step; all on
one thread. gradus has OpenBLAS compute its products, too, but cuts them into blocks that suit OpenBLAS's kernels for
small products, where OpenBLAS has them (`src/base/gemm.c`). So its step may be faster than OpenBLAS's bare products.

""" + table(["workload"] + versions + ["gradus's step"],
            product_rows(works, results))


def convolutions(convolved):
    return """## Convolutions by themselves

The forward pass, the gradient of W and that of x on one thread, as `bench/convolutions.c` measures them: the rate of
the multiply-adds of the definition in percent of the machine's, for batches of 1, 64 and 256. It is above 100 where
Winograd's method leaves many out. The target is 85. """ + reasons.of_convolutions(convolved) + "\n\n" + \
        convolved


def start(begun):
    seconds = {n: statistics.median(s) for n, s in begun.items()}
    return """## From start to the first step

The targets are less than 0.1 s, and a twentieth of the time of PyTorch.

""" + table(["program", "seconds", "over gradus"],
            [[n, f"{s:.3f}", f"{s / seconds['gradus']:.1f}"]
             for n, s in seconds.items()])


def memory_target(results):
    """For 784-128-10 in batches of 64.  The activations are y and dy of both
    layers and of the ReLU, and y of the input."""
    r = results[("train", "784-128-10", 64, 1), "gradus"][0]
    numbers = 2 * r["parameters"] + 64 * (784 + 2 * (128 + 128 + 10))
    target = (r["data_bytes"] + 1.2 * 4 * numbers) / 2**20
    used = (r["peak_kb"] - r["start_kb"]) / 1024
    return f"gradus above what an empty process has: {used:.1f} MiB. Target, " \
        "data + 1.2 x (parameters, gradients, activations):\n" \
        f"{target:.1f} MiB: {'met' if used <= target else 'missed'} (" \
        "momentum, threads and OpenBLAS's buffers are not in the target).\n"


def memory(results):
    rows = [[n, f"{median(r, 'peak_kb') / 1024:.0f}"]
            for (w, n), r in results.items()
            if w == ("train", "784-128-10", 64, 1) and "peak_kb" in r[0]]
    return """## Peak memory, training 784-128-10

gradus keeps the images as bytes, which are 45 MiB. The programs of the other libraries keep them as floats, which are
179 MiB.

""" + table(["program", "MiB"], rows) + "\n" + memory_target(results)


def growth(grown):
    return """## How cost grows

All rows but those of threads are measured on one thread. A slope is that of the logarithm of the cost over the
logarithm of the value: 1 means that the cost grows in proportion. A cost in MiB is the peak of memory, above what an
empty process has, while the rows are made one batch at a time. Over threads, -1 is the best slope; below it, one
thread was disturbed, or was slow for a reason that is not known.

""" + table(["of", "cost", "value: cost", "slope", "of the last two"], grown)


def page(works, results, same, begun, served, grown, options, convolved=""):
    sections = [introduction(results, options)]
    if short_rows(works, results):
        sections.append(short(works, results))
    if same:
        sections.append(same_work(same))
    sections.append(speed(works, results))
    if other_rows(works, results):
        sections.append(others(works, results))
    return "\n".join(sections + [
        products(works, results),
        *([convolutions(convolved)] if convolved else []), start(begun),
        inference.section(table, fastest, results, served), memory(results),
        growth(grown)])
