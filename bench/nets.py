"""The nets that are measured, and what a net's text means.

A text names the shape of a row and then the layers, one word each:

    784, 1x28x28          the shape: a vector, or channels x height x width
    dense128              units
    conv24k5p2s1n         channels, kernel, padding (0), stride (1), no bias
    max2s2 avg2 gap       pools: kernel and stride (the kernel), or of all
    bn ln                 batch normalisation, layer normalisation
    relu gelu tanh silu sigmoid
    drop0.3               dropout
    ( ... )               the layers in between, added to what comes before

gradus_bench reads the same texts."""
import re

CONVNET = "conv24k5p2n bn relu max2 conv48k3p1n bn relu conv48k3p1n bn relu " \
    "max2 conv96k3p1n bn relu max2 dense128 bn relu dense10"


def block(channels):
    conv = f"conv{channels}k3p1n bn"
    return f"{conv} relu ( {conv} relu {conv} ) relu"


def cnn(a, b):
    return f"1x28x28 conv{a}k5 relu max2 conv{b}k5 relu max2 dense10"


def hidden(after):
    return f"784 dense512 {after} dense512 {after} dense10"


NETS = {
    "784-128-10": "784 dense128 relu dense10",
    "784-512-512-10": hidden("relu"),
    "cnn-8-16": cnn(8, 16),
    "cnn-16-32": cnn(16, 32),
    "lenet": "1x28x28 conv16k5p2 relu max2 conv32k5 relu max2 dense128 relu "
             "dense10",
    "convnet": f"1x28x28 {CONVNET}",
    "residual": f"1x28x28 {block(16)} max2 {block(32)} max2 {block(64)} gap "
                "dense10",
    "strided": "3x32x32 conv32k3p1s2 relu conv64k3p1s2 relu dense10",
    "three of 64": "3x32x32 conv64k3p1 relu conv64k3p1 relu conv64k3p1 relu "
                   "gap dense10",
    "pools of 3": "1x28x28 conv16k5p2 relu max3s2 conv32k5p2 relu avg2 "
                  "dense10",
    "batch norm": hidden("bn relu"),
    "layer norm": hidden("ln relu"),
    "dropout": hidden("relu drop0.3"),
    "gelu": hidden("gelu"),
    "tanh": hidden("tanh"),
    "silu": hidden("silu"),
    "10,000 classes": "256 dense256 relu dense256 relu dense10000",
    "tiny": "8 dense16 relu dense3",
}

MLPS = ["784-128-10", "784-512-512-10"]
CNNS = ["cnn-8-16", "cnn-16-32"]
OTHERS = [net for net in NETS if net not in MLPS + CNNS]


def text(net):
    """The text of a net that is given by its name, by a short form such as
    784-128-10 or cnn-8-16, or by its text."""
    if " " in net or net in NETS:
        return NETS.get(net, net)
    if net.startswith("cnn-"):
        return cnn(*net.removeprefix("cnn-").split("-"))
    size, *units = net.split("-")
    return f"{size} " + " relu ".join(f"dense{u}" for u in units)


def shape(text):
    """The shape of a row: [size], or [channels, height, width]."""
    return [int(s) for s in text.split()[0].split("x")]


def classes(text):
    return int(text.split()[-1].removeprefix("dense"))


def convolution(word):
    """(channels, kernel, padding, stride, no bias)"""
    m = re.fullmatch(r"conv(\d+)k(\d+)(?:p(\d+))?(?:s(\d+))?(n?)", word)
    return int(m[1]), int(m[2]), int(m[3] or 0), int(m[4] or 1), m[5] == "n"


def pool(word):
    """(kernel, stride)"""
    m = re.fullmatch(r"(?:max|avg)(\d+)(?:s(\d+))?", word)
    return int(m[1]), int(m[2] or m[1])


def layers(text):
    """Yields each word with the shape of its operand."""
    s, before = shape(text), []
    for word in text.split()[1:]:
        yield word, s
        if word == "(":
            before.append(s)
        elif word == ")":
            before.pop()
        elif word.startswith("dense"):
            s = [int(word.removeprefix("dense"))]
        elif word.startswith("conv"):
            c, k, p, d, _ = convolution(word)
            s = [c] + [(n + 2 * p - k) // d + 1 for n in s[1:]]
        elif re.match(r"(max|avg)\d", word):
            k, d = pool(word)
            s = s[:1] + [(n - k) // d + 1 for n in s[1:]]
        elif word == "gap":
            s = s[:1]


def multiply_adds(text):
    """The multiply-adds of a training step for each sample: those of forward,
    of dW and, except for the first layer, of dx.  They are counted as in a
    textbook, although some can be left out: of zeros behind a maximum, or by
    Winograd's method."""
    counts = []
    for word, s in layers(text):
        size = 1
        for n in s:
            size *= n
        if word.startswith("dense"):
            counts.append(size * int(word.removeprefix("dense")))
        elif word.startswith("conv"):
            c, k, p, d, _ = convolution(word)
            h, w = ((n + 2 * p - k) // d + 1 for n in s[1:])
            counts.append(s[0] * k * k * c * h * w)
    return 3 * sum(counts) - counts[0]
