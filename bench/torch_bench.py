#!/usr/bin/env python3
"""Measures PyTorch as gradus_bench measures gradus, with the same flags, nets,
data and JSON.

The data are float tensors before the clock starts.  A step takes its rows by
random index, as gradus_fit does."""
import math

import torch
from torch import nn

import nets
import shared

parser = shared.parser(__doc__, ["train", "infer", "start", "check"])
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--compile", action="store_true")
args = parser.parse_args()
args.net = nets.text(args.net)

torch.set_num_threads(args.threads)
torch.manual_seed(1)
loss_of = nn.CrossEntropyLoss()


def images(part):
    shape = nets.shape(args.net)
    if math.prod(shape) != 784:
        return torch.rand(4096, *shape)
    return torch.from_numpy(shared.images(args.data, part)).reshape(-1, *shape)


def labels(part):
    if math.prod(nets.shape(args.net)) != 784:
        return torch.arange(4096) % nets.classes(args.net)
    return torch.from_numpy(shared.labels(args.data, part))


class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def layer(word, shape):
    """The module for a word of the net's text, for operands of this shape."""
    simple = {"relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh,
              "silu": nn.SiLU, "sigmoid": nn.Sigmoid}
    if word in simple:
        return simple[word]()
    if word == "bn":
        return (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[0])
    if word == "ln":
        return nn.LayerNorm(shape)
    if word == "gap":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if word.startswith("drop"):
        return nn.Dropout(float(word.removeprefix("drop")))
    if word.startswith("dense"):
        linear = nn.Linear(math.prod(shape), int(word.removeprefix("dense")))
        return nn.Sequential(nn.Flatten(), linear)
    if word.startswith("conv"):
        channels, kernel, padding, stride, no_bias = nets.convolution(word)
        return nn.Conv2d(shape[0], channels, kernel, stride, padding,
                         bias=not no_bias)
    kind = nn.MaxPool2d if word.startswith("max") else nn.AvgPool2d
    return kind(*nets.pool(word))


def build():
    levels = [[]]
    for word, shape in nets.layers(args.net):
        if word == "(":
            levels.append([])
        elif word == ")":
            inner = levels.pop()
            levels[-1].append(Residual(*inner))
        else:
            levels[-1].append(layer(word, shape))
    net = nn.Sequential(*levels[0])
    if args.channels_last:
        net = net.to(memory_format=torch.channels_last)
    return torch.compile(net) if args.compile else net


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


def train():
    before = shared.peak_kb()
    net, x, t = build(), images("train"), labels("train")
    sgd = optimiser(net)
    for _ in shared.turns(args):
        speed = shared.rate(args, lambda: torch.randperm(len(x)).split(
            args.batch), lambda rows: step(net, sgd, x[rows], t[rows]))
        yield {"samples_per_second": speed, "peak_kb": shared.peak_kb(),
               "start_kb": before}


def infer():
    net, x = build().eval(), images("t10k")
    with torch.inference_mode():
        for _ in shared.turns(args):
            yield shared.latencies(args, x,
                                   lambda rows: net(rows).softmax(1))


def start():
    net, x, t = build(), images("train"), labels("train")
    loss = step(net, optimiser(net), x[:args.batch], t[:args.batch])
    yield {"loss": loss.item()}


def load_weights(net):
    saved = shared.parameters(args.weights)
    state = [t for name, t in net.state_dict().items()
             if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        for p, w in zip(state, saved, strict=True):
            p.copy_(torch.tensor(w))


def check():
    net, x, t = build(), images("train"), labels("train")
    load_weights(net)
    sgd = optimiser(net)
    for _ in range(args.epochs):
        total = sum(step(net, sgd, x[i:i + args.batch],
                         t[i:i + args.batch]).item() * len(x[i:i + args.batch])
                    for i in range(0, len(x), args.batch))
    net.eval()
    with torch.no_grad():
        z, truth = net(images("t10k")), labels("t10k")
        yield {"train_loss": total / len(x),
               "test_loss": loss_of(z, truth).item(),
               "test_accuracy":
                   (z.argmax(1) == truth).float().mean().item()}


shared.print_results(globals()[args.command])
