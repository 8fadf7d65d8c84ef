"""What the measuring scripts share: gradus_bench's flags, its ways to measure,
data and memory."""
import argparse
import itertools
import json
import struct
import sys
import time

import numpy as np


def parser(description, commands):
    p = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("command", choices=commands)
    p.add_argument("--net", default="784-128-10")
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--seconds", type=float, default=1)
    p.add_argument("--calls", type=int, help="of inference to measure, "
                   "however many seconds they take")
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--lr", type=float, default=0.01)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--data", default="data/mnist")
    p.add_argument("--weights")
    p.add_argument("--turns", action="store_true")
    return p


def turns(args):
    """Yields whenever it is time to measure, as bench_next_turn does."""
    if not args.turns:
        yield 0
        return
    for turn, _ in enumerate(sys.stdin):
        yield turn


def print_results(command):
    """Prints each result that the command yields as a line of JSON."""
    for result in command():
        print(json.dumps(result), flush=True)


def images(folder, part):
    """The images of a part, floats [n,784] in [0,1]."""
    raw = np.fromfile(f"{folder}/{part}-images-idx3-ubyte", np.uint8)
    return raw[16:].reshape(-1, 784).astype(np.float32) / 255


def labels(folder, part):
    raw = np.fromfile(f"{folder}/{part}-labels-idx1-ubyte", np.uint8)
    return raw[8:].astype(np.int64)


def parameters(path):
    """The arrays of a file that gradus_bench has saved, in their order."""
    data = open(path, "rb").read()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:begin])
    header.pop("__metadata__")
    arrays = []
    for t in sorted(header.values(), key=lambda v: v["data_offsets"]):
        a, b = (begin + o for o in t["data_offsets"])
        arrays.append(np.frombuffer(data[a:b], "<f4").reshape(t["shape"]))
    return arrays


def peak_kb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])


def rate(args, epoch, step):
    """Samples a second in training.  epoch() returns the batches of an epoch,
    and step(rows) trains on one of them."""
    done, warm, until = 0, time.perf_counter() + args.seconds / 5, None
    while True:
        for rows in epoch():
            step(rows)
            done += len(rows)
            now = time.perf_counter()
            if until is None and now >= warm:
                began, until, done = now, now + args.seconds, 0
            elif until and now >= until:
                return done / (now - began)


def calls(args, x, infer):
    """Calls infer with one batch of x after the other, and over again.
    Returns the seconds that each call took."""
    batches = [x[i:i + args.batch]
               for i in range(0, len(x) - args.batch + 1, args.batch)]
    took, warm = [], time.perf_counter() + args.seconds / 5
    for rows in itertools.cycle(batches):
        start = time.perf_counter()
        infer(rows)
        end = time.perf_counter()
        if start >= warm:
            took.append(end - start)
        if len(took) == args.calls or (took and not args.calls and
                                       end >= warm + args.seconds):
            return took


def latencies(args, x, infer):
    """The results of inference on the batches of x."""
    took = sorted(calls(args, x, infer))
    part = {name: took[len(took) * thousandths // 1000] for name, thousandths
            in (("p50", 500), ("p99", 990), ("p99.9", 999))}
    return {"samples_per_second": len(took) * args.batch / sum(took),
            "calls": len(took), **part}
