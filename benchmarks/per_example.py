"""How much faster training is than the book's way, a loop over the examples of a batch.

Both train 784-N-10 (sigmoid, quadratic cost, eta 3, batches of 10) on the same images, one thread, taking
turns; the loop in float64, as in the book, nnbp in float32, through the very generator that `nnbp train`
runs. Printed is the time per epoch of 50,000 images, the median and the range of the rounds.

    python -m benchmarks.per_example [--data-dir DIR] [--rounds 7]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import spread, timed
from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build
from nnbp_cli.datasets import dataset
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.initializers import large
from nnbp_cli.training import loop
from nnbp_cli.training.batches import batches
from tests import per_example

OF_50_000 = 50_000 / 1_000  # the loop is timed on 1,000 images, and takes as long for each


def measure(hidden: int, data: dataset.Dataset, rounds: int) -> None:
    """Time both, in turns, and print the comparison."""
    layers = tuple(LayerConfig(neurons=n, activation="sigmoid") for n in (hidden, 10))
    network = build(NetworkConfig(cost="quadratic", layers=layers), 784)
    training = TrainingConfig(epochs=10**6, batch_size=10, learning_rate=3.0, watch=(), keep="last")
    state = loop.start(network, large, training)
    steps = loop.train(network, data, training, state)
    weights = [W.astype(float) for W, _ in state.params.layers]
    biases = [b[:, None].astype(float) for _, b in state.params.layers]
    order = batches(data.training, np.eye(10), 10, seed=1, epoch=0, first=0, dtype=float)
    some = [next(order) for _ in range(100)]

    def ours() -> None:
        while next(steps) is None:
            pass

    def theirs() -> None:
        per_example.train(weights, biases, ["sigmoid", "sigmoid"], "quadratic", some, 3.0)

    ours(), theirs()
    seconds = [(timed(ours), timed(theirs) * OF_50_000) for _ in range(rounds)]
    fast, slow = zip(*seconds)
    ratios = [theirs / ours for ours, theirs in seconds]
    print(
        f"784-{hidden}-10: nnbp {spread(fast)} s, per-example loop {spread(slow)} s an epoch, "
        f"ratio {spread(ratios)}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    try:
        mnist = dataset.load("mnist", arguments.data_dir, train=50_000)
    except NnbpError as error:
        sys.exit(str(error))
    with threadpool_limits(1):
        for neurons in (30, 100):
            measure(neurons, mnist, arguments.rounds)
