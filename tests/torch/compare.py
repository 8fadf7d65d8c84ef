"""compare.py -- computes with PyTorch what torch-layers has computed, and
compares.

    compare.py DIR      the folder that torch-layers has written to

Prints one line for each case: the largest difference of its values, and of its
gradients or the parameters after 20 steps, each divided by 1 + |PyTorch's|.
PyTorch computes in double, from the same floats.
"""
import sys
import numpy
import torch
import torch.nn.functional as F

# The largest differences allowed: of values, of gradients, and of parameters
# after the steps.
FORWARD, BACKWARD, STEPPED = 1e-5, 1e-4, 3e-5
KINDS = {FORWARD: "values %.1e", BACKWARD: "gradients %.1e",
         STEPPED: "after steps %.1e"}
STEPS = 20
HALVES = [0, 1, 2], [3, 4, 5]
WEIGHT = torch.tensor([0.5, 2, 1, 1.25], dtype=torch.float64)


def read(folder):
    """{case: {tensor's name: array}}, in the order of the file."""
    values = numpy.fromfile(folder + "/values", numpy.float32)
    cases, at = {}, 0
    with open(folder + "/index") as lines:
        for line in lines:
            case, name, *shape = line.split()
            shape = [int(n) for n in shape]
            size = int(numpy.prod(shape))
            tensor = values[at:at + size].reshape(shape)
            cases.setdefault(case, {})[name] = tensor
            at += size
    assert at == len(values)
    return cases


class Case:
    """One case: what gradus was fed and computed, and PyTorch's tensors."""

    def __init__(self, tensors):
        self.tensors, self.leaves = tensors, {}
        self.worst = {}             # {limit: the largest difference}

    def __call__(self, name, *shape):
        """The tensor, with rows of this shape; gradients() compares its
        gradient."""
        if name not in self.leaves:
            leaf = torch.tensor(self.tensors[name], dtype=torch.float64)
            leaf.requires_grad_("d_" + name in self.tensors)
            self.leaves[name] = leaf
        leaf = self.leaves[name]
        return leaf.reshape(len(leaf), *shape) if shape else leaf

    def labels(self):
        return torch.tensor(self.tensors["target"]).long()

    def equal(self, name, value, limit=FORWARD):
        """Compares PyTorch's value with gradus's tensor of this name."""
        mine = value.detach().numpy()
        theirs = self.tensors[name].reshape(mine.shape).astype(float)
        far = numpy.max(numpy.abs(theirs - mine) / (1 + numpy.abs(mine)))
        self.worst[limit] = numpy.maximum(far, self.worst.get(limit, 0))

    def gradients(self):
        """Compares the gradients of all leaves.  Each gradient that gradus has
        must be that of a leaf."""
        for name, leaf in self.leaves.items():
            if leaf.requires_grad:
                self.equal("d_" + name, leaf.grad, BACKWARD)
        for name in self.tensors:
            assert not name.startswith("d_") or name[2:] in self.leaves, name


# ---- Layers

def conv(*shape, **options):
    return lambda c: F.conv2d(
        c("input", *shape), c("conv1.weight"),
        c("conv1.bias") if "conv1.bias" in c.tensors else None, **options)


def dense(c, x):
    return F.linear(x, c("dense1.weight"), c("dense1.bias"))


def batchnorm(c, *shape):
    x = c("input", *shape)
    return F.batch_norm(x, None, None, c("batchnorm1.weight"),
                        c("batchnorm1.bias"), training=True, eps=1e-5)


def image(f, *shape, **options):
    return lambda c: f(c("input", *shape), **options)


