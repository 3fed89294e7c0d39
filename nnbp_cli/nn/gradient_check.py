"""Backpropagation held against numerical differentiation.

Numerical differentiation knows nothing of the chain rule: it moves the parameters a little, runs the network
forward, and looks at the cost. It needs some forward passes for every parameter, which is why there is
backpropagation, and it is why the two can be trusted when they agree.

`check_each` moves one parameter after the other. `check_directions` moves all those of a window at once,
along random directions d, and holds d . gradient against the slope of the cost there: a few forward passes
for a window of any size, and a single wrong entry is still seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty

TOLERANCE = 1e-8
H = 1e-4

Masks = Callable[[], np.random.Generator]


@dataclass(frozen=True)
class GradientCheck:
    """How the two gradients agree in one window: the W or the b of a layer, counted from 0 among those that
    learn.

    `difference` is max |backprop - numerical| over its parameters (or directions), `largest` is
    max |numerical|, and `rounding` is what rounding alone may make of a numerical slope.
    """

    layer: int
    window: str
    difference: float
    largest: float
    rounding: float

    @property
    def error(self) -> float:
        """The difference relative to the largest slope: parameter by parameter a relative error means nothing
        where the gradient is all but zero.
        """
        return self.difference / self.largest if self.largest else float(self.difference > 0)

    @property
    def holds(self) -> bool:
        """Whether they agree to 1e-8, or to as much as rounding leaves of a gradient that is tiny."""
        return self.difference <= TOLERANCE * self.largest + self.rounding


def check_each(
    network: Network,
    params: Parameters,
    x: Array,
    y: Array,
    penalty: Penalty | None = None,
    masks: Masks | None = None,
) -> Iterator[GradientCheck]:
    """The agreement in every window, each parameter moved by itself, in float64.

    x is (m, inputs), y is (m, outputs). `masks` makes the generator that dropout draws from, the same each
    time, so that what is left out stays fixed. No example may be within a few h of the kink of a ReLU, nor a
    weight of 0 where there is an L1 penalty.
    """
    check = _Check(network, params, x, y, penalty, masks)
    for layer, name, window, gradient in check.windows():
        theta = window.reshape(-1)
        numeric = np.array([check.slope(theta[k : k + 1], 1.0, H) for k in range(theta.size)])
        yield check.agreement(layer, name, gradient.reshape(-1), numeric, H)


def check_directions(
    network: Network,
    params: Parameters,
    x: Array,
    y: Array,
    rng: np.random.Generator,
    penalty: Penalty | None = None,
    masks: Masks | None = None,
    directions: int = 10,
) -> Iterator[GradientCheck]:
    """As `check_each`, in every window along random `directions`, N(0, 1) in each entry."""
    check = _Check(network, params, x, y, penalty, masks)
    for layer, name, window, gradient in check.windows():
        theta = window.reshape(-1)
        along = rng.standard_normal((directions, theta.size))
        # So that a neuron's z moves no further than one weight moves it.
        h = H / sqrt(check.fan_in(layer)) if name == "W" else H
        numeric = np.array([check.slope(theta, direction, h) for direction in along])
        yield check.agreement(layer, name, along @ gradient.reshape(-1), numeric, h)


class _Check:
    """The cost and its gradient by backprop, at one place: `params`, a batch, fixed masks."""

    def __init__(
        self,
        network: Network,
        params: Parameters,
        x: Array,
        y: Array,
        penalty: Penalty | None,
        masks: Masks | None,
    ) -> None:
        if params.theta.dtype != np.float64:
            raise TypeError(f"a gradient is checked in float64, not in {params.theta.dtype}")
        self.network, self.params, self.x, self.y = network, params, x, y
        self.penalty, self.masks = penalty, masks
        self.gradient = network.parameters(np.float64)
        network.backprop(params, x, y, self.gradient, self.rng())
        if penalty:
            penalty.add_gradient(params, self.gradient)

    def rng(self) -> np.random.Generator | None:
        return self.masks() if self.masks else None

    def cost(self) -> float:
        mean = float(self.network.costs(self.params, self.x, self.y, self.rng()).mean())
        return mean + (self.penalty.cost(self.params) if self.penalty else 0.0)

    def windows(self) -> Iterator[tuple[int, str, Array, Array]]:
        for (layer, name, window), (_, _, gradient) in zip(
            self.params.named_parameters(), self.gradient.named_parameters()
        ):
            yield layer, name, window, gradient

    def fan_in(self, layer: int) -> int:
        return [each.fans[0] for each in self.network.layers if each.shapes][layer]

    def slope(self, theta: Array, direction: Array | float, h: float) -> float:
        """The slope of the cost as `theta` moves along `direction`: the five-point rule, to about h^4."""
        here = theta.copy()
        costs = []
        for steps in (-2, -1, 1, 2):
            theta[:] = here + (steps * h) * direction
            costs.append(self.cost())
        theta[:] = here
        back2, back1, ahead1, ahead2 = costs
        return (back2 - 8 * back1 + 8 * ahead1 - ahead2) / (12 * h)

    def agreement(self, layer: int, name: str, ours: Array, numeric: Array, h: float) -> GradientCheck:
        # A cost is right to a few units in its last place; the rule divides what is left by h.
        rounding = 8 * float(np.finfo(np.float64).eps) * abs(self.cost()) / h
        return GradientCheck(
            layer, name, float(abs(ours - numeric).max()), float(abs(numeric).max()), rounding
        )
