#!/usr/bin/env python3
"""cluster_model.py -- how fast several ranks should train, by the model of
docs/cluster.md, which has the table that this prints.

    bench/cluster_model.py
    bench/cluster_model.py --piece-ms 14 --parameters 117066 --batch 1024 \\
        --latency-us 30 --gbit 10 [--batchnorms 0] [--straggle 0.02]

The second prints a table for a net, a batch and a network of your own.  What
a piece of 128 rows takes is 128 / (samples a second of one rank's threads);
build/exchange_bench measures the latency.
"""
import argparse
import math

PIECE = 128
TILE = 32768  # so many parameters, at most, are updated by one rank
RANKS = (2, 4, 8, 16, 64, 256, 1000)


def step(ranks, batch, piece, parameters, latency, bandwidth, cpu, norms,
         straggle):
    """The seconds of a step: of the slowest rank's pieces, of the small
    exchanges, and of the gradients and parameters of the rank that updates
    most of them."""
    pieces = -(-batch // PIECE)
    if ranks == 1:
        return pieces * piece
    own = 1  # pieces: the smallest power of two with which ranks have all
    while own * ranks < pieces:
        own *= 2
    senders = -(-pieces // own)
    compute = own * piece * (1 + straggle * math.sqrt(2 * math.log(ranks)))
    exchanges = 7 + 2 * norms
    small = exchanges * (latency + (ranks - 1) * cpu)
    tiles = -(-parameters // TILE)
    most = -(-tiles // ranks)  # tiles
    updated = parameters * most / tiles
    gradients = max(updated * (senders - 1),
                    parameters * (ranks - 1) / ranks)
    weights = updated * (ranks - 1)
    messages = 2 * most * (senders - 1 + ranks - 1)
    return (compute + small + 4 * (gradients + weights) / bandwidth +
            messages * cpu)


def row(name, batch_of, ranks, **cost):
    cells = []
    for n in ranks:
        batch = batch_of(n)
        speedup = (step(1, batch, **cost) / step(n, batch, **cost))
        cells.append(f"{speedup:.3g}" if speedup < 100 else f"{speedup:.0f}")
    return f"| {name} | " + " | ".join(cells) + " |"


def table(rows):
    print("| net, batch, network | " +
          " | ".join(f"{n:,} ranks" for n in RANKS) + " |")
    print("|---|" + "---|" * len(RANKS))
    for line in rows:
        print(line)


# The seconds of a piece are those of docs/cluster.md's table: 128 / (samples a
# second of one thread) with 1,024 rows for the first net and 256 for lenet; and
# for the last net, 6 x 100 million x 128 operations at 100 GFLOP/s.
NETS = {"784-128-10": (0.63e-3, 101770), "lenet": (12e-3, 117066),
        "100 million weights": (0.77, 100_000_000)}
NETWORKS = {"10 Gbit/s": (30e-6, 1.1e9), "100 Gbit/s": (5e-6, 11e9)}


def main():
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=__doc__.split("\n\n    ")[0].split(" -- ")[1])
    parser.add_argument("--piece-ms", type=float)
    parser.add_argument("--parameters", type=int)
    parser.add_argument("--batch", type=int, help="default: 128 a rank")
    parser.add_argument("--latency-us", type=float, default=30)
    parser.add_argument("--gbit", type=float, default=10)
    parser.add_argument("--batchnorms", type=int, default=0)
    parser.add_argument("--straggle", type=float, default=0.02)
    o = parser.parse_args()
    if (o.piece_ms is None) != (o.parameters is None):
        parser.error("--piece-ms and --parameters must be given together")
    if o.piece_ms:
        table([row("yours", (lambda n: o.batch or PIECE * n), RANKS,
                   piece=o.piece_ms / 1e3, parameters=o.parameters,
                   latency=o.latency_us / 1e6, bandwidth=o.gbit * 1.1e8,
                   cpu=1e-6, norms=o.batchnorms, straggle=o.straggle)])
        return
    rows = []
    for net, (piece, parameters) in NETS.items():
        for how, batch_of in (("1,024", lambda n: 1024),
                              ("128 a rank", lambda n: PIECE * n)):
            for network, (latency, bandwidth) in NETWORKS.items():
                rows.append(row(f"{net}, {how}, {network}", batch_of, RANKS,
                                piece=piece, parameters=parameters,
                                latency=latency, bandwidth=bandwidth,
                                cpu=1e-6, norms=0, straggle=0.02))
    table(rows)


if __name__ == "__main__":
    main()
