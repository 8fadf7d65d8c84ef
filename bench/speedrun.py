#!/usr/bin/env python3
"""speedrun.py -- measures how soon mnist-speedrun reaches its targets, checks
the rules of docs/speedrun.md, and prints the page's table of records.

    bench/speedrun.py [--seeds N] [--threads N] [RECIPE ...]

Without names it runs every recipe.  It exits with 1 if a target is missed or a
rule is broken.  The numbers of a record have the 50 seeds of the default."""
import argparse
import gzip
import hashlib
import json
import math
import os
import statistics
import subprocess
import sys
import time

PROGRAM = os.path.join(os.environ.get("BUILD", "build"), "mnist-speedrun")
MNIST, FASHION = "data/mnist", "/usr/share/datasets/fashion-mnist"
RECIPES = {"mnist-98-dense": MNIST, "mnist-99": MNIST, "mnist-99.5": MNIST,
           "fashion-90": FASHION, "fashion-92": FASHION}

# The SHA-256 of each file as it was published, unpacked.
FILES = {
    MNIST: {
        "train-images-idx3-ubyte":
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte":
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte":
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte":
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
    FASHION: {
        "train-images-idx3-ubyte":
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte":
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte":
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte":
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"}}

COLUMNS = ("recipe", "target", "net", "mean accuracy", "lowest", "10 %",
           "50 %", "90 %", "highest", "seeds that reached it", "mean time",
           "median time", "lowest time", "highest time")


def fail(message):
    sys.exit(f"speedrun.py: {message}")


def contents(path):
    """The bytes of a file that may be there as .gz instead."""
    if os.path.exists(path):
        with open(path, "rb") as file:
            return file.read()
    if os.path.exists(path + ".gz"):
        with gzip.open(path + ".gz") as file:
            return file.read()
    fail(f"{path}: there is no such file, nor with .gz")


def test_labels(folder):
    """The labels of the test images, if all files are those published."""
    for name, wanted in FILES[folder].items():
        data = contents(os.path.join(folder, name))
        if hashlib.sha256(data).hexdigest() != wanted:
            fail(f"{folder}/{name} is not the file that was published")
    return data[8:]  # the last file: 8 bytes, then a byte for each image


def run(recipe, seeds, threads):
    """What the program prints, and how many seconds it ran."""
    start = time.monotonic()
    done = subprocess.run(
        [PROGRAM, "--recipe", recipe, "--seeds", str(seeds), "--threads",
         str(threads), "--json", "--predictions"], stdout=subprocess.PIPE,
        check=False)
    elapsed = time.monotonic() - start
    if not done.stdout:
        fail(f"{recipe}: the program failed")
    return json.loads(done.stdout), elapsed


def accuracy(predicted, labels):
    """The part of the test images that a net has read rightly."""
    return sum(int(p) == t for p, t in zip(predicted, labels)) / len(labels)


def broken_rules(found, elapsed, seeds, labels):
    """What is wrong with the numbers of a run, as sentences."""
    wrong = []
    if found["validated"]:
        wrong.append("it was measured on held-out images")
    if not (len(found["predicted"]) == len(found["accuracy"]) ==
            len(found["seconds"]) == seeds):
        wrong.append(f"there are not {seeds} trainings")
    for seed, (predicted, claimed) in enumerate(
            zip(found["predicted"], found["accuracy"]), 1):
        if len(predicted) != len(labels):
            wrong.append(f"seed {seed} has {len(predicted)} predictions")
        elif abs(accuracy(predicted, labels) - claimed) > 1e-9:
            wrong.append(f"seed {seed} is not as accurate as it says")
    if sum(found["seconds"]) > elapsed:
        wrong.append("the trainings took longer than the program ran")
    return wrong


def percentile(values, part):
    """The lowest value that this part of the values does not exceed."""
    return sorted(values)[math.ceil(part * len(values)) - 1]


def row(found):
    """The line of a recipe in the table of records."""
    rates, times = found["accuracy"], found["seconds"]
    reached = sum(a >= found["target"] for a in rates)
    spread = [min(rates), *(percentile(rates, p) for p in (.1, .5, .9)),
              max(rates)]
    cells = [f"`{found['recipe']}`", f"{100 * found['target']:.1f} %",
             found["net"], f"{100 * statistics.mean(rates):.2f} %",
             *(f"{100 * a:.2f}" for a in spread),
             f"{reached} of {len(rates)}"]
    for t in (statistics.mean(times), statistics.median(times), min(times),
              max(times)):
        cells.append(f"{t:.2f} s")
    return "| " + " | ".join(cells) + " |"


def processor():
    """The processor's name."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return "unknown"


def whole(least, most):
    """A type of argument: a whole number from least to most."""
    def number(text):
        if not (text.isascii() and text.isdigit() and
                least <= int(text) <= most):
            raise argparse.ArgumentTypeError(
                f"got '{text}'; must be a whole number from {least} to {most}")
        return int(text)
    return number


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=whole(2, 1000), default=50,
                        metavar="N", help="train with seeds 1 to N (50)")
    parser.add_argument("--threads", type=whole(0, 1024), default=0,
                        metavar="N", help="threads that compute; 0 is one for "
                        "each core (0)")
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    args = parser.parse_args()
    for name in args.recipes:
        if name not in RECIPES:
            parser.error(f"got the recipe '{name}'; must be one of "
                         f"{', '.join(RECIPES)}")
    return args


def main():
    """Runs the recipes.  Returns the exit status."""
    args = arguments()
    lines, wrong = [], []
    for recipe in args.recipes or RECIPES:
        labels = test_labels(RECIPES[recipe])
        found, elapsed = run(recipe, args.seeds, args.threads)
        wrong += [f"{recipe}: {what}" for what in
                  broken_rules(found, elapsed, args.seeds, labels)]
        # Other threads must not change what a seed's net reads.
        again, _ = run(recipe, 1, 1 + found["threads"] % 2)
        if again["predicted"] != found["predicted"][:1]:
            wrong.append(f"{recipe}: seed 1 alone gave another net")
        if statistics.mean(found["accuracy"]) < found["target"]:
            wrong.append(f"{recipe}: the target was missed")
        lines.append(row(found))
        print(f"{recipe}: done in {elapsed:.0f} s", file=sys.stderr)
    print(f"{processor()}, threads: {found['threads']}, seeds 1 to "
          f"{args.seeds}\n")
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    print("\n".join(lines))
    for what in wrong:
        print(f"speedrun.py: {what}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
