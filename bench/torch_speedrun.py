#!/usr/bin/env python3
"""Trains in PyTorch by the recipe of the record that mnist-speedrun is
compared with: 99.04 % in one epoch (train_mnist_fast).  Prints JSON."""
import argparse
import json
import time

from speedrun import whole

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--seeds", type=whole(1, 1000), default=3, metavar="N",
                    help="train with seeds 1 to N (3)")
parser.add_argument("--threads", type=whole(1, 1024), default=2, metavar="N",
                    help="threads that compute (2)")
options = parser.parse_args()

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError as missing:
    parser.error(f"{missing}; apt install python3-torch has PyTorch 1.13, and "
                 "bench/peers.sh installs PyTorch 2 for build/peers/bin/python")

torch.set_num_threads(options.threads)
BATCH = 256


def load(part):
    x = np.fromfile(f"data/mnist/{part}-images-idx3-ubyte", np.uint8)[16:]
    t = np.fromfile(f"data/mnist/{part}-labels-idx1-ubyte", np.uint8)[8:]
    x = torch.from_numpy(x.reshape(-1, 1, 28, 28).astype(np.float32) / 255)
    return (x.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(t.astype(np.int64)))


def build():
    return nn.Sequential(
        nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10)).to(
            memory_format=torch.channels_last)


def train(x, t):
    net = build()
    adam = torch.optim.Adam(net.parameters(), lr=0.01, betas=(0.7, 0.9))
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        adam, 0.01, total_steps=(len(x) - 1) // BATCH + 1)
    for rows in torch.randperm(len(x)).split(BATCH):
        adam.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(net(x[rows]), t[rows]).backward()
        adam.step()
        cycle.step()
    return net


(x, t), (test, truth) = load("train"), load("t10k")
accuracy, seconds = [], []
for seed in range(1, options.seeds + 1):
    torch.manual_seed(seed)
    start = time.perf_counter()
    net = train(x, t)
    seconds.append(time.perf_counter() - start)
    with torch.no_grad():
        accuracy.append((net(test).argmax(1) == truth).float().mean().item())
print(json.dumps({"torch": torch.__version__,
                  "mean_accuracy": sum(accuracy) / options.seeds,
                  "mean_seconds": sum(seconds) / options.seeds,
                  "accuracy": accuracy, "seconds": seconds}))
