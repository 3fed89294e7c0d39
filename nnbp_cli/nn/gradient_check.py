"""Backpropagation held against numerical differentiation.

Numerical differentiation knows nothing of the chain rule: it moves the parameters a little, runs the network
forward, and looks at the cost. It needs some forward passes for every parameter, which is why there is
backpropagation, and it is why the two can be trusted when they agree.

Parameters are moved one after the other, or all those of a window at once, along random directions d, where
d . gradient is held against the slope of the cost: a few forward passes for a window of any size, and a
single wrong entry is still seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty

TOLERANCE = 1e-8
H = 1e-4  # a step
MIN_H = 1e-6  # where a kink is near; below it rounding hides what is wrong
STEPS_TO_KINK = 20  # a step moves several z, and each by more than itself
DIRECTIONS = 10  # in each window

# Makes the generator that dropout draws from, the same each time.
SameMasks = Callable[[], np.random.Generator]


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
    def name(self) -> str:
        """The window, as in layers.0.W."""
        return f"layers.{self.layer}.{self.window}"

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


def distance_to_kink(
    network: Network, params: Parameters, x: Array, rng: np.random.Generator | None = None
) -> float:
    """How far inputs x, (m, inputs), are from where a slope jumps: from a z of 0, where a ReLU has its kink,
    and from a square in which another neuron becomes the largest. A numerical slope across a kink is neither
    one side's nor the other's.
    """
    distances, a = [], x
    for layer, views, (z, next_a, _) in zip(
        network.layers, params.layers, network.feedforward(params, x, rng), strict=True
    ):
        distances += [layer.margin(views, a), float(abs(z).min()) if layer.shapes else inf]
        a = next_a
    return min(distances)


def check_gradient(
    network: Network,
    params: Parameters,
    x: Array,
    y: Array,
    penalty: Penalty | None = None,
    masks: SameMasks | None = None,
    directions: np.random.Generator | None = None,
    gradient: Parameters | None = None,
    progress: Callable[[], object] = bool,
) -> Iterator[GradientCheck]:
    """How backprop and numerical differentiation agree at `params`, window by window, in float64.

    x is (m, inputs), y is (m, outputs). A `gradient` that is given is checked in place of backprop's. Each
    parameter is moved by itself; where `directions` are given, all of a window along ten of them, N(0, 1) in
    each entry. `masks` makes the generator that dropout draws from, the same each time, so that what is left
    out stays fixed. Steps are smaller than the distance to the next kink. No weight may be within a few steps
    of 0 where there is an L1 penalty. `progress` is called after each numerical slope.
    """
    if params.theta.dtype != np.float64:
        raise TypeError(f"a gradient is checked in float64, not in {params.theta.dtype}")

    def rng() -> np.random.Generator | None:
        return masks() if masks else None

    def cost() -> float:
        mean = float(network.costs(params, x, y, rng()).mean())
        return mean + (penalty.cost(params) if penalty else 0.0)

    def slope(theta: Array, direction: Array | float, h: float) -> float:
        """The slope of the cost as `theta` moves along `direction`: the five-point rule, to about h^4."""
        here = theta.copy()
        costs = []
        for steps in (-2, -1, 1, 2):
            theta[:] = here + (steps * h) * direction
            costs.append(cost())
        theta[:] = here
        progress()
        return (costs[0] - 8 * costs[1] + 8 * costs[2] - costs[3]) / (12 * h)

    if not gradient:
        gradient = network.parameters(np.float64)
        network.backprop(params, x, y, gradient, rng())
        if penalty:
            penalty.add_gradient(params, gradient)
    step = min(H, max(MIN_H, distance_to_kink(network, params, x, rng()) / STEPS_TO_KINK))
    learning = [layer for layer in network.layers if layer.shapes]
    for (number, name, window), (*_, slopes) in zip(params.named_parameters(), gradient.named_parameters()):
        theta, backprop, h = window.reshape(-1), slopes.reshape(-1), step
        if directions:
            if name == "W":  # so that a neuron's z moves no further than one weight moves it
                h /= sqrt(learning[number].fans[0])
            along = (directions.standard_normal(theta.size) for _ in range(DIRECTIONS))  # one in memory
            pairs = [(float(direction @ backprop), slope(theta, direction, h)) for direction in along]
        else:
            pairs = [(float(backprop[k]), slope(theta[k : k + 1], 1.0, h)) for k in range(theta.size)]
        ours, numeric = np.transpose(pairs)
        # A cost is right to a few units in its last place; the rule divides what is left by h.
        rounding = 8 * float(np.finfo(np.float64).eps) * abs(cost()) / h
        difference, largest = float(abs(ours - numeric).max()), float(abs(numeric).max())
        yield GradientCheck(number, name, difference, largest, rounding)
