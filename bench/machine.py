"""What was measured, by what command, and on what machine."""
import os
import re
import shlex
import subprocess
import time

from runs import BUILD


def said(command):
    """What a program prints, or an empty string if it is not there or
    fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True,
                              env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return ""
    return "" if done.returncode else done.stdout.strip()


def processor():
    return next(line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name"))


def caches():
    """The caches and their sizes, such as "L2 4 MiB (2 instances)"."""
    return ", ".join(f"{name} {size}" for name, size in re.findall(
        r"^(L\d\w?) cache:\s+(.*\S)", said(["lscpu"]), re.M))


def version():
    """The commit of gradus, if the folder is a clone of the repository."""
    commit = os.path.exists(".git") and \
        said(["git", "describe", "--always", "--tags"])
    if not commit:
        return ""
    changed = said(["git", "status", "--porcelain", "--untracked-files=no"])
    return f"commit {commit}" + (", with changes" if changed else "")


def compiler():
    """The compiler that make has noted, such as "gcc (Debian) 12.2.0"."""
    try:
        command = open(f"{BUILD}/flags").read().split(" -")[0].split()
    except OSError:
        return ""
    return (said(command + ["--version"]) or "\n").splitlines()[0]


def conditions(arguments):
    """The first sentences of a page, without what is not known."""
    kernels = os.environ.get("OPENBLAS_CORETYPE")
    command = (f"OPENBLAS_CORETYPE={kernels} " if kernels else "") + \
        shlex.join(["bench/bench.py"] + arguments)
    made_by = compiler()
    of = [time.strftime("Measured on %Y-%m-%d"), "gradus at " + version(),
          "compiled by " + made_by]
    lines = [f"Made by `{command}`: {processor()}, {os.cpu_count()} "
             "processors.",
             ", ".join(part for part in of if not part.endswith(" ")) + ".",
             f"Caches: {caches()}." if caches() else ""]
    return "\n".join(line for line in lines if line)
