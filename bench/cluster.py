#!/usr/bin/env python3
"""cluster.py -- measures mnist-train-mpi: one process of one and of two
threads beside two ranks of one thread, and PyTorch's DistributedDataParallel
on two processes, interleaved.  docs/cluster.md has its table.

    bench/cluster.py [--rounds N] [--data DIR]

It needs `make mpi`, and leaves out the versions of PyTorch that are not there.
The model's samples per second are those of bench/cluster_model.py, from what
one process of one thread and exchange_bench were measured to take.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys

from cluster_model import step

BUILD = os.environ.get("BUILD", "build")
NETS = [("mlp-128", 256), ("mlp-128", 1024), ("mlp-512-512", 256),
        ("mlp-512-512", 1024), ("mlp-512-512", 4096), ("lenet", 256),
        ("lenet", 1024)]
EPOCHS = {"mlp-128": 4, "mlp-512-512": 1, "lenet": 1}
MPI = ["mpirun", "--bind-to", "none", "--oversubscribe"]
ENV = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
       "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def gradus(net, batch, ranks, threads, data):
    flags = ["--net", "lenet"] if net == "lenet" else [
        "--hidden", net[4:].replace("-", ",")]
    program = [f"{BUILD}/mnist-train"] if ranks == 1 else MPI + [
        "-n", str(ranks), f"{BUILD}/mnist-train-mpi"]
    out = subprocess.run(
        program + flags + ["--batch", str(batch), "--threads", str(threads),
                           "--epochs", str(EPOCHS[net]), "--weight-decay", "0",
                           "--data", data, "--json"],
        env=ENV, check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def torch(python, net, batch, processes, threads):
    env = {**ENV, "OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": ""}
    out = subprocess.run(
        [python, "bench/ddp.py", net, str(batch), str(EPOCHS[net]),
         str(processes), str(threads)],
        env=env, check=True, capture_output=True, text=True).stdout
    return float(out)


def network():
    """The latency in seconds, and the bandwidth in bytes a second."""
    out = subprocess.run(MPI + ["-n", "2", f"{BUILD}/exchange_bench"],
                         env=ENV, check=True, capture_output=True,
                         text=True).stdout
    print(out, end="", file=sys.stderr)
    latency, bandwidth = re.search(r": ([\d.]+) us .*, ([\d.]+) GB/s",
                                   out).groups()
    return float(latency) / 1e6, float(bandwidth) * 1e9


def pythons():
    """The programs that have PyTorch, and its version."""
    for python in ("/usr/bin/python3", f"{BUILD}/peers/bin/python"):
        try:
            version = subprocess.run(
                [python, "-c", "import torch; print(torch.__version__)"],
                check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            print(f"left out: {python} has no PyTorch", file=sys.stderr)
            continue
        yield python, "PyTorch " + re.match(r"\d+\.\d+", version).group()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default="data/mnist")
    options = parser.parse_args()
    peers = list(pythons())
    names = ["1 process, 1 thread", "1 process, 2 threads",
             "2 ranks of 1 thread", "2 ranks, by the model below"]
    latency, bandwidth = network()
    for _, version in peers:
        names += [f"{version}, 2 threads", f"{version}, DDP of 2"]
    print("| net | batch | " + " | ".join(names) +
          " | bytes a step | exchange, ms a step |")
    print("|---|---|" + "---|" * (len(names) + 2))
    for net, batch in NETS:
        speeds = {name: [] for name in names}
        seconds = []
        for _ in range(options.rounds):
            one = gradus(net, batch, 1, 1, options.data)
            two = gradus(net, batch, 1, 2, options.data)
            ranks = gradus(net, batch, 2, 1, options.data)
            if not one["weights_hash"] == ranks["weights_hash"]:
                sys.exit(f"{net}, {batch}: two ranks have other weights")
            for name, run in zip(names, (one, two, ranks)):
                speeds[name].append(run["samples_per_second"])
            speeds["2 ranks, by the model below"].append(batch / step(
                2, batch, 128 / one["samples_per_second"],
                one["parameters"], latency, bandwidth, 1e-6, 0, 0.02))
            for python, version in peers:
                speeds[f"{version}, 2 threads"].append(
                    torch(python, net, batch, 1, 2))
                speeds[f"{version}, DDP of 2"].append(
                    torch(python, net, batch, 2, 1))
            steps = EPOCHS[net] * -(-60000 // batch)
            seconds.append(ranks["exchange_seconds"] / steps)
        sent = ranks["bytes_sent"] / steps
        layers = net if net == "lenet" else f"784-{net[4:]}-10"
        print(f"| {layers} | {batch} | " + " | ".join(
            f"{statistics.median(speeds[n]) / 1000:.1f}k" for n in names) +
            f" | {sent / 1e6:.2f} MB | "
            f"{1000 * statistics.median(seconds):.2f} |", flush=True)


if __name__ == "__main__":
    main()
