"""Finds the libraries that gradus is measured beside; bench/peers.sh installs
them."""
import collections
import glob
import os
import subprocess
import sys

from nets import CNNS, MLPS, OTHERS
from runs import BUILD, OURS, run

DEBIAN = "/usr/bin/python3"
PYPI = f"{BUILD}/peers/bin/python"

# Another library.  works: the workloads that it is measured at, or None for
# all.  checked: the nets that it must compute as gradus does.
Peer = collections.namedtuple("Peer", "program env works checked")

CHECKED = ["784-128-10", "cnn-8-16", "convnet"]


def there(name, found):
    """Returns found, and says so if it is false."""
    if not found:
        print(f"bench: {name} is not installed; skipped", file=sys.stderr)
    return found


def built(program, package):
    """Is a program there that needs a package?"""
    if not os.path.exists(program):
        print(f"bench: {program} is not built (make bench builds it if "
              f"{package} is installed); skipped", file=sys.stderr)
    return os.path.exists(program)


def version(python, module):
    """The version of a module, or an empty string if there is none."""
    command = [python, "-c", f"import {module}; print({module}.__version__)"]
    if not os.path.exists(python):
        return ""
    printed = subprocess.run(command, capture_output=True, text=True).stdout
    return printed.split("+")[0].strip()


def torch_builds():
    """Debian's PyTorch with each OpenBLAS that is installed, and PyPI's."""
    builds = {}
    script = "bench/torch_bench.py"
    number = version(DEBIAN, "torch")
    if there("python3-torch", number):
        program = [DEBIAN, script]
        builds[f"PyTorch {number}, pthread OpenBLAS"] = \
            Peer(program, {}, None, CHECKED)
        for folder in glob.glob("/usr/lib/*/openblas-openmp"):
            builds[f"PyTorch {number}, OpenMP OpenBLAS"] = Peer(
                program, {"LD_LIBRARY_PATH": folder}, None, CHECKED)
    number = version(PYPI, "torch")
    if there(f"PyPI's torch in {BUILD}/peers", number):
        program = [PYPI, script]
        builds[f"PyTorch {number}, MKL"] = Peer(program, {}, None, CHECKED)
        # It compiles for half a minute before it trains.
        few = [("train", net, 64, 1) for net in MLPS + CNNS + OTHERS]
        builds[f"PyTorch {number}, compiled"] = Peer(
            program + ["--compile"], {}, few, CHECKED)
    return builds


def pypi(dense, infer, quick):
    """JAX and ONNX Runtime."""
    found = {}
    number = version(PYPI, "jax")
    if there(f"PyPI's jax in {BUILD}/peers", number):
        works = dense + infer + [("train", net, 64, t) for t in (1, 2)
                                 for net in MLPS + CNNS + OTHERS]
        # The check of convnet takes minutes.
        found[f"JAX {number}"] = Peer([PYPI, "bench/jax_bench.py"], {}, works,
                                      CHECKED[:2] if quick else CHECKED)
    number = version(PYPI, "onnxruntime") if version(PYPI, "onnx") else ""
    if there(f"PyPI's onnxruntime, with onnx, in {BUILD}/peers", number):
        found[f"ONNX Runtime {number}"] = Peer(
            [PYPI, "bench/onnx_bench.py"], {}, infer, CHECKED)
    return found


def programs(one):
    """FANN and oneDNN, which programs in C measure, and gradus with oneDNN's
    products (make BLAS=onednn)."""
    found = {}
    fann, onednn = [f"{BUILD}/fann_bench"], [f"{BUILD}/onednn_bench"]
    if built(fann[0], "libfann-dev"):
        number = subprocess.run(["pkg-config", "--modversion", "fann"],
                                capture_output=True, text=True).stdout.strip()
        found[f"FANN {number}"] = Peer(fann, {}, one, [])
    if built(onednn[0], "libdnnl-dev"):
        works = [("train", net, 64, t) for t in (1, 2) for net in MLPS + CNNS +
                 ["lenet", "convnet", "residual", "strided", "three of 64"]]
        name = run(onednn, ["--seconds", "0.01", "train"])["library"]
        found[name] = Peer(onednn, {}, works, [])
        works = [("train", net, b, t) for t in (1, 2) for net, batches in
                 [(net, (32, 64, 256, 1024)) for net in MLPS] +
                 [("10,000 classes", (64,))] for b in batches] + \
                [("infer", "784-512-512-10", 256, t) for t in (1, 2)]
        found[f"gradus by {name}"] = Peer(
            [f"{BUILD}/onednn/gradus_bench"], {}, works, CHECKED[:1])
    return found


def peers(quick, infer):
    """The libraries that are installed: {name: Peer}.  infer: the workloads of
    inference."""
    one = [("train", "784-128-10", 64, 1)]
    dense = one if quick else [("train", net, b, t) for net in MLPS
                               for b in (64, 256) for t in (1, 2)]
    found = torch_builds()
    number = version(DEBIAN, "sklearn")
    if there("python3-sklearn", number):
        found[f"scikit-learn {number}"] = Peer(
            [DEBIAN, "bench/sklearn_bench.py"], {}, dense, ["784-128-10"])
    found.update(pypi(dense, infer, quick))
    found.update(programs(one))
    return found


def products():
    """The libraries whose bare products are measured: {name: flags}.  Those
    of OpenBLAS, which gradus uses, are called "products"."""
    found = {}
    for name, package in (("openblas", "libopenblas"), ("blis", "libblis4"),
                          ("onednn", "libdnnl2")):
        flags = ["--blas", name, "gemm"]
        done = subprocess.run(OURS + ["--seconds", "0.01"] + flags,
                              capture_output=True)
        if there(package, not done.returncode):
            found["products" if name == "openblas" else
                  f"products by {name}"] = flags
    return found
