#!/usr/bin/env python3
"""What gradus_bench measures, in PyTorch: the same flags, nets, data and JSON.

The data are float tensors before the clock starts; a step takes its rows by
random index, as gradus_fit does."""
import argparse
import json
import struct
import time

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("command", choices=["train", "infer", "start", "check"])
parser.add_argument("--net", default="784-128-10")
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seconds", type=float, default=1)
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--data", default="data/mnist")
parser.add_argument("--weights")
parser.add_argument("--channels-last", action="store_true")
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
convolutions = args.net.startswith("cnn-")
loss_of = nn.CrossEntropyLoss()


def images(part):
    raw = np.fromfile(f"{args.data}/{part}-images-idx3-ubyte", np.uint8)
    x = torch.from_numpy(raw[16:].reshape(-1, 784).astype(np.float32) / 255)
    return x.reshape(-1, 1, 28, 28) if convolutions else x


def labels(part):
    raw = np.fromfile(f"{args.data}/{part}-labels-idx1-ubyte", np.uint8)
    return torch.from_numpy(raw[8:].astype(np.int64))


def build():
    width = [int(w) for w in args.net.replace("cnn-", "").split("-")]
    layers = []
    if convolutions:
        for a, b in zip([1] + width, width):
            layers += [nn.Conv2d(a, b, 5), nn.ReLU(), nn.MaxPool2d(2)]
        layers += [nn.Flatten(), nn.Linear(width[-1] * 16, 10)]
    else:
        for a, b in zip(width, width[1:]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        layers.pop()
    net = nn.Sequential(*layers)
    if args.channels_last:
        net = net.to(memory_format=torch.channels_last)
    return net


def step(net, sgd, x, t):
    if args.channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    sgd.zero_grad(set_to_none=True)
    loss = loss_of(net(x), t)
    loss.backward()
    sgd.step()
    return loss


def optimiser(net):
    return torch.optim.SGD(net.parameters(), lr=args.lr,
                           momentum=args.momentum)


def peak_kb():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])


def train():
    before = peak_kb()
    net, x, t = build(), images("train"), labels("train")
    sgd, done, warm, until = optimiser(net), 0, time.perf_counter() + \
        args.seconds / 5, None
    while True:
        for rows in torch.randperm(len(x)).split(args.batch):
            step(net, sgd, x[rows], t[rows])
            done += len(rows)
            now = time.perf_counter()
            if until is None and now >= warm:
                began, until, done = now, now + args.seconds, 0
            elif until and now >= until:
                return {"samples_per_second": done / (now - began),
                        "peak_kb": peak_kb(), "start_kb": before}


def infer():
    net, x = build().eval(), images("t10k")
    took, warm = [], time.perf_counter() + args.seconds / 5
    until = warm + args.seconds
    with torch.inference_mode():
        while time.perf_counter() < until:
            for rows in x.split(args.batch):
                if len(rows) < args.batch:
                    break
                start = time.perf_counter()
                net(rows).softmax(1)
                end = time.perf_counter()
                if start >= warm:
                    took.append(end - start)
                if end >= until and took:
                    break
    took.sort()
    return {"samples_per_second": len(took) * args.batch / sum(took),
            "p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100]}


def start():
    net, x, t = build(), images("train"), labels("train")
    loss = step(net, optimiser(net), x[:args.batch], t[:args.batch])
    return {"loss": loss.item()}


def load_weights(net):
    """From a file that gradus_bench left: its parameters, in their order."""
    data = open(args.weights, "rb").read()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:begin])
    header.pop("__metadata__")
    saved = sorted(header.values(), key=lambda v: v["data_offsets"])
    with torch.no_grad():
        for p, t in zip(net.parameters(), saved, strict=True):
            a, b = (begin + o for o in t["data_offsets"])
            p.copy_(torch.tensor(np.frombuffer(data[a:b], "<f4"))
                    .reshape(t["shape"]))


def check():
    net, x, t = build(), images("train"), labels("train")
    load_weights(net)
    sgd = optimiser(net)
    for _ in range(args.epochs):
        total = sum(step(net, sgd, x[i:i + args.batch],
                         t[i:i + args.batch]).item() * len(x[i:i + args.batch])
                    for i in range(0, len(x), args.batch))
    with torch.no_grad():
        z, truth = net(images("t10k")), labels("t10k")
        return {"train_loss": total / len(x),
                "test_loss": loss_of(z, truth).item(),
                "test_accuracy":
                    (z.argmax(1) == truth).float().mean().item()}


print(json.dumps(globals()[args.command]()), flush=True)
