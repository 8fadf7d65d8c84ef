"""Runs the measuring programs, one after the other or in turns."""
import contextlib
import json
import os
import subprocess
import sys
import time

BUILD = os.environ.get("BUILD", "build")
OURS = [f"{BUILD}/gradus_bench"]


def run(program, flags, env=None):
    """Runs a process.  Returns its JSON."""
    done = subprocess.run(program + flags, env={**os.environ, **(env or {})},
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(program + flags)}: {done.stderr}")
    return json.loads(done.stdout)


def seconds_to_first_line(program, flags, env=None):
    """Runs a process.  Returns the seconds until it has printed a line."""
    start = time.perf_counter()
    with subprocess.Popen(program + flags, env={**os.environ, **(env or {})},
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        words = process.communicate()[1]
    if not line or process.returncode:
        sys.exit(f"bench: {' '.join(program + flags)}: {words}")
    return seconds


class Turns:
    """A process that measures when it is told to."""

    def __init__(self, program, flags, env=None):
        self.command = program + ["--turns"] + flags
        self.process = subprocess.Popen(
            self.command, env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, exception, *rest):
        with contextlib.suppress(BrokenPipeError):  # if it has died
            self.process.stdin.close()
        if self.process.wait() and not exception:
            self.fail()

    def fail(self):
        sys.exit(f"bench: {' '.join(self.command)}: failed")

    def take(self):
        """Lets the process measure once, and returns its JSON.  First there is
        a pause, in which the threads of the process before go to sleep:
        OpenBLAS's stay awake for 2^26 cycles."""
        time.sleep(0.05)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.fail()
        return json.loads(line)


def side_by_side(runs, rounds, seconds):
    """Measures runs, {key: (program, flags, env)}, in turns.  Returns
    {key: [result of each round]}."""
    flags = ["--seconds", str(seconds)]
    results = {key: [] for key in runs}
    with contextlib.ExitStack() as stack:
        processes = {key: stack.enter_context(Turns(p, flags + f, env))
                     for key, (p, f, env) in runs.items()}
        for r in range(rounds + 1):
            for key, process in processes.items():
                result = process.take()
                if r:  # in round 0, some processes are still starting
                    results[key].append(result)
    return results


def thread_counts():
    """The powers of two up to the number of processors."""
    return [t for t in (1, 2, 4, 8, 16, 32, 64) if t <= os.cpu_count()]