LAYERS = {
    "dense": lambda c: dense(c, c("input")),
    "dense_of_image": lambda c: dense(c, c("input", 2, 3, 3).flatten(1)),
    "conv2d": conv(3, 7, 6),
    "conv2d_1x1": conv(3, 5, 5),
    "conv2d_stride": conv(3, 8, 7, stride=2),
    "conv2d_padding_no_bias": conv(3, 6, 6, padding=2),
    "conv2d_stride_padding": conv(3, 8, 7, stride=2, padding=1),
    "conv2d_groups": conv(6, 5, 5, padding=1, groups=2),
    "conv2d_depthwise": conv(4, 7, 7, stride=2, padding=1, groups=4),
    "maxpool": image(F.max_pool2d, 2, 7, 6, kernel_size=2),
    "maxpool_overlap": image(F.max_pool2d, 2, 7, 6, kernel_size=3, stride=2,
                             padding=1),
    "avgpool": image(F.avg_pool2d, 2, 7, 6, kernel_size=2),
    "avgpool_overlap": image(F.avg_pool2d, 2, 7, 6, kernel_size=3, stride=2,
                             padding=1),
    "global_avgpool": image(lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
                            3, 4, 5),
    "relu": image(F.relu),
    "leaky_relu": image(F.leaky_relu, negative_slope=0.2),
    "sigmoid": image(torch.sigmoid),
    "tanh": image(torch.tanh),
    "gelu": image(F.gelu),
    "silu": image(F.silu),
    "softmax": image(F.softmax, 3, 5, dim=-1),
    "layernorm": lambda c: F.layer_norm(
        c("input", 3, 8), [8], c("layernorm1.weight"), c("layernorm1.bias")),
    "batchnorm": batchnorm,
    "batchnorm_of_image": lambda c: batchnorm(c, 3, 4, 4),
    "embedding": lambda c: F.embedding(c("input").long(),
                                       c("embedding1.weight")),
    "add": lambda c: c("input", 2, 3, 3) + c("input2", 2, 3, 3),
    "concat": lambda c: torch.cat([c("input", 2, 3, 3), c("input2", 2, 3, 3),
                                   c("input", 2, 3, 3)], 1),
    "reshape": lambda c: dense(c, c("input", 6, 3).reshape(-1, 2, 3, 3)
                               .flatten(1)),
}


def compare_layer(c, layer):
    y = layer(c)
    c.equal("y", y)
    ((y.flatten(1) - c("target")) ** 2).sum().backward()
    c.gradients()


def compare_running(c):
    """Trains batch normalisation, and then uses its running moments."""
    norm = torch.nn.BatchNorm2d(3, dtype=torch.float64)
    norm.load_state_dict({k: c("batchnorm1." + k) for k in
                          ("weight", "bias", "running_mean", "running_var")},
                         strict=False)
    sgd = torch.optim.SGD(norm.parameters(), lr=1e-3)
    x, t = c("input", 3, 4, 4), c("target", 3, 4, 4)
    for i in range(STEPS):
        rows = HALVES[i % 2]
        sgd.zero_grad()
        ((norm(x[rows]) - t[rows]) ** 2).sum().backward()
        sgd.step()
    norm.eval()
    c.equal("y", norm(x))
    for name in "weight", "bias", "running_mean", "running_var":
        c.equal("after_batchnorm1." + name, getattr(norm, name), STEPPED)


# ---- Losses: each gives y and L

def softmax_ce(shape=(), dim=1, **options):
    def loss(c):
        z = c("input", *shape)
        t = c.labels() if shape else c.labels().flatten()
        logits = z.movedim(dim, 1)  # PyTorch's classes are the second axis
        return F.softmax(z, dim), F.cross_entropy(logits, t, **options)
    return loss


def softmax_ce_batch(c):
    """PyTorch's sum, divided by all 6 rows, whether ignored or not."""
    y, sum_ = softmax_ce(weight=WEIGHT, ignore_index=3, reduction="sum")(c)
    return y, sum_ / 6


def softmax_ce_distribution(c):
    z = c("input")
    return F.softmax(z, 1), F.cross_entropy(z, c("target"), weight=WEIGHT)


def softmax_ce_distributions(c):
    z = c("input", 4, 2)
    return F.softmax(z, 1), F.cross_entropy(z, c("target", 4, 2))


def softmax_ce_row_weights(c):
    z, w = c("input"), c("rows").flatten()
    each = F.cross_entropy(z, c.labels().flatten(), reduction="none")
    return F.softmax(z, 1), (w * each).sum() / w.sum()


def regression(f, **options):
    return lambda c: (c("input"), f(c("input"), c("target"), **options))


def mse_row_weights(c):
    w = c("rows")
    each = F.mse_loss(c("input"), c("target"), reduction="none")
    return c("input"), (w * each).sum() / (5 * w.sum())


def sigmoid_ce(**options):
    return lambda c: (torch.sigmoid(c("input")),
                      F.binary_cross_entropy_with_logits(
                          c("input"), c("target"), **options))


