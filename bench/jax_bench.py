#!/usr/bin/env python3
"""Measures JAX as gradus_bench measures gradus, with the same flags, nets,
data and JSON.

The data are arrays of JAX before the clock starts.  A step is one compiled
function, which takes its rows by random index, as gradus_fit does.  JAX starts
a thread for each CPU that its process may use, so the process is confined to
as many CPUs as --threads says.  Images are [B,H,W,C]: with [B,C,H,W], training took as long for cnn-8-16 and a third
longer for the residual net."""
import functools
import math
import os

import numpy as np

import nets
import shared

args = shared.parser(__doc__, ["train", "infer", "start",
                               "check"]).parse_args()
args.net = nets.text(args.net)
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])

import jax  # noqa: E402  JAX counts the CPUs when it is imported.
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

SIMPLE = {"relu": jax.nn.relu, "tanh": jnp.tanh, "silu": jax.nn.silu,
          "sigmoid": jax.nn.sigmoid,
          "gelu": functools.partial(jax.nn.gelu, approximate=False)}
EPS = 1e-5  # is added to a variance


def images(part):
    shape = nets.shape(args.net)
    if math.prod(shape) == 784:
        x = shared.images(args.data, part).reshape(-1, *shape)
    else:
        x = np.random.default_rng(1).random((4096, *shape), np.float32)
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x


def labels(part):
    if math.prod(nets.shape(args.net)) != 784:
        return np.arange(4096) % nets.classes(args.net)
    return shared.labels(args.data, part)


def parameters(word, shape):
    """The parameters of a layer, and the averages that batch normalisation
    keeps."""
    if word.startswith("dense"):
        out, fan_in = [int(word.removeprefix("dense"))], [math.prod(shape)]
    elif word.startswith("conv"):
        channels, kernel, _, _, no_bias = nets.convolution(word)
        out, fan_in = [channels], [shape[0], kernel, kernel]
    elif word == "bn":
        return [np.ones(shape[0]), np.zeros(shape[0])], \
            [np.zeros(shape[0]), np.ones(shape[0])]
    elif word == "ln":
        return [np.ones(shape), np.zeros(shape)], []
    else:
        return [], []
    w = np.random.default_rng(1).normal(
        0, math.sqrt(2 / math.prod(fan_in)), out + fan_in)
    return [w, np.zeros(out)][:1 if word.endswith("n") else 2], []


def arranged(w):
    """A parameter of gradus as JAX takes it: W of a dense layer is [in,out],
    and of a convolution [k,k,in,out]."""
    w = np.asarray(w, np.float32)
    axes = {4: (2, 3, 1, 0), 2: (1, 0)}.get(w.ndim)
    return jnp.array(w.transpose(axes) if axes else w)


def build():
    """The parameters and the averages of each layer: from gradus's file, if
    there is one."""
    made = [parameters(*layer) for layer in nets.layers(args.net)]
    if args.weights:
        saved = iter(shared.parameters(args.weights))
        made = [[[next(saved) for _ in of] for of in layer] for layer in made]
    return [[arranged(w) for w in weights] for weights, _ in made], \
        [[arranged(a) for a in averages] for _, averages in made]


def batch_norm(w, averages, x, training):
    mean, var = averages
    if training:
        axes = tuple(range(x.ndim - 1))
        mean, var = x.mean(axes), x.var(axes)
        m = x.size / mean.size
        averages = [0.9 * averages[0] + 0.1 * mean,
                    0.9 * averages[1] + 0.1 * var * m / (m - 1)]
    return w[0] * (x - mean) * lax.rsqrt(var + EPS) + w[1], averages


def layer_norm(w, x):
    mean, var = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    return w[0] * (x - mean) * lax.rsqrt(var + EPS) + w[1]


def convolution(word, w, x):
    _, _, p, stride, _ = nets.convolution(word)
    y = lax.conv_general_dilated(x, w[0], (stride, stride), [(p, p), (p, p)],
                                 dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return y + w[1] if len(w) > 1 else y


def pool(word, x):
    kernel, stride = nets.pool(word)
    window, steps = ((1, n, n, 1) for n in (kernel, stride))
    if word.startswith("max"):
        return lax.reduce_window(x, -jnp.inf, lax.max, window, steps, "VALID")
    return lax.reduce_window(x, 0., lax.add, window, steps, "VALID") / \
        kernel**2


def flat(x):
    """x [B,size], with the channels of an image first."""
    if x.ndim == 4:
        x = x.transpose(0, 3, 1, 2)
    return x.reshape(len(x), -1)


def dropped(word, x, key):
    keep = 1 - float(word.removeprefix("drop"))
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)


