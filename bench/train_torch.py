#!/usr/bin/env python3
"""The net of mnist-train in PyTorch: same layers, batch, optimiser and data.

Prints one JSON object with the fields of mnist-train that both have."""
import argparse
import json
import resource
import time

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--data", default="data/mnist")
parser.add_argument("--hidden", default="128")
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.08)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--weight-decay", type=float, default=0.0002)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)


def images(part):
    raw = np.fromfile(f"{args.data}/{part}-images-idx3-ubyte", np.uint8)
    return torch.from_numpy(raw[16:].reshape(-1, 784).astype(np.float32) / 255)


def labels(part):
    raw = np.fromfile(f"{args.data}/{part}-labels-idx1-ubyte", np.uint8)
    return torch.from_numpy(raw[8:].astype(np.int64))


x, t = images("train"), labels("train")
sizes = [784] + [int(h) for h in args.hidden.split(",")]
layers = []
for a, b in zip(sizes, sizes[1:]):
    layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
net = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], 10))
loss_of = torch.nn.CrossEntropyLoss()
sgd = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=args.momentum,
                      weight_decay=args.weight_decay)


def epoch():
    total = 0.0
    global step
    for rows in torch.randperm(len(x)).split(args.batch):
        sgd.param_groups[0]["lr"] = args.lr * (1 - step / steps)
        step += 1
        sgd.zero_grad()
        loss = loss_of(net(x[rows]), t[rows])
        loss.backward()
        sgd.step()
        total += loss.item() * len(rows)
    return total / len(x)


steps = args.epochs * -(-len(x) // args.batch)
step = 0
seconds = []
for _ in range(args.epochs):
    start = time.perf_counter()
    train_loss = epoch()
    seconds.append(time.perf_counter() - start)
with torch.no_grad():
    right = (net(images("t10k")).argmax(1) == labels("t10k")).float().mean()
print(json.dumps({
    "train_loss": train_loss,
    "test_accuracy": float(right),
    "samples_per_second": args.epochs * len(x) / sum(seconds),
    "peak_rss_kb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
}))
