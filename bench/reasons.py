"""Why a ratio, or the rate of a convolution, falls short of its target: the
kinds of rows, and what is known of each."""
import re

from nets import MLPS, NETS

# A workload is (command, net, batch, threads).  `alone` is the ratio that the
# step's products alone would have, or None if it was not measured.


def beyond_blas(work, target, alone):
    return work[1] in MLPS and work[2] > 1 and work[3] == 1 and \
        alone is not None and alone < target


def other_work(work, target, alone):
    return work[1] in MLPS and work[2] > 1 and work[3] == 1 and \
        alone is not None and alone >= target


def several_threads(work, _target, _alone):
    return work[1] in MLPS and work[3] > 1


def one_row(work, _target, _alone):
    return work[0] == "infer" and work[1] in MLPS and work[2] == 1


def many_classes(work, _target, _alone):
    return work[1] == "10,000 classes"


def residual(work, _target, _alone):
    return work[1] == "residual"


def more_layers(work, _target, _alone):
    return NETS[work[1]].startswith("784 dense512 ") and work[1] not in MLPS


def one_image(work, _target, _alone):
    return work[:3] == ("infer", "convnet", 1)


def convnet_threads(work, _target, _alone):
    return work[:3] == ("infer", "convnet", 256) and work[3] > 1


# The texts are lines of at most 117 characters; "1. " comes before them.
REASONS = [
    (beyond_blas, """\
Dense nets whose products alone, each as one call of OpenBLAS, fall short: faster products are needed first. PyTorch
1.13 computes with OpenBLAS, too, and PyTorch 2 with MKL. Where oneDNN is installed, *Other libraries* shows what
gradus gains by its products."""),
    (other_work, """\
Dense nets whose products alone are fast enough: the rest of the step takes the difference, that is the activations,
the loss and the update. And gradus's products are smaller than the whole ones of the column, as a thread takes a
slice of the batch through the net: 32 rows of 64, and 64 rows of larger batches. *Of products*, below, says how much
longer a step takes. Slices of up to 512 or 1,024 rows were tried with 784-512-512-10 on an Intel Xeon with AVX-512:
they are 1.12 times as fast at B1024 and 0.98 times at B256, and leave work for fewer threads. So slices have stayed
small."""),
    (several_threads, """\
Dense nets on two threads: OpenBLAS's products are measured on one thread alone, but what holds there holds here,
too. Besides, a training step has three parts (samples, weights, update), after each of which the threads wait for
each other, so that a second thread gains least where a step is short."""),
    (one_row, """\
One row through a dense net: each weight is read once, for a single multiplication, so that the limit is how fast
the weights arrive from memory, or from an outer cache."""),
    (many_classes, """\
10,000 classes: a step goes over 2.7 million weights, their gradients and their momenta. These are 31 MiB, more than
the second-level caches hold, so that the limit is how fast they arrive from the third-level cache, or from memory."""),
    (residual, """\
*residual*, of 16 to 64 channels: multiplications are about a quarter of a step, and the rest are passes over memory:
other orders of channels, Winograd's transformations, batch normalisation. The arrays of a batch do not fit in the
second-level cache. On an Intel Xeon, one thread reads and writes 20 to 25 GB/s from and to the third-level cache, and
the passes of batch normalisation reach that."""),
    (more_layers, """\
784-512-512-10 with layer normalisation, dropout or another activation: its products alone would be 1.3 times as fast
as a step of JAX, measured on an Intel Xeon with AVX-512. So what comes on top of them makes the difference."""),
    (one_image, """\
One row through *convnet*: a quarter of the time, as sampled on an Intel Xeon, goes into Winograd's transformation of
the weights, which a library that holds them transformed need not compute. That was tried: it took 1.1 times as long,
since there are four times as many numbers then, which no longer fit in the second-level cache."""),
    (convnet_threads, """\
Inference of *convnet* on two threads: PyTorch's rate grows more with the second thread than gradus's does, as the
rates below show."""),
    (lambda *_: True, "Other rows: the reason is not known."),
]


def of(work, target, alone):
    """The numbers of the reasons that hold for a row.  The last reason is for
    rows that no other one is for."""
    found = [i for i, (holds, _) in enumerate(REASONS)
             if holds(work, target, alone)]
    return found[:-1] or found


def listed(used):
    """The reasons with these numbers, as a list that counts from 1."""
    return "".join(f"{place}. " + REASONS[i][1].replace("\n", "\n   ") + "\n"
                   for place, i in enumerate(sorted(used), 1))


# ---- convolutions by themselves --------------------------------------------

ENOUGH = 85  # percent of the machine's rate


def rates_of(row):
    """The rates of a row of bench/convolutions.c's table: of its three passes,
    those for batches of 1, 64 and 256."""
    return [[int(rate) for rate in cell.split(",")] for cell in row[5:8]]


def is_short(row, batches):
    return min(rate for rates in rates_of(row)
               for rate in rates[batches]) < ENOUGH


def for_one_sample(row):
    return is_short(row, slice(1))


def by_direct(row):
    return is_short(row, slice(1, 3)) and row[3:5] == ["2", "direct"]


def of_sixteen(row):
    return is_short(row, slice(1, 3)) and row[4] == "winograd" and \
        "16" in re.findall("[0-9]+", row[0])


def by_gemm(row):
    return is_short(row, slice(1, 3)) and row[4] == "gemm"


def otherwise(row):
    return is_short(row, slice(1, 3)) and not (
        by_direct(row) or of_sixteen(row) or by_gemm(row))


CONVOLUTIONS = [
    (for_one_sample, """\
batches of 1, for which W is brought into the order of the kernels, and its gradient back, for one sample alone"""),
    (by_direct, """\
strides of 2, where Winograd's method is not used: there, x has four times as many pixels as y, and all are copied,
so that the channels of a pixel lie side by side, before they are multiplied by few weights. The gradient of W has
as many sums for each sample as for a large image, and they pass through the second-level cache each time. Tried on
an AMD EPYC beside other work, in batches of 64: cut into four phases with a stride of 1, which have four times as
many channels, a kernel of 3 runs at 0.5 to 1.1 of the rate forward, and one of 5, by Winograd's method, at 1.5 to 2.3
times it; dx runs at 0.2 to 0.9 and 0.3 to 1.6 times"""),
    (by_gemm, """\
more than 2^18 weights with a stride of 2, or 2^19 from 16 samples on: x is copied into columns, for OpenBLAS to
multiply"""),
    (of_sixteen, """\
16 channels, as Winograd's transformations then take as long as the products between them"""),
    (otherwise, """\
other rows, for a reason that is not known"""),
]


def of_convolutions(table):
    """The kinds of rows that fall short in a table of bench/convolutions.c, in
    Markdown."""
    rows = [re.split(r" *\| *", line.strip("| ")) for line in
            table.strip().splitlines()[2:]]
    texts = [text.replace("\n", "\n  ") for holds, text in CONVOLUTIONS
             if any(map(holds, rows))]
    if not texts:
        return "None falls short of it."
    return "Short of it are\n\n- " + ";\n- ".join(texts) + "."
