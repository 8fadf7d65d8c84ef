"""Where the page of a processor is kept, and the page that lists them all."""
import glob
import os
import re

PAGES = "docs/performance"
INDEX = "docs/performance.md"

# The workloads of the list.
KEY = ["train 784-128-10, B64, 1T", "train 784-512-512-10, B256, 1T",
       "train cnn-8-16, B64, 1T", "train convnet, B64, 1T",
       "train residual, B64, 1T", "infer 784-512-512-10, B1, 1T",
       "infer 784-512-512-10, B256, 1T"]


def path(cpu, kernels, processors):
    """The page of a processor, whose model is called `cpu`, with OpenBLAS's
    kernels of this name."""
    model = re.sub(r"\((R|TM)\)|\bCPU\b|\bProcessor\b|@.*", "", cpu)
    words = re.findall(r"[a-z0-9]+", f"{model} {kernels}".lower())
    return f"{PAGES}/{'-'.join(words)}-{processors}.md"


def rows(text, heading):
    """The cells of the table below a heading, row by row."""
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in section.splitlines() if line.startswith("|")]


def ratios(text):
    """The ratio to each version of PyTorch at each workload: {version:
    {workload: ratio}}."""
    head, _, *speed = rows(text, "Speed")
    columns = {head[i - 1]: i for i, name in enumerate(head)
               if name == "ratio"}
    return {version: {row[0]: row[i] for row in speed}
            for version, i in columns.items()}


def row(page):
    text = open(page).read()
    cpu = re.search(r"^Made by `[^`]*`: (.*? processors)\.", text, re.M)[1]
    kernels = re.search(r"its\s+kernels\s+for\s+(\w+)", text)[1]
    peak = re.search(r"reach (\d+) GFLOP/s", text)[1]
    over = ratios(text)
    day = re.search(r"^Measured on ([0-9-]*)", text, re.M)[1]
    link = f"[{cpu}, {day}](performance/{os.path.basename(page)})"
    return [link, peak, kernels,
            ", ".join(v.removeprefix("PyTorch ") for v in over)] + \
        [", ".join(of.get(work, "-") for of in over.values()) for work in KEY]


def write():
    """Writes the list of all pages."""
    head = ["processor", "GFLOP/s", "OpenBLAS's kernels", "PyTorch"] + KEY
    table = [head, ["---"] * len(head)] + \
        [row(page) for page in sorted(glob.glob(f"{PAGES}/*.md"))]
    with open(INDEX, "w") as f:
        f.write("""# Performance

`make bench` measures gradus beside other libraries, and writes a page for the processor on which it ran. The numbers
below are gradus's speed over that of each version of PyTorch, in its fastest build and memory format: a 2 means twice
as many samples per second. B is the batch, and T the number of threads. GFLOP/s is how many multiplications and
additions one thread did in a second, in billions, when it had no memory to wait for. Of two pages of the same
processor, the one where it is lower was probably made while others used the machine more. `bench/nets.py` says what the
nets are, and each page what else was measured, and how.

""" + "\n".join("| " + " | ".join(cells) + " |" for cells in table) + "\n")
