"""Random networks and how they are trained, for 50 steps: what `benchmarks.trajectories` lets train."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, defaults
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from tests.trajectories import CLASSES, STEPS, Case

PAIRS = [(cost, output) for cost in COSTS for output in COSTS[cost].outputs]
SIZES = [3, 7, 9, 11, 13, 17, 19, 23]  # of hidden layers; no layer has as many neurons as another
BATCH_SIZES = [1, 2, 3, 7, 10, 16, 33, 70]
RATES = {"sgd": (0.01, 0.5), "momentum": (0.003, 0.1), "nesterov": (0.003, 0.1)}  # and of the others:
ADAPTIVE_RATES = (0.0005, 0.02)


def described(case: Case) -> str:
    """A case in a line, without what is as ever."""
    given = {key: getattr(case.training, key) for key in case.training.__slots__}
    plain = TrainingConfig(epochs=1, batch_size=1, learning_rate=1.0)
    own = [
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in given.items()
        if value != getattr(plain, key)
    ]
    layers = ", ".join(f"{layer.neurons} {layer.activation}" for layer in case.network.layers)
    return (
        f"{case.number}: {layers}; {case.network.cost}, {case.network.initializer}; "
        f"{case.images} images, {', '.join(own)}"
    )


def cases(count: int, seed: int) -> Iterator[Case]:
    """`count` of them: among 144, every cost with each of its outputs meets every optimizer with every
    initializer; all else is drawn. Dropout and distortion are left out, as their random numbers are nobody
    else's, and the schedule "halving", which goes by an accuracy.
    """
    initializers = [name for name in INITIALIZERS if name != "network3"]  # recorded before it was there
    for k in range(count):
        cost, output = PAIRS[k % 6]
        optimizer = list(OPTIMIZERS)[(k + k // 6) % 6]
        yield _case(k, cost, output, optimizer, initializers[(k + k // 36) % 4], _Draw(seed, k))


class _Draw:
    """What is drawn for one case."""

    def __init__(self, seed: int, number: int) -> None:
        self.rng = np.random.default_rng([seed, number])

    def one(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def between(self, low: float, high: float) -> float:
        """A number, as likely in any of its orders of magnitude."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))


def _case(number: int, cost: Any, output: Any, optimizer: Any, initializer: Any, draw: _Draw) -> Case:
    sizes = draw.rng.permutation(SIZES)[: draw.one(0, 1, 2, 3)]
    hidden = [
        LayerConfig(neurons=int(n), activation=draw.one("sigmoid", "tanh", "relu", "linear")) for n in sizes
    ]
    layers = (*hidden, LayerConfig(neurons=CLASSES, activation=output))
    epochs, batch_size = draw.one(1, 2, 5, 10), draw.one(*BATCH_SIZES)
    schedule = draw.one("constant", "linear", "cosine", "step", "exponential")
    training = TrainingConfig(
        seed=number + 1,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=draw.between(*RATES.get(optimizer, ADAPTIVE_RATES)),
        schedule=schedule,
        warmup=draw.one(0.0, 0.1, 0.3),
        l1=draw.one(0.0, draw.between(0.001, 1.0)),
        l2=draw.one(0.0, draw.between(0.01, 10.0)),
        label_smoothing=draw.one(0.0, 0.1, 0.3),
        keep="last",
        watch=(),
    )
    drawn: dict[str, Any] = {
        "momentum": draw.one(0.5, 0.8, 0.95),
        "rho": draw.one(0.8, 0.95),
        "beta1": draw.one(0.5, 0.9),
        "beta2": draw.one(0.9, 0.99),
        "weight_decay": draw.one(0.01, 0.3),
        "decay": draw.one(0.3, 0.8),
        "step_epochs": draw.one(1, 2),
    }
    for key, value in drawn.items():  # those that mean something here
        only = defaults.ONLY_WITH["training"][key]
        if getattr(training, only.key) in only.defaults:
            training = replace(training, **{key: value})
    short = int(draw.rng.integers(batch_size))  # the last batch lacks so many images
    images = STEPS // epochs * batch_size - short
    return Case(number, NetworkConfig(cost=cost, initializer=initializer, layers=layers), training, images)