ALL = {"weight": WEIGHT, "label_smoothing": 0.2, "ignore_index": 3}
LOSSES = {
    "softmax_ce": softmax_ce(),
    "softmax_ce_sum": softmax_ce(reduction="sum"),
    "softmax_ce_weights": softmax_ce(weight=WEIGHT),
    "softmax_ce_smoothing": softmax_ce(label_smoothing=0.1),
    "softmax_ce_ignore": softmax_ce(ignore_index=3),
    "softmax_ce_all": softmax_ce(**ALL),
    "softmax_ce_positions": softmax_ce(shape=(4, 2), **ALL),
    "softmax_ce_last_axis": softmax_ce(shape=(2, 4), dim=2, weight=WEIGHT),
    "softmax_ce_batch": softmax_ce_batch,
    "softmax_ce_distribution": softmax_ce_distribution,
    "softmax_ce_distributions": softmax_ce_distributions,
    "softmax_ce_row_weights": softmax_ce_row_weights,
    "mse": regression(F.mse_loss),
    "mse_sum": regression(F.mse_loss, reduction="sum"),
    "mse_row_weights": mse_row_weights,
    "huber": regression(F.huber_loss),
    "huber_delta": regression(F.huber_loss, delta=0.4),
    "huber_sum": regression(F.huber_loss, reduction="sum"),
    "sigmoid_ce": sigmoid_ce(),
    "sigmoid_ce_weights": sigmoid_ce(weight=WEIGHT),
    "sigmoid_ce_sum": sigmoid_ce(weight=WEIGHT, reduction="sum"),
}


def compare_loss(c, make):
    y, loss = make(c)
    c.equal("y", y)
    c.equal("loss", loss)
    loss.backward()
    c.gradients()


# ---- Optimisers: those of torch.optim, and what is done before their step

def optimiser(kind, clip=None, **options):
    return lambda p: (getattr(torch.optim, kind)(p, **options),
                      clip or (lambda p: None))


def clip_norm(p):
    torch.nn.utils.clip_grad_norm_(p, 0.5)


def clip_value(p):
    torch.nn.utils.clip_grad_value_(p, 0.05)


OPTIMISERS = {
    "sgd": optimiser("SGD", lr=0.1),
    "sgd_momentum": optimiser("SGD", lr=0.05, momentum=0.9, weight_decay=0.01),
    "sgd_nesterov": optimiser("SGD", lr=0.05, momentum=0.9, nesterov=True,
                              weight_decay=0.01),
    "adam": optimiser("Adam"),
    "adam_options": optimiser("Adam", lr=0.01, betas=(0.8, 0.95), eps=1e-6,
                              weight_decay=0.1),
    "adamw": optimiser("AdamW"),
    "adamw_options": optimiser("AdamW", lr=0.01, weight_decay=0.1),
    "rmsprop": optimiser("RMSprop"),
    "rmsprop_options": optimiser("RMSprop", lr=0.005, alpha=0.9, eps=1e-6,
                                 momentum=0.5, weight_decay=0.1),
    "adagrad": optimiser("Adagrad"),
    "adagrad_options": optimiser("Adagrad", lr=0.05, lr_decay=0.1,
                                 weight_decay=0.1),
    "clip_norm": optimiser("SGD", clip=clip_norm, lr=0.1),
    "clip_value": optimiser("SGD", clip=clip_value, lr=0.1),
}


def compare_optimiser(c, make):
    names = [d + p for d in ("dense1.", "dense2.") for p in ("weight", "bias")]
    par = [c(name).requires_grad_() for name in names]
    rule, before = make(par)
    x, t = c("input"), c.labels().flatten()
    for i in range(STEPS):
        rows = HALVES[i % 2]
        rule.zero_grad()
        h = torch.tanh(F.linear(x[rows], par[0], par[1]))
        F.cross_entropy(F.linear(h, par[2], par[3]), t[rows]).backward()
        before(par)
        rule.step()
    for name, p in zip(names, par):
        c.equal("after_" + name, p, STEPPED)


def main(folder):
    cases = read(folder)
    known = {name: (compare_layer, f) for name, f in LAYERS.items()}
    known["batchnorm_running"] = (compare_running,)
    known.update({name: (compare_loss, f) for name, f in LOSSES.items()})
    known.update({name: (compare_optimiser, f)
                  for name, f in OPTIMISERS.items()})
    failed = 0
    for name in list(cases) + [name for name in known if name not in cases]:
        words, ok = "only one of gradus and PyTorch has this case", False
        if name in cases and name in known:
            compare, *how = known[name]
            c = Case(cases[name])
            compare(c, *how)
            ok = c.worst and all(d <= limit for limit, d in c.worst.items())
            words = ", ".join(KINDS[limit] % d for limit, d in c.worst.items())
        print("%-7s %-24s %s" % ("ok" if ok else "FAILED", name, words))
        failed += not ok
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
