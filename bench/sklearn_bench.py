#!/usr/bin/env python3
"""Measures scikit-learn as gradus_bench measures gradus, with the same flags,
data and JSON.  Nets must be dense.

The data are float32 before the clock starts.  A step takes its rows by random
index, as gradus_fit does."""
import time

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import shared

args = shared.parser(__doc__, ["train", "infer", "check"]).parse_args()
threadpool_limits(args.threads)
CLASSES = np.arange(10)


def images(part):
    return shared.images(args.data, part)


def labels(part):
    return shared.labels(args.data, part)


class TimeUp(Exception):
    pass


class Timed(MLPClassifier):
    """A net that looks at the clock before each batch, as fit has no
    callback."""
    def restart(self):
        self.warm, self.until, self.done = None, None, 0

    def _backprop(self, x, *rest):
        now = time.perf_counter()
        if self.warm is None:
            self.warm = now + args.seconds / 5
        elif self.until is None and now >= self.warm:
            self.began, self.until, self.done = now, now + args.seconds, 0
        elif self.until and now >= self.until:
            self.rate = self.done / (now - self.began)
            raise TimeUp
        self.done += len(x)
        return super()._backprop(x, *rest)


def build(kind=MLPClassifier, **settings):
    hidden = [int(w) for w in args.net.split("-")][1:-1]
    return kind(hidden, activation="relu", solver="sgd", alpha=0,
                batch_size=args.batch, learning_rate="constant",
                learning_rate_init=args.lr, momentum=args.momentum,
                nesterovs_momentum=False, random_state=1, **settings)


def train():
    before = shared.peak_kb()
    x, t = images("train"), labels("train")
    net = build(Timed, max_iter=10**9, n_iter_no_change=10**9)
    for _ in shared.turns(args):
        net.restart()
        try:
            net.fit(x, t)
        except TimeUp:
            yield {"samples_per_second": net.rate,
                   "peak_kb": shared.peak_kb(), "start_kb": before}


def infer():
    x = images("t10k")
    net = build().partial_fit(x[:args.batch], labels("t10k")[:args.batch],
                              CLASSES)
    for _ in shared.turns(args):
        yield shared.latencies(args, x, net.predict_proba)


def with_weights(x, t):
    """A net with gradus's weights, from which fit goes on.  W of gradus is
    [out,in], and coefs_ are [in,out]."""
    net = build(max_iter=args.epochs, shuffle=False, warm_start=True)
    net.partial_fit(x[:args.batch], t[:args.batch], CLASSES)
    saved = shared.parameters(args.weights)
    net.coefs_ = [w.T.copy() for w in saved[0::2]]
    net.intercepts_ = [b.copy() for b in saved[1::2]]
    return net


def check():
    x, t = images("train"), labels("train")
    net = with_weights(x, t).fit(x, t)
    y, truth = net.predict_proba(images("t10k")), labels("t10k")
    yield {"train_loss": float(net.loss_curve_[-1]),
           "test_loss": -float(np.log(y[np.arange(len(y)), truth]).mean()),
           "test_accuracy": float((y.argmax(1) == truth).mean())}


shared.print_results(globals()[args.command])
