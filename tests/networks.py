"""Small networks and batches for the tests. All sizes differ, or a transposed matrix would pass."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, OverrideConfig, build
from nnbp_cli.models.ensemble import Ensemble, Member, ensemble
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.activations import Activation
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import Cost
from nnbp_cli.nn.initializers import default, he
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty

T = TypeVar("T")


def voters(*learned: Weights) -> Ensemble:
    """The ensemble of these networks, called 0.npz, 1.npz and so on."""
    return ensemble([Member(Path(f"{number}.npz"), each) for number, each in enumerate(learned)])


def dense(sizes: list[int], activations: list[Activation], cost: Cost) -> Network:
    """Dense layers of `sizes`, the inputs first, with one activation for each layer after them."""
    layers = [
        Dense(inputs, neurons, activation)
        for (inputs, neurons), activation in zip(pairwise(sizes), activations, strict=True)
    ]
    return Network(tuple(layers), cost)


def started(network: Network, seed: int = 1, dtype: type[np.floating] = np.float64) -> Parameters:
    """Parameters drawn by the default initializer."""
    params = network.parameters(dtype)
    default.fill(network, params, np.random.default_rng(seed))
    return params


def batch(m: int, inputs: int, outputs: int, seed: int = 2) -> tuple[Array, Array]:
    """m inputs in 0..1 and their one-hot targets, in float64."""
    rng = np.random.default_rng(seed)
    return rng.random((m, inputs)), np.eye(outputs)[rng.integers(outputs, size=m)]


def planted(kind: type[T], method: str, wrong: Callable[..., Any]) -> type[T]:
    """A subclass of `kind` in which one method is wrong."""
    return type(f"Wrong{kind.__name__}", (kind,), {method: wrong})


def convolutional(
    convolutions: tuple[LayerConfig, ...],
    shape: tuple[int, int],
    hidden: int = 9,
    seed: int = 0,
    classes: int = 7,
) -> Weights:
    """Random weights of convolutions, a hidden layer and seven classes, for images of `shape`."""
    layers = (*convolutions, LayerConfig(neurons=hidden, activation="tanh"),
              LayerConfig(neurons=classes, activation="softmax"))  # fmt: skip
    config = NetworkConfig(cost="log-likelihood", layers=layers)
    network = build(config, shape)
    params = network.parameters()
    he.fill(network, params, np.random.default_rng(seed))
    params.theta *= 2  # so that it tells images apart
    for _, b in filter(None, params.layers):
        b[:] = np.linspace(-0.3, 0.3, len(b))
    return Weights(config, params, DataConfig(), shape, "", Penalty(images=1), 1)


TRAINED = NetworkConfig(
    cost="cross-entropy",
    layers=(
        LayerConfig(neurons=5, activation="relu", override=(OverrideConfig(neuron=2, activation="tanh"),)),
        LayerConfig(neurons=4, activation="sigmoid"),
    ),
)


def trained() -> Weights:
    """What a run on 3x2 images might have learned."""
    params = build(TRAINED, (3, 2)).parameters()
    params.theta[:] = np.random.default_rng(0).standard_normal(params.theta.size)
    data = DataConfig(name="./digits", train=50, validation=10)
    return Weights(TRAINED, params, data, (3, 2), "a digest", Penalty(l1=0.25, l2=0.5, images=50), epoch=7)
