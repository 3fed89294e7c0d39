"""A step of two processes that learn one network together, beside that of one; and what their sum takes.

    python -m benchmarks.ranks [--only N] [--link RATE] [--quick]

With --link, the second process is in a network namespace of its own, behind a link of that rate, such as
1gbit: that wants Linux, root, ip and tc. The ways take turns; shown are medians, in microseconds, and the
range of what two ranks with a thread each take beside one process with two threads.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np

from benchmarks.timing import ratios, rounded, spread, timed
from nnbp_cli.config import LayerConfig, NetworkConfig, build
from nnbp_cli.engines import ALONE, NumpyEngine
from nnbp_cli.engines.join import join
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system.launcher import launched
from tests.ranks import MPIRUN, two_machines

Jobs: TypeAlias = Sequence[tuple[tuple[int, ...], int]]  # hidden neurons, and a batch
JOBS: Jobs = [((30,), 10), ((100,), 100), ((800,), 256), ((1500, 1500), 512), ((3072, 3072), 512)]
SUMS = 5  # of a gradient, that are timed together


def main(jobs: Jobs, rate: str | None, rounds: int) -> None:
    """Print a row for each network."""
    heads = ["network", "parameters", "batch", "one thread", "two threads", "two ranks", "ranks / threads"]
    print(f"| {' | '.join([*heads, 'sum of the gradient'])} |\n|{'---|' * 8}", flush=True)
    with ExitStack() as stack:
        if rate:
            machines = stack.enter_context(two_machines(Path(stack.enter_context(TemporaryDirectory()))))
            machines.limit(rate)
        for neurons, batch in jobs:
            command = [sys.executable, "-m", "benchmarks.ranks", "--child", json.dumps([neurons, batch])]
            together: list[object] = machines.start(*command) if rate else [MPIRUN, "-n", 2, *command]
            ways: dict[str, tuple[Sequence[object], int]] = {
                "one thread": (command, 1),
                "two threads": (command, 2),
                "two ranks": (together, 1),
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            sums = []
            for _ in range(rounds):
                for name, (line, threads) in ways.items():
                    size, step, one_sum = child(line, threads)
                    taken[name].append(step)
                    sums += [one_sum] * (name == "two ranks")
            cells = [rounded(1e6 * median(each)) for each in taken.values()]
            share = spread(ratios(taken["two ranks"], taken["two threads"]))
            title = "-".join(map(str, (784, *neurons, 10)))
            row = [title, f"{size:,}", f"{batch}", *cells, share, rounded(1e6 * median(sums))]
            print(f"| {' | '.join(row)} |", flush=True)


def child(line: Sequence[object], threads: int) -> tuple[int, float, float]:
    """The parameters, and the seconds of a step and of a sum, as a process of its own says."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads)}
    said = subprocess.run([str(each) for each in line], env=environment, stdout=subprocess.PIPE, check=True)
    size, step, one_sum = json.loads(said.stdout)
    return size, step, one_sum


def measure(neurons: Sequence[int], batch: int) -> None:
    """Take steps for about a second, and print what they took."""
    ranks = join(timeout=60) if launched() > 1 else ALONE
    layers = (*(LayerConfig(neurons=each, activation="relu") for each in neurons),
              LayerConfig(neurons=10, activation="softmax"))  # fmt: skip
    network = build(NetworkConfig(cost="log-likelihood", layers=layers), (28, 28))
    params = network.parameters()
    INITIALIZERS["he"].fill(network, params, np.random.default_rng(1))
    slots = np.zeros((0, network.size), np.float32)
    targets = np.eye(10, dtype=np.float32)
    engine = NumpyEngine(
        network, OPTIMIZERS["sgd"], Penalty(images=50_000), targets, batch, params, slots, ranks
    )
    steps = max(1, min(500, 3_000_000_000 // (3 * network.work * batch)))
    rng = np.random.default_rng(2)
    images = rng.integers(256, size=(steps * batch, 784), dtype=np.uint8)
    labels = rng.integers(10, size=steps * batch, dtype=np.uint8)

    def step() -> None:
        engine.advance(images, labels, [1e-3] * steps, 1, None)

    def sums() -> None:
        for _ in range(SUMS):
            ranks.allreduce(engine.gradient.theta)

    one_step, one_sum = (median(timed(work) for _ in range(7)) for work in (step, sums))
    if ranks.rank == 0:
        print(json.dumps([network.size, one_step / steps, one_sum / SUMS]))
    ranks.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", type=int, choices=range(len(JOBS)), help="the network of this number")
    parser.add_argument("--link", metavar="RATE")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, only to see that it works")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with np.errstate(all="ignore"):
        if arguments.child:
            measure(*arguments.child)
        else:
            jobs = JOBS if arguments.only is None else [JOBS[arguments.only]]
            main(jobs, arguments.link, rounds=2 if arguments.quick else 5)
