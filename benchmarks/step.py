"""A step of training beside the same arithmetic with nothing around it. One thread, in turns, microseconds.

    python -m benchmarks.step [--data-dir DIR] [--quick]

compiled   the generator that `nnbp train` runs with the compiled engine, with all it does between two steps:
           shuffling, gathering and scaling images, sampling the cost
loop       the same with numpy's engine, as all that follow
contract   one `Network.backprop` and one step of the optimizer, on a batch that is there
in a row   the same numpy calls on the same batch, written one after the other
products   its matrix products alone, into memory that is there
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.contenders import floor, nnbp
from benchmarks.job import Array, Job
from benchmarks.timing import in_turns, ratios, spread
from nnbp_cli.config import optimizer
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.engines.numpy import PARAMETERS_PER_UPDATE
from nnbp_cli.nn.layers import SMALL_BATCH
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.training import loop

JOBS = [
    Job((784, 30, 10), 10, 0.5),
    Job((784, 100, 10), 10, 0.5),
    Job((784, 100, 10), 32, 0.2, momentum=0.9),
    Job((784, 800, 10), 100, 0.02, momentum=0.9),
]
RATIOS = [
    ("compiled", "loop"),
    ("contract", "in a row"),
    ("loop", "in a row"),
    ("contract", "products"),
    ("loop", "products"),
]


def main(data_dir: Path, quick: bool) -> None:
    """Print a row for each network."""
    images = data.load(data_dir)
    names = ["compiled", "loop", "contract", "in a row", "products"]
    heads = [*names, *(f"{one} / {other}" for one, other in RATIOS)]
    print("| |", " | ".join(heads), "|\n|---|" + "---|" * len(heads))
    for job in JOBS:
        steps = max(1, 50_000 // job.sizes[1] // job.batch_size)
        works: dict[str, Callable[[], object]] = {
            name: repeated(work, steps) for name, work in ways(job, images).items()
        }
        counts = dict.fromkeys(works, steps)
        for name, engine in (("loop", "numpy"), ("compiled", "compiled")):
            works[name], counts[name] = epochs(job, images, engine), job.images // job.batch_size
        seconds = in_turns(works, rounds=5 if quick else 21)
        micros = {name: [1e6 * each / counts[name] for each in seconds[name]] for name in works}
        times = [spread(micros[name]) for name in names]
        shares = [spread(ratios(micros[one], micros[other])) for one, other in RATIOS]
        print(f"| {' | '.join([job.name, *times, *shares])} |", flush=True)


def ways(job: Job, images: Dataset) -> dict[str, Callable[[], object]]:
    """What makes one step, in each way but the loop."""
    labels = images.training.labels[: job.batch_size]
    x, y = scaled(images.training.images[: job.batch_size]), np.eye(10, dtype=np.float32)[labels]
    products = floor.step_products(job.sizes, job.batch_size)
    return {
        "contract": the_contract(job, x, y),
        "in a row": in_a_row(job, x, y),
        "products": lambda: floor.multiply(products),
    }


def epochs(job: Job, images: Dataset, engine: str) -> Callable[[], object]:
    """The next epoch of the generator; nothing is watched after it."""
    network, training, state = nnbp.begin(job, engine)
    steps = loop.train(network, images, replace(training, watch=(), keep="last"), state)
    return lambda: next(epoch for epoch in steps if epoch)


def the_contract(job: Job, x: Array, y: Array) -> Callable[[], object]:
    """The loop's middle: backpropagation, and the optimizer on stretches of theta."""
    network, training, state = nnbp.begin(job)
    gradient, step = network.parameters(), optimizer(training).step
    parts = [
        slice(k, k + PARAMETERS_PER_UPDATE) for k in range(0, gradient.theta.size, PARAMETERS_PER_UPDATE)
    ]
    chunks = [
        (state.params.theta[part], gradient.theta[part], state.optimizer_state[:, part]) for part in parts
    ]

    def work() -> None:
        network.backprop(state.params, x, y, gradient)
        for theta, slope, slots in chunks:
            step(theta, slope, slots, training.learning_rate, 1)

    return work


def in_a_row(job: Job, x: Array, y: Array) -> Callable[[], object]:
    """Sigmoids, cross-entropy, one hidden layer: the whole step in numpy calls."""
    network, _, state = nnbp.begin(job)
    gradient, velocity = network.parameters(), np.zeros_like(state.params.theta)
    (W1, b1), (W2, b2) = state.params.layers
    (dW1, db1), (dW2, db2) = gradient.layers
    theta, slope = state.params.theta, gradient.theta
    m, rate, momentum = len(x), job.learning_rate, job.momentum
    small = m < SMALL_BATCH

    def work() -> None:
        nonlocal theta, velocity
        z1 = np.add((W1 @ x.T).T, b1, order="C") if small else x @ W1.T + b1
        a1 = 0.5 + 0.5 * np.tanh(0.5 * z1)
        z2 = np.add((W2 @ a1.T).T, b2, order="C") if small else a1 @ W2.T + b2
        a2 = 0.5 + 0.5 * np.tanh(0.5 * z2)
        delta2 = (a2 - y) / m
        np.matmul(delta2.T, a1, out=dW2)
        delta2.sum(axis=0, out=db2)
        delta1 = (delta2 @ W2) * (a1 * (1 - a1))
        np.matmul(delta1.T, x, out=dW1)
        delta1.sum(axis=0, out=db1)
        if momentum:
            velocity *= momentum
            velocity -= rate * slope
            theta += velocity
        else:
            theta -= rate * slope

    return work


def repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    """So many of them, so that looking at the clock costs nothing."""

    def works() -> None:
        for _ in range(times):
            work()

    return works


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    with threadpool_limits(1), np.errstate(all="ignore"):
        main(arguments.data_dir, arguments.quick)
