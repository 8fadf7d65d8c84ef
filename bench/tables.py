#!/usr/bin/python3
"""Trains `gradus train` on the tables that scikit-learn brings, beside
scikit-learn's own net and its gradient boosting, on the same split, and prints
the table of docs/results.md.

    bench/tables.py [SEEDS]     how many seeds, from 1 on (5)

Of each data set a fifth is for the test, by the seed, each class alike.  All
programs have the settings that they have if nothing is given; scikit-learn's
net gets standardised numbers and, in regression, standardised targets."""
import csv
import json
import os
import statistics
import subprocess
import sys
import time
import warnings

try:
    from sklearn import datasets
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import (HistGradientBoostingClassifier,
                                  HistGradientBoostingRegressor)
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
except ImportError:
    sys.exit("tables: scikit-learn is not installed; on Debian, apt install "
             "python3-sklearn")

BUILD = os.environ.get("BUILD", "build")
SETS = {"iris": datasets.load_iris, "wine": datasets.load_wine,
        "breast cancer": datasets.load_breast_cancer,
        "digits": datasets.load_digits, "diabetes": datasets.load_diabetes}


def write(path, names, x, target):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(names + ["target"])
        w.writerows([*row, t] for row, t in zip(x.tolist(), target))


def net(classes, seed):
    if classes:
        return make_pipeline(StandardScaler(), MLPClassifier(random_state=seed))
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), MLPRegressor(random_state=seed)),
        transformer=StandardScaler())


def trees(classes, seed):
    return (HistGradientBoostingClassifier if classes
            else HistGradientBoostingRegressor)(random_state=seed)


def theirs(model, train, test):
    """The score, an accuracy or R2, and the seconds that fitting took."""
    begun = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the net may not have converged
        model.fit(*train)
    return model.score(*test), time.monotonic() - begun


def ours(name, names, classes, train, test, seed):
    folder = f"{BUILD}/tables"
    os.makedirs(folder, exist_ok=True)
    paths = [f"{folder}/{name.replace(' ', '-')}-{part}.csv"
             for part in ("train", "test")]
    for path, (x, t) in zip(paths, (train, test)):
        write(path, names, x, [f"class {v}" for v in t] if classes
              else t.tolist())
    result = subprocess.run(
        [f"{BUILD}/gradus", "train", paths[0], "--label" if classes
         else "--target", "target", "--test", paths[1], "--seed", str(seed),
         "--json"], capture_output=True, text=True)
    if result.returncode:
        sys.exit(result.stderr)
    found = json.loads(result.stdout)
    return found["test"]["accuracy" if classes else "r2"], found["seconds"]


def run(name, seeds):
    """{program: [(score, seconds)]}, and whether the scores are accuracies."""
    data = SETS[name]()
    classes = len(data.target_names) if "target_names" in data else 0
    names = [str(n).replace(",", " ") for n in data.feature_names]
    found = {"gradus": [], "net": [], "trees": []}
    for seed in range(1, seeds + 1):
        x, x_test, t, t_test = train_test_split(
            data.data, data.target, test_size=0.2, random_state=seed,
            stratify=data.target if classes else None)
        split = (x, t), (x_test, t_test)
        found["gradus"].append(ours(name, names, classes, *split, seed))
        found["net"].append(theirs(net(classes, seed), *split))
        found["trees"].append(theirs(trees(classes, seed), *split))
    return found, len(data.data), bool(classes)


def cell(results, classes):
    score = statistics.mean(r[0] for r in results)
    seconds = statistics.mean(r[1] for r in results)
    text = f"{100 * score:.1f} %" if classes else f"R2 {score:.3f}"
    return f"{text}, {seconds:.2f} s"


def main():
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| data | rows | gradus train | scikit-learn's net | "
          "gradient boosting |\n|---|---|---|---|---|")
    for name in SETS:
        found, rows, classes = run(name, seeds)
        print(f"| {name} | {rows:,} | " + " | ".join(
            cell(r, classes) for r in found.values()) + " |", flush=True)


main()
