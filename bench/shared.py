"""What the measuring scripts share: gradus_bench's flags, data and memory."""
import argparse
import json
import struct
import sys

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


def latencies(took, batch):
    """The results of inference, from the seconds that each call took."""
    took = sorted(took)
    return {"samples_per_second": len(took) * batch / sum(took),
            "p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}
