"""How the cost of training and inference grows, as slopes on log-log axes."""
import collections
import math
import statistics
import sys

from runs import OURS, side_by_side, thread_counts

# name: what grows.  flags: a function from a value to the flags of
# gradus_bench.  costs: {unit: function from a value and a result to a cost}.
# rounds: how many, or None for as many as usual.
Axis = collections.namedtuple("Axis", "name values flags costs rounds",
                              defaults=(None,))

PER_SAMPLE = {"us a sample": lambda _, r: 1e6 / r["samples_per_second"]}
PEAK = {"MiB": lambda _, r: (r["peak_kb"] - r["start_kb"]) / 1024}


def images(channels):
    block = f"conv{channels}k3p1 relu max2"
    return f"1x28x28 {block} {block} dense10"


def training():
    return [
        Axis("width of one hidden layer, B64", [64, 256, 1024, 4096],
             lambda w: ["--net", f"784-{w}-10", "--samples", "8192", "train"],
             PER_SAMPLE),
        Axis("hidden layers of 128, B64", [1, 2, 4, 8, 16, 32],
             lambda d: ["--net", "784-" + "128-" * d + "10", "--samples",
                        "8192", "train"], PER_SAMPLE),
        Axis("channels of two convolutions 3 x 3, B64", [4, 8, 16, 32, 64],
             lambda c: ["--net", images(c), "--samples", "2048", "train"],
             PER_SAMPLE),
        Axis("batch, 784-128-10", [1, 4, 16, 64, 256, 1024, 4096],
             lambda b: ["--batch", str(b), "train"],
             {"us a step": lambda b, r: 1e6 * b / r["samples_per_second"]}),
        Axis("samples, 784-128-10, B64", [1000, 4000, 15000, 60000],
             lambda n: ["--samples", str(n), "train"],
             {"ms an epoch": lambda n, r: 1e3 * n / r["samples_per_second"]}),
    ]


def streamed(quick):
    """Rows that are made one batch at a time, so that the memory measured is
    not that of the data."""
    return [
        Axis("samples from `next`, 32-64-10, B64",
             [10**5, 10**6] if quick else [10**5, 10**6, 10**7],
             lambda n: ["--net", "32-64-10", "--samples", str(n), "stream"],
             {"s an epoch": lambda _, r: r["seconds"], **PEAK}, rounds=1),
        Axis("batch from `next`, 784-128-10", [64, 256, 1024, 4096],
             lambda b: ["--batch", str(b), "--samples", "8192", "stream"],
             PEAK, rounds=1),
        Axis("hidden layers of 512, B64", [1, 2, 4, 8, 16, 32],
             lambda d: ["--net", "784-" + "512-" * d + "10", "--samples",
                        "1024", "stream"], PEAK, rounds=1),
    ]


def threads():
    mlp = ["--net", "784-512-512-10"]
    return [
        Axis("threads in training, 784-512-512-10, B256", thread_counts(),
             lambda t: mlp + ["--batch", "256", "--threads", str(t), "train"],
             PER_SAMPLE),
        Axis("threads in inference, 784-512-512-10, B256", thread_counts(),
             lambda t: mlp + ["--batch", "256", "--threads", str(t), "infer"],
             PER_SAMPLE),
        Axis("threads with requests of their own, 784-512-512-10, B1",
             thread_counts(),
             lambda t: mlp + ["--batch", "1", "--threads", str(t), "serve"],
             PER_SAMPLE),
    ]


def slope(xs, ys):
    """The slope of log y over log x, by least squares."""
    if len(xs) < 2:
        return float("nan")
    x, y = [math.log(v) for v in xs], [math.log(v) for v in ys]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / \
        sum((a - mx) ** 2 for a in x)


def rows(quick, seconds):
    """The rows of a table; each measurement takes that many seconds."""
    table = []
    for axis in training() + streamed(quick) + threads():
        print(f"bench: {axis.name}", file=sys.stderr)
        measured = side_by_side(
            {v: (OURS, axis.flags(v), None) for v in axis.values},
            axis.rounds or (1 if quick else 5), seconds)
        for unit, cost in axis.costs.items():
            costs = [statistics.median(cost(v, r) for r in measured[v])
                     for v in axis.values]
            table.append([axis.name, unit,
                          ", ".join(f"{v}: {c:.3g}" for v, c in
                                    zip(axis.values, costs)),
                          f"{slope(axis.values, costs):.2f}",
                          f"{slope(axis.values[-2:], costs[-2:]):.2f}"])
    return table
