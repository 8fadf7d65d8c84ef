"""How the cost of training grows, as slopes on log-log axes."""
import math
import statistics


def axes(cores):
    """A list of (name, unit of cost, values, function from a value to flags,
    function from a value and a rate, in samples a second, to cost)."""
    return [
        ("width of one hidden layer, B64", "us a sample",
         [64, 256, 1024, 4096],
         lambda w: ["--net", f"784-{w}-10", "--samples", "8192"],
         lambda w, rate: 1e6 / rate),
        ("hidden layers of 128, B64", "us a sample", [1, 2, 4, 8, 16, 32],
         lambda d: ["--net", "784-" + "128-" * d + "10", "--samples", "8192"],
         lambda d, rate: 1e6 / rate),
        ("batch, 784-128-10", "us a step", [1, 4, 16, 64, 256, 1024, 4096],
         lambda b: ["--batch", str(b)], lambda b, rate: 1e6 * b / rate),
        ("samples, 784-128-10, B64", "ms an epoch",
         [1000, 4000, 15000, 60000], lambda n: ["--samples", str(n)],
         lambda n, rate: 1e3 * n / rate),
        ("threads, 784-512-512-10, B256", "us a sample",
         [t for t in (1, 2, 4, 8, 16, 32, 64) if t <= cores],
         lambda t: ["--net", "784-512-512-10", "--batch", "256", "--threads",
                    str(t)], lambda t, rate: 1e6 / rate),
    ]


def slope(xs, ys):
    """The slope of log y over log x, by least squares."""
    if len(xs) < 2:
        return float("nan")
    x, y = [math.log(v) for v in xs], [math.log(v) for v in ys]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / \
        sum((a - mx) ** 2 for a in x)


def rows(measure, cores):
    """The rows of a table.  measure is a function from {value: flags} to
    {value: [result of each round]}."""
    table = []
    for name, unit, values, flags, cost in axes(cores):
        measured = measure({v: flags(v) for v in values})
        costs = [statistics.median(cost(v, r["samples_per_second"])
                                   for r in measured[v]) for v in values]
        table.append([name, unit,
                      ", ".join(f"{v}: {c:.3g}" for v, c in
                                zip(values, costs)),
                      f"{slope(values, costs):.2f}",
                      f"{slope(values[-2:], costs[-2:]):.2f}"])
    return table
