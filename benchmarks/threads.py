"""How far two trainings grow apart of which one multiplies with one thread, and the other with two.

    python -m benchmarks.threads [--data-dir DIR] [--quick]

Another number of threads adds up the same products in another order, so sums differ in their last bits, and
training makes more of such a difference with every step. Shown is the largest difference between two
parameters beside the largest parameter, and what of it is seen in the accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from nnbp_cli import config
from nnbp_cli.config import Config, build, sizes
from nnbp_cli.config.shipped import shipped
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.training import loop
from nnbp_cli.training.loop import State

CONFIGS = ("book/ch1-30", "mnist", "best_mlp")
STEPS = (1, 100)


def main(data_dir: Path, epochs: int) -> None:
    """Print a row for each config and each moment."""
    loaded = data.load(data_dir)
    loop.MOST_BATCHES = 1  # a run is looked at after any batch
    print("| | after | difference | of | accuracy with one thread | with two |\n|---|---|---|---|---|---|")
    for name in CONFIGS:
        described = config.load(shipped()[name])
        network = sizes(described.network, loaded.inputs)
        for (moment, one), (_, two) in zip(
            *(moments(described, loaded, n, epochs) for n in (1, 2)), strict=True
        ):
            difference = np.abs(one.params.theta - two.params.theta).max()
            accuracies = [_accuracy(state) for state in (one, two)]
            cells = [
                network,
                moment,
                f"{difference:.1e}",
                f"{np.abs(one.params.theta).max():.2g}",
                *accuracies,
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def moments(described: Config, loaded: Dataset, threads: int, epochs: int) -> Iterator[tuple[str, State]]:
    """The state of a training after some steps, and after each epoch."""
    network, training = build(described.network, loaded.inputs), described.training
    state = loop.start(network, INITIALIZERS[described.network.initializer], training)
    steps = loop.train(network, loaded, training, state)
    while state.epoch < epochs:
        # Anew each time, since two trainings take turns.
        with threadpool_limits(threads, user_api="blas"), np.errstate(all="ignore"):
            epoch = next(steps)
        if epoch:
            yield f"{epoch.number} epoch{'s' * (epoch.number != 1)}", state
        elif not state.epoch and state.batch in STEPS:
            yield f"{state.batch} step{'s' * (state.batch != 1)}", state


def _accuracy(state: State) -> str:
    return f"{state.history[-1].scores['validation accuracy']:.2%}" if state.history else ""


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    main(arguments.data_dir, 1 if arguments.quick else 4)
