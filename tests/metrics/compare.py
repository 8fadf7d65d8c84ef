"""compare.py -- computes with scikit-learn the metrics that print-metrics has
computed, and compares.

    compare.py FILE     what print-metrics has printed

Prints one line for each kind of metric: how many cases there are, and the
largest difference, divided by 1 + |scikit-learn's|.
"""
import json
import sys
import numpy
from sklearn import metrics

LIMIT = 1e-12


def of_classes(t, y, size):
    """{each, macro, weighted} as gradus has them."""
    labels = range(size)
    found = {"each": numpy.transpose(metrics.precision_recall_fscore_support(
        t, y, labels=labels, zero_division=0))}
    for average in "macro", "weighted":
        found[average] = metrics.precision_recall_fscore_support(
            t, y, labels=labels, average=average, zero_division=0)
        # scikit-learn has no support of a mean.
        found[average] = [[*found[average][:3], found["each"][:, 3].sum()]]
    return found


def classification(c):
    return of_classes(c["t"], c["y"], c["size"])


def multilabel(c):
    t = numpy.reshape(c["t"], (-1, c["size"])).astype(int)
    y = numpy.reshape(c["y"], t.shape).astype(numpy.float32)
    right = (y > numpy.float32(c["threshold"] or 0.5)).astype(int)
    return {**of_classes(t, right, c["size"]),
            "exact": metrics.accuracy_score(t, right)}


def roc_auc(c):
    return {"auc": metrics.roc_auc_score(c["t"], c["y"][1::c["size"]])}


def regression(c):
    t, y = (numpy.reshape(c[name], (-1, c["size"])) for name in "ty")
    squares = metrics.mean_squared_error(t, y, multioutput="raw_values")
    return {"mae": metrics.mean_absolute_error(t, y),
            "rmse": numpy.sqrt(squares).mean(),
            "r2": metrics.r2_score(t, y)}


KINDS = {f.__name__: f for f in (classification, multilabel, roc_auc,
                                 regression)}
worst, count = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
with open(sys.argv[1]) as lines:
    for line in lines:
        case = json.loads(line)
        kind = case["kind"]
        for name, value in KINDS[kind](case).items():
            value = numpy.array(value, float)
            far = abs(numpy.array(case[name]) - value) / (1 + abs(value))
            assert far.shape == value.shape
            worst[kind] = numpy.maximum(worst[kind], far.max())
        count[kind] += 1
failed = False
for kind in KINDS:
    right = count[kind] > 0 and worst[kind] <= LIMIT    # NaN is not right
    failed |= not right
    print("%-7s %s: %d cases, %.1e" % ("ok" if right else "FAILED", kind,
                                       count[kind], worst[kind]))
sys.exit(failed)