def layer(word, w, x, key):
    """The value of a layer that keeps no averages.  Without a key, layers
    work as in inference."""
    if word in SIMPLE:
        return SIMPLE[word](x)
    if word == "ln":
        return layer_norm(w, x)
    if word == "gap":
        return x.mean((1, 2))
    if word.startswith("drop"):
        return x if key is None else dropped(word, x, key)
    if word.startswith("dense"):
        return flat(x) @ w[0] + w[1]
    if word.startswith("conv"):
        return convolution(word, w, x)
    return pool(word, x)


def forward(weights, averages, x, key=None):
    """The logits and the new averages."""
    before, kept = [], []
    for i, (word, _) in enumerate(nets.layers(args.net)):
        new = []
        if word == "(":
            before.append(x)
        elif word == ")":
            x = before.pop() + x
        elif word == "bn":
            x, new = batch_norm(weights[i], averages[i], x, key is not None)
        else:
            x = layer(word, weights[i], x,
                      key if key is None else jax.random.fold_in(key, i))
        kept.append(new)
    return x, kept


def loss_of(weights, averages, x, t, key=None):
    z, averages = forward(weights, averages, x, key)
    log_p = jax.nn.log_softmax(z)
    return -jnp.take_along_axis(log_p, t[:, None], 1).mean(), averages


@functools.partial(jax.jit, donate_argnums=0)
def step(state, x, t, rows):
    """Trains on some rows of x and t.  Returns the new state and the loss."""
    weights, averages, velocity, key = state
    key, drops = jax.random.split(key)
    (loss, averages), gradients = jax.value_and_grad(loss_of, has_aux=True)(
        weights, averages, x[rows], t[rows], drops)
    velocity = jax.tree.map(lambda v, g: args.momentum * v + g, velocity,
                            gradients)
    weights = jax.tree.map(lambda w, v: w - args.lr * v, weights, velocity)
    return (weights, averages, velocity, key), loss


class Training:
    """A net in training.  While JAX computes a step, the program prepares the
    next one, but not more."""
    def __init__(self):
        weights, averages = build()
        self.state = (weights, averages, jax.tree.map(jnp.zeros_like, weights),
                      jax.random.key(1))
        self.x, self.t = (jnp.array(a) for a in (images("train"),
                                                 labels("train")))
        self.loss = None

    def step(self, rows):
        before = self.loss
        self.state, self.loss = step(self.state, self.x, self.t, rows)
        if before is not None:
            before.block_until_ready()

    def epoch(self):
        """The batches of an epoch, but for one that is not full, for which
        JAX would compile another function."""
        order = np.random.permutation(len(self.x)).astype(np.int32)
        full = len(order) // args.batch
        return order[:full * args.batch].reshape(full, args.batch)


def train():
    before = shared.peak_kb()
    net = Training()
    for _ in shared.turns(args):
        yield {"samples_per_second": shared.rate(args, net.epoch, net.step),
               "peak_kb": shared.peak_kb(), "start_kb": before}


def infer():
    weights, averages = build()
    answer = jax.jit(lambda x: jax.nn.softmax(
        forward(weights, averages, x)[0]))
    x = images("t10k")
    for _ in shared.turns(args):
        yield shared.latencies(args, x, lambda rows:
                               answer(rows).block_until_ready())


def start():
    net = Training()
    net.step(np.arange(args.batch))
    yield {"loss": float(net.loss)}


def check():
    net, losses = Training(), []
    rows = np.arange(len(net.x))
    for _ in range(args.epochs):
        losses = []
        for i in range(0, len(rows), args.batch):
            net.step(rows[i:i + args.batch])
            losses.append(float(net.loss) * len(rows[i:i + args.batch]))
    truth = labels("t10k")
    weights, averages = net.state[:2]
    test_loss, _ = loss_of(weights, averages, images("t10k"), truth)
    z, _ = forward(weights, averages, images("t10k"))
    yield {"train_loss": sum(losses) / len(rows),
           "test_loss": float(test_loss),
           "test_accuracy": float((np.asarray(z).argmax(1) == truth).mean())}


shared.print_results(globals()[args.command])
