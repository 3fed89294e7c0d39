"""Random trainings of 50 steps in float64, small enough to follow: `python -m benchmarks.trajectories` runs
them beside PyTorch, and the suite holds ten of them against what PyTorch made of those.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import numpy as np

from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build, rules
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.evaluation.score import complete, evaluate
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.layers import Dense, Layer
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.training import loop
from tests.datasets import blobs

STEPS = 50
INPUTS, CLASSES = 12, 5  # of the images of `blobs`
PAIRS = [(cost, output) for cost in COSTS for output in COSTS[cost].outputs]
SIZES = [3, 7, 9, 11, 13, 17, 19, 23]  # of hidden layers; no layer has as many neurons as another
BATCH_SIZES = [1, 2, 3, 7, 10, 16, 33, 70]
RATES = {"sgd": (0.01, 0.5), "momentum": (0.003, 0.1), "nesterov": (0.003, 0.1)}  # and of the others:
ADAPTIVE_RATES = (0.0005, 0.02)


@dataclass(frozen=True)
class Case:
    """A network and how it is trained, on so many images; `number` is also the seed of the images."""

    number: int
    network: NetworkConfig
    training: TrainingConfig
    images: int

    @property
    def batches(self) -> int:
        """How many batches an epoch has: 50 steps are a whole number of epochs."""
        return STEPS // self.training.epochs

    def __str__(self) -> str:
        given = {key: getattr(self.training, key) for key in self.training.__slots__}
        plain = TrainingConfig(epochs=1, batch_size=1, learning_rate=1.0)
        own = [f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
               for key, value in given.items() if value != getattr(plain, key)]  # fmt: skip
        layers = ", ".join(f"{layer.neurons} {layer.activation}" for layer in self.network.layers)
        return (
            f"{self.number}: {layers}; {self.network.cost}, {self.network.initializer}; "
            f"{self.images} images, {', '.join(own)}"
        )


def cases(count: int, seed: int) -> Iterator[Case]:
    """`count` of them: among 144, every cost with each of its outputs meets every optimizer with every
    initializer; all else is drawn. Dropout and distortion are left out, as their random numbers are nobody
    else's, and the schedule "halving", which goes by an accuracy.
    """
    initializers = list(INITIALIZERS)
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
        only = rules.ONLY_WITH["training"][key]
        if getattr(training, only.key) in only.defaults:
            training = replace(training, **{key: value})
    short = int(draw.rng.integers(batch_size))  # the last batch lacks so many images
    images = STEPS // epochs * batch_size - short
    return Case(number, NetworkConfig(cost=cost, initializer=initializer, layers=layers), training, images)


@dataclass(frozen=True)
class Trajectory:
    """Where training leads: `thetas` after each step, (50, parameters), and in the end the mean cost of the
    training images, with the penalty.
    """

    thetas: Array
    cost: float


@dataclass(frozen=True)
class Noise:
    """What rounding may do: to every number of an array, a normal deviation of `size` times the largest."""

    size: float
    rng: np.random.Generator

    def on(self, values: Array) -> Array:
        """The values with the noise."""
        disturbed: Array = values + self.size * abs(values).max() * self.rng.standard_normal(values.shape)
        return disturbed


@dataclass(frozen=True)
class _Noisy(Network):
    noise: Noise

    def backprop(
        self, params: Parameters, x: Array, y: Array, out: Parameters, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        z, a = super().backprop(params, x, y, out, rng)
        out.theta[:] = self.noise.on(out.theta)
        return z, a


def _noisy(network: Network, noise: Noise) -> Network:
    """The network with noise in what its hidden layers say and in its gradients."""

    def disturbed(layer: Layer) -> Dense:
        assert isinstance(layer, Dense)
        f = layer.activation.f
        return replace(layer, activation=replace(layer.activation, f=lambda z: noise.on(f(z))))

    return _Noisy((*map(disturbed, network.layers[:-1]), network.layers[-1]), network.cost, noise)


def data(case: Case) -> Dataset:
    """The images of a case."""
    return blobs(training=case.images, seed=case.number)


def first_parameters(case: Case) -> tuple[Network, Parameters]:
    """The network, and the parameters that it starts with, in float64."""
    network = build(case.network, (1, INPUTS))
    return network, _state(network, case).params


def trajectory(case: Case, noise: Noise | None = None) -> Trajectory:
    """How nnbp trains a case, with a noise in first parameters, activations and gradients if there is one."""
    network, dataset = build(case.network, (1, INPUTS)), data(case)
    state = _state(network, case)
    if noise:
        network = _noisy(network, noise)
        state.params.theta[:] = noise.on(state.params.theta)
    with patch.object(loop, "BATCHES_PER_CHUNK", 1), np.errstate(all="ignore"):
        steps = loop.train(network, dataset, case.training, state)
        thetas = [state.params.theta.copy() for step in steps if step is None]
        penalty = loop.penalty(case.training, dataset)
        cost = complete(evaluate(network, state.params, dataset.training, penalty)).cost
    return Trajectory(np.array(thetas), cost)


def _state(network: Network, case: Case) -> loop.TrainingState:
    return loop.initial_state(
        network, INITIALIZERS[case.network.initializer], case.training, dtype=np.float64
    )


def fingerprint(case: Case, theta: Array) -> list[list[float]]:
    """Two numbers for every W and b: the sum of its entries, and that of entry k times cos(k)."""
    params = build(case.network, (1, INPUTS)).parameters(np.float64)
    params.theta[:] = theta
    flat = [window.reshape(-1) for _, _, window in params.named_parameters()]
    return [[float(each.sum()), float(each @ np.cos(np.arange(each.size)))] for each in flat]
