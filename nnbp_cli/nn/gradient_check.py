"""Backpropagation held against numerical differentiation, parameter by parameter.

Numerical differentiation knows nothing of the chain rule: it moves one parameter a little, runs the
network forward, and looks at the cost. It needs some forward passes for every parameter, which is why
there is backpropagation, and it is why the two can be trusted when they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty


@dataclass(frozen=True)
class Agreement:
    """How the two gradients agree in one window: the W or the b of one layer, counted from 0.

    `error` is max |backprop - numerical| over the window, relative to max |numerical|. Parameter by
    parameter a relative error means nothing where the gradient is all but zero.
    """

    layer: int
    window: str
    error: float


def compare(
    network: Network,
    params: Parameters,
    x: Array,
    y: Array,
    penalty: Penalty | None = None,
    h: float = 1e-4,
) -> Iterator[Agreement]:
    """The agreement in every window, for inputs x, (m, inputs), and targets y, (m, outputs), in float64.

    Right gradients agree to 1e-8 where no example is within a few h of the kink of a ReLU.
    """
    if params.theta.dtype != np.float64:
        raise TypeError(f"a gradient is checked in float64, not in {params.theta.dtype}")
    gradient, numeric = network.parameters(np.float64), network.parameters(np.float64)
    network.backprop(params, x, y, out=gradient)
    if penalty:
        penalty.add_gradient(params, gradient)

    def cost() -> float:
        mean = float(network.costs(params, x, y).mean())
        return mean + (penalty.cost(params) if penalty else 0.0)

    for k in range(params.theta.size):
        numeric.theta[k] = _slope(cost, params.theta, k, h)

    for layer, (ours, theirs) in enumerate(zip(gradient.layers, numeric.layers, strict=True)):
        for window, g, n in zip("Wb", ours, theirs, strict=False):
            yield Agreement(layer, window, float(abs(g - n).max() / abs(n).max()))


def _slope(cost: Callable[[], float], theta: Array, k: int, h: float) -> float:
    """d cost / d theta_k by the five-point rule, whose error falls with h^4."""
    here = theta[k]
    values = []
    for move in (-2 * h, -h, h, 2 * h):
        theta[k] = here + move
        values.append(cost())
    theta[k] = here
    back2, back1, ahead1, ahead2 = values
    return (back2 - 8 * back1 + 8 * ahead1 - ahead2) / (12 * h)
