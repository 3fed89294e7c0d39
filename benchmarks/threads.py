"""How far two trainings grow apart of which one multiplies with one thread, and the other with two.

    python -m benchmarks.threads [--data-dir DIR] [--quick]

Another number of threads adds up the same products in another order, so sums differ in their last bits, and
training makes more of such a difference with every step. Shown is the largest difference between two
parameters beside the largest parameter, and what of it is seen in the accuracy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from nnbp_cli import config
from nnbp_cli.config import Config, build
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.presets import shipped
from nnbp_cli.training import loop

CONFIGS = ("book/ch1-30", "mnist", "best_mlp")
STEPS = (1, 100)


@dataclass(frozen=True)
class Moment:
    """Where a training was `after` something: its parameters, and the accuracy on the validation images."""

    after: str
    theta: Array
    accuracy: str


def main(data_dir: Path, epochs: int) -> None:
    """Print a row for each config and each moment."""
    loaded = data.load(data_dir)
    loop.BATCHES_PER_CHUNK = 1  # a run is looked at after any batch
    print("| | after | difference | of | accuracy with one thread | with two |\n|---|---|---|---|---|---|")
    for name in CONFIGS:
        described = config.load(shipped()[name])
        with_one, with_two = (list(moments(described, loaded, threads, epochs)) for threads in (1, 2))
        for one, two in zip(with_one, with_two, strict=True):
            difference, largest = np.abs(one.theta - two.theta).max(), np.abs(one.theta).max()
            title = build(described.network, loaded.shape).title
            cells = [title, one.after, f"{difference:.1e}", f"{largest:.2g}"]
            print(f"| {' | '.join([*cells, one.accuracy, two.accuracy])} |", flush=True)


def moments(described: Config, loaded: Dataset, threads: int, epochs: int) -> Iterator[Moment]:
    """A training after some steps, and after each epoch."""
    network, training = build(described.network, loaded.shape), described.training
    state = loop.initial_state(network, INITIALIZERS[described.network.initializer], training)
    with threadpool_limits(threads, user_api="blas"), np.errstate(all="ignore"):
        for epoch in loop.train(network, loaded, training, state):
            if epoch:
                accuracy = f"{epoch.scores['validation accuracy']:.2%}"
                yield Moment(f"epoch {epoch.number}", state.params.theta.copy(), accuracy)
                if epoch.number == epochs:
                    return
            elif not state.epoch and state.batch in STEPS:
                yield Moment(f"step {state.batch}", state.params.theta.copy(), "")


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    main(arguments.data_dir, 1 if arguments.quick else 4)
