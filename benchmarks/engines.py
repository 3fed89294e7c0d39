"""What an image takes with each engine: numpy's and the compiled one in turns, on the same chunks.

    python -m benchmarks.engines [--data-dir DIR] [--quick]

CPU microseconds of `Engine.advance` on one core, with the chunks of the training loop, ReLU and softmax,
float32: numpy, compiled; the median of their ratios, with a star where "auto" leaves a run to numpy however
long it is.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.timing import rounded
from nnbp_cli import engines
from nnbp_cli.datasets.augment import Augmentation, distortion
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.engines.automatic import compiled_pays
from nnbp_cli.nn.activations import relu, softmax
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import log_likelihood
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS, Optimizer
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.rng import generator
from nnbp_cli.training import loop
from nnbp_cli.training.batches import smoothed_targets

BATCHES = (1, 10, 32, 128, 600)
FEW = [(30,), (100,), (256,), (800,), (256, 256)]
MORE = [(10,), *FEW[:4], (30, 30, 30, 30), (100, 100), FEW[4], (256, 256, 256), (800, 800)]
DISTORTED = Augmentation(elastic=34, rotation=15, scaling=0.15, shear=0.15)  # as configs/best_mlp.toml has it
LEAST_ROUNDS = 4

Change = Callable[[Array], Array]


def main(data_dir: Path, least: float) -> None:
    """Print a table for each kind of images and optimizer; a cell is measured for `least` seconds."""
    loaded = data.load(data_dir)
    distorting = distortion(DISTORTED, loaded.shape)
    engines.prepare("compiled", print)
    tables: list[tuple[str, list[tuple[int, ...]], str, Change]] = [
        ("SGD", MORE, "sgd", lambda images: images),
        ("momentum", FEW, "momentum", lambda images: images),
        ("Adam", FEW, "adam", lambda images: images),
        ("SGD, distorted images", FEW, "sgd", lambda images: distorting.distorted(images, generator(1, "x"))),
        ("SGD, no pixel is 0", FEW, "sgd", lambda images: np.maximum(images, 1)),
    ]
    for title, networks, name, change in tables:
        ink = (change(loaded.training.images[:500]) > 0).mean()
        print(f"\n**{title}**: {ink:.0%} of the pixels are not 0\n")
        print("| batch of |", *(f"{batch} |" for batch in BATCHES))
        print("|---" * (1 + len(BATCHES)) + "|")
        for hidden in networks:
            sizes = (loaded.inputs, *hidden, loaded.classes)
            functions = [relu] * len(hidden) + [softmax]
            layers = (Dense(*each, f) for each, f in zip(pairwise(sizes), functions, strict=True))
            network = Network(tuple(layers), log_likelihood)
            work = [layer.work for layer in network.layers]
            print(f"| {network.title} |", end="")
            for batch in BATCHES:
                star = "" if compiled_pays(work, ink, batch, images=10**12, threads=1) else " *"
                both = cell(network, OPTIMIZERS[name], loaded, batch, change, least)
                print(f" {both}{star} |", end="", flush=True)
            print()


def cell(
    network: Network, optimizer: Optimizer, loaded: Dataset, batch: int, change: Change, least: float
) -> str:
    """Microseconds with both, and their ratio."""
    both = []
    for name in ("numpy", "compiled"):
        params = network.parameters(np.float32)
        INITIALIZERS["he"].fill(network, params, generator(1, "initialization"))
        slots = np.zeros((optimizer.rows, network.size), np.float32)
        targets, penalty = smoothed_targets(loaded.classes, 0), Penalty(images=1)
        both.append(engines.named(name)(network, optimizer, penalty, targets, batch, params, slots))
    sizes = [batch * loop.batches_per_chunk(engine) for engine in both]
    taken, end = list[list[float]](), perf_counter() + least
    for k in range(len(loaded.training.labels) // max(sizes)):
        chunk = slice(k * max(sizes), (k + 1) * max(sizes))
        images, labels, spent = (
            change(loaded.training.images[chunk]),
            loaded.training.labels[chunk],
            [0.0, 0.0],
        )
        for which in (k % 2, 1 - k % 2):
            start = process_time()
            for first in range(0, len(labels), sizes[which]):
                part = slice(first, first + sizes[which])
                rates = [1e-3] * (len(labels[part]) // batch)
                both[which].advance(
                    images[part], labels[part], rates, 1 + (k * max(sizes) + first) // batch, None
                )
            spent[which] = 1e6 * (process_time() - start) / len(labels)
        taken.append(spent)
        if k >= LEAST_ROUNDS and perf_counter() > end:
            break
    del taken[0]  # which made room
    numpy, compiled = (rounded(median(each)) for each in zip(*taken, strict=True))
    return f"{numpy}, {compiled}: {median(after / before for before, after in taken):.2f}"


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    with threadpool_limits(1):
        main(arguments.data_dir, 0.01 if arguments.quick else 0.25)
