"""How long the chapters 1 and 5 of the book take with its own loop over examples.

Each network of their experiments is timed with the per-example loop on 1,000 images, the median of some
rounds, and that is multiplied by the images and epochs of its experiments and by the number of seeds.
`nnbp reproduce ch1 ch5` is the same work.

    python -m benchmarks.book_time [--data-dir DIR] [--rounds 5] [--seeds 5]
"""

import argparse
import sys
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.data import DATA_DIR
from benchmarks.timing import timed
from nnbp_cli import config
from nnbp_cli.config import Config, build
from nnbp_cli.datasets import loading
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.reproduction import experiments
from nnbp_cli.rng import generator
from nnbp_cli.training.batches import chunks
from tests import per_example

IMAGES = 1000  # that are timed


def seconds(loaded: Config, data: Dataset, rounds: int) -> float:
    """How long the loop takes for one image, in training the network of a config."""
    network = build(loaded.network, data.shape)
    params = network.parameters(np.float64)
    INITIALIZERS[loaded.network.initializer].fill(network, params, generator(1, "initialization"))
    weights = [W.copy() for W, _ in params.layers]
    biases = [b[:, None].copy() for _, b in params.layers]
    order = filter(None, chunks(data.training, 10, 1, seed=1, epoch=0, first=0))
    some = [(scaled(x, float), np.eye(10)[labels]) for x, labels in islice(order, IMAGES // 10)]
    functions = ["sigmoid"] * len(weights)

    def epoch() -> None:
        per_example.train(weights, biases, functions, loaded.network.cost, some, 0.1)

    return median(timed(epoch) for _ in range(rounds)) / IMAGES


def main(data_dir: Path, rounds: int, seeds: int) -> None:
    """Time each network once, and print what each experiment takes."""
    data = loading.load("mnist", data_dir, train=50_000)
    known: dict[str, float] = {}
    total = 0.0
    for each in experiments.select(["ch1", "ch5"], experiments.load()):
        if each.config:
            loaded = config.load(each.config, each.settings)
            name = build(loaded.network, data.shape).title
            if name not in known:
                known[name] = seconds(loaded, data, rounds)
            taken = known[name] * 50_000 * loaded.training.epochs * seeds
            total += taken
            print(f"{each.id:16} {name:20} {taken:7,.0f} s for {seeds} seeds", flush=True)
    print(f"together {total / 3600:.2f} hours of one core, {total / 7200:.2f} of two")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    try:
        with threadpool_limits(1):
            main(arguments.data_dir, arguments.rounds, arguments.seeds)
    except NnbpError as error:
        sys.exit(str(error))
