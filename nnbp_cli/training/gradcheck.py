"""Gradient check: an engine's gradient of the network of a config against numerical differentiation."""

from contextlib import closing
from dataclasses import dataclass
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbp_cli import engines
from nnbp_cli.config import Config, build, check_against_data, load_data
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.errors import Diverged
from nnbp_cli.nn import gradient_check
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.gradient_check import GradientCheck, SameMasks
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import Momentum, Sgd
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.rng import generator
from nnbp_cli.system.json_text import finite
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.training import loop
from nnbp_cli.training.batches import smoothed_targets

MAX_PARAMETERS_ONE_BY_ONE = 30_000  # which take some seconds
CANDIDATE_IMAGES = 1000  # from which a batch is chosen,
CANDIDATE_BLOCKS = 10  # or as many as are evaluated in so many blocks, where that is less
SMALLEST_BIAS = 1e-2  # none is 0, where a convolution of blank paper has the kink of a ReLU
DEVIATION = 0.1  # of weights that begin at 0, through which no slope would get back to the layers before
SMALLEST_WEIGHT = 1e-3  # no weight is nearer to the kink of an L1 penalty


@dataclass(frozen=True)
class Checked:
    """What was compared: the network in words, whose gradient, how many parameters and images, each parameter
    by itself or along directions; and how they agree, window by window.
    """

    network: str
    engine: str
    parameters: int
    images: int
    one_by_one: bool
    checks: list[GradientCheck]

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {
            "network": self.network,
            "engine": self.engine,
            "parameters": self.parameters,
            "images": self.images,
            "each_parameter": self.one_by_one,
            "windows": [
                {
                    "window": check.name,
                    "largest": check.largest,
                    "error": finite(check.error),
                    "holds": check.holds,
                }
                for check in self.checks
            ],
        }


def check_gradient(config: Config, where: Path, data_dir: Path, images: int, reporter: Reporter) -> Checked:
    """Check the gradient at the config's initial parameters, on `images` of its training images, in float64.
    It is that of the config's engine, or numpy's where the config leaves it open.

    Every parameter where there are 30,000 at most, and otherwise every window along ten random directions.
    Raises ConfigError where config and data do not fit, NnbpError when there are no data or no such engine,
    and Diverged where the cost there is not finite.
    """
    data = load_data(config.data, data_dir, where=str(where))
    check_against_data(config, data, where=str(where))
    training = config.training
    engine = "numpy" if training.engine == "auto" else training.engine
    engines.prepare(engine, reporter.note, np.float64)
    network = build(config.network, data.shape)
    params = network.parameters(np.float64)
    INITIALIZERS[config.network.initializer].fill(network, params, generator(training.seed, "initialization"))
    biases = params.theta[params.weights.size :]
    biases[biases == 0] = SMALLEST_BIAS
    zero = params.weights == 0
    params.weights[zero] = DEVIATION * generator(training.seed, "directions").standard_normal(zero.sum())
    penalty = loop.penalty(training, data)
    if penalty.l1:
        near = abs(params.weights) < SMALLEST_WEIGHT
        params.weights[near] = np.copysign(SMALLEST_WEIGHT, params.weights[near])

    def masks() -> np.random.Generator:
        return generator(training.seed, "dropout")

    one_by_one = network.size <= MAX_PARAMETERS_ONE_BY_ONE
    windows = len([*params.named_parameters()])
    slopes, done = network.size if one_by_one else windows * gradient_check.DIRECTIONS, count(1)

    def progress() -> None:
        reporter.checked(next(done), slopes)

    random = masks if network.random else None
    with closing(reporter), threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        reporter.checked(0, slopes)
        chosen, labels = _far_from_kinks(network, params, data.training, images, random)
        targets = smoothed_targets(data.classes, training.label_smoothing, np.float64)
        # A step of rate 1, by an optimizer that remembers nothing, takes the gradient from theta: exactly but
        # for 1e-16 of each parameter. Plain SGD, as the compiled engine writes BP4 into the weights.
        optimizer = Sgd() if training.optimizer == "sgd" else Momentum(momentum=0.0)
        start, slots = params.theta.copy(), np.zeros((optimizer.rows, network.size))
        stepping = engines.named(engine)(network, optimizer, penalty, targets, len(labels), params, slots)
        stepping.advance(chosen, labels, [1.0], 1, random and (lambda _: random()))
        gradient = network.parameters(np.float64)
        gradient.theta[:] = start - params.theta
        params.theta[:] = start
        x, y = scaled(chosen, np.float64), targets[labels]
        directions = None if one_by_one else generator(training.seed, "directions")
        checks = list(
            gradient_check.check_gradient(
                network, params, x, y, penalty, random, directions, gradient, progress
            )
        )
    if not all(isfinite(each.largest) for each in checks):
        why = "diverged: the cost at the initial weights is not finite"
        raise Diverged(f"{where}: {why}; try another initializer, fewer layers or a weaker penalty")
    return Checked(network.title, engine, network.size, len(x), one_by_one, checks)


def _far_from_kinks(
    network: Network, params: Parameters, split: Split, images: int, masks: SameMasks | None
) -> tuple[Array, Array]:
    """Of the first images those that stay the farthest from kinks, as bytes, and labels. Where dropout leaves
    out other neurons of each image of a batch, it is the best batch of images in a row.
    """
    images = min(images, len(split.labels))
    affordable = max(images, min(CANDIDATE_IMAGES, CANDIDATE_BLOCKS * network.images_at_once))
    candidates = np.arange(min(affordable, len(split.labels)))

    def inputs(chosen: Array) -> Array:
        return scaled(split.images[chosen], np.float64)

    def distance(chosen: Array) -> float:
        return gradient_check.distance_to_kink(network, params, inputs(chosen), masks() if masks else None)

    if masks:
        batches = candidates[: len(candidates) // images * images].reshape(-1, images)
        chosen = max(batches, key=distance)
    else:
        distances = np.array([distance(image) for image in candidates[:, None]])
        chosen = np.sort(np.argsort(-distances, kind="stable")[:images])
    return split.images[chosen], split.labels[chosen]
