#!/usr/bin/env python3
"""Measures PyTorch as gradus_bench measures gradus, with the same flags, nets,
data and JSON.

The data are float tensors before the clock starts.  A step takes its rows by
random index, as gradus_fit does."""
import time

import torch
from torch import nn

import shared

parser = shared.parser(__doc__, ["train", "infer", "start", "check"])
parser.add_argument("--channels-last", action="store_true")
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
convolutions = args.net.startswith("cnn-")
loss_of = nn.CrossEntropyLoss()


def images(part):
    x = torch.from_numpy(shared.images(args.data, part))
    return x.reshape(-1, 1, 28, 28) if convolutions else x


def labels(part):
    return torch.from_numpy(shared.labels(args.data, part))


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


def rate(net, sgd, x, t):
    """Samples a second in training."""
    done, warm, until = 0, time.perf_counter() + args.seconds / 5, None
    while True:
        for rows in torch.randperm(len(x)).split(args.batch):
            step(net, sgd, x[rows], t[rows])
            done += len(rows)
            now = time.perf_counter()
            if until is None and now >= warm:
                began, until, done = now, now + args.seconds, 0
            elif until and now >= until:
                return done / (now - began)


def train():
    before = shared.peak_kb()
    net, x, t = build(), images("train"), labels("train")
    sgd = optimiser(net)
    for _ in shared.turns(args):
        yield {"samples_per_second": rate(net, sgd, x, t),
               "peak_kb": shared.peak_kb(), "start_kb": before}


def calls(net, x):
    """The seconds that each call of inference takes."""
    took, warm = [], time.perf_counter() + args.seconds / 5
    until = warm + args.seconds
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
    return took


def infer():
    net, x = build().eval(), images("t10k")
    with torch.inference_mode():
        for _ in shared.turns(args):
            yield shared.latencies(calls(net, x), args.batch)


def start():
    net, x, t = build(), images("train"), labels("train")
    loss = step(net, optimiser(net), x[:args.batch], t[:args.batch])
    yield {"loss": loss.item()}


def load_weights(net):
    saved = shared.parameters(args.weights)
    with torch.no_grad():
        for p, w in zip(net.parameters(), saved, strict=True):
            p.copy_(torch.tensor(w))


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
        yield {"train_loss": total / len(x),
               "test_loss": loss_of(z, truth).item(),
               "test_accuracy":
                   (z.argmax(1) == truth).float().mean().item()}


shared.print_results(globals()[args.command])
