"""Measures inference as a service uses it, and writes its section."""
import statistics
import sys

from runs import side_by_side, thread_counts

# The nets, and how many requests each thread of a program answers in a round.
CALLS = {"784-512-512-10": 10000, "convnet": 3000}


def programs(net, contenders):
    """The programs to run for a net: {(name, threads): (program, flags,
    env)}.  Each thread of gradus answers requests of its own; of each other
    library there is one thread."""
    runs = {}
    for name, (program, flags, env) in contenders(net).items():
        if name == "gradus":
            runs.update(((name, t), (program, flags[:-1] + [
                "--threads", str(t), "serve"], env)) for t in thread_counts())
        elif name != "peak":
            runs[name, 1] = program, flags, env
    return runs


def measure(contenders, quick):
    """Returns {(net, name, threads): [result of each round]}.  contenders is a
    function from a net to {name: (program, flags, env)} for a batch of 1."""
    results = {}
    for net, calls in CALLS.items():
        print(f"bench: requests to {net}", file=sys.stderr)
        runs = {key: (program, ["--calls", str(calls // 10 if quick else
                                               calls)] + flags, env)
                for key, (program, flags, env) in
                programs(net, contenders).items()}
        measured = side_by_side(runs, 1 if quick else 5, 0.5)
        results.update(((net, *key), r) for key, r in measured.items())
    return results


def latency_rows(served):
    def middle(rounds, key, scale=1.0):
        return f"{scale * statistics.median(r[key] for r in rounds):,.0f}"
    return [[net, name, str(threads), f"{rounds[0]['calls']:,}"] +
            [middle(rounds, key, 1e6) for key in ("p50", "p99", "p99.9")] +
            [middle(rounds, "samples_per_second")]
            for (net, name, threads), rounds in served.items()]


def throughput_rows(fastest, results):
    """The rates in batches of 256: those of gradus, and of each other library
    those of its fastest build and memory format."""
    rates = {}
    for (work, name), rounds in results.items():
        command, net, batch, threads = work
        library = name.split(",")[0]
        if command == "infer" and batch == 256 and "calls" in rounds[0] and \
                name == fastest(work, results, library):
            rates.setdefault((net, threads), {})[library] = statistics.median(
                r["samples_per_second"] for r in rounds)
    libraries = list(dict.fromkeys(n for row in rates.values() for n in row))
    return libraries, [[net, str(threads)] + [
        f"{row[n]:,.0f}" if n in row else "" for n in libraries]
        for (net, threads), row in rates.items()]


def section(table, fastest, results, served):
    libraries, rows = throughput_rows(fastest, results)
    return """## Inference

First the latency of requests of one sample. Each thread of gradus has a workspace of its own, and answers requests of
its own while the others answer theirs, all with the same graph; of the other libraries there is one thread. Every
number is the median over the rounds, and *calls* are those of a round: of 1,000 of them, one took longer than p99.9.
Where two threads answer more than twice as many requests as one, the single thread was disturbed, or was slow for a
reason that is not known: it is no gain of gradus.

""" + table(["net", "program", "threads", "calls", "p50, us", "p99, us",
             "p99.9, us", "samples a second"], latency_rows(served)) + """
Samples a second in batches of 256, which the threads share; of each library those of its fastest build and memory
format:

""" + table(["net", "threads"] + libraries, rows)
