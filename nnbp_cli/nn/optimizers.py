"""Optimizers: what to do with a gradient.

Each changes theta in place, element by element, so it can be given any part of the vectors. What it
must remember from step to step is in `slots`, rows as long as theta that start as zeros; t counts the
steps from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from nnbp_cli.nn.arrays import Array


class Optimizer(Protocol):
    """What the training loop asks of an optimizer."""

    rows: ClassVar[int]

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """Change theta, (n,), and slots, (rows, n), in place, for a gradient, (n,), which is used up."""


@dataclass(frozen=True)
class Sgd:
    """Gradient descent, the book's chapter 1."""

    rows: ClassVar[int] = 0

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """theta <- theta - rate g."""
        gradient *= rate
        theta -= gradient


@dataclass(frozen=True)
class Momentum:
    """The book's momentum (chapter 3), or with `nesterov` that of Nesterov, 1983, which makes the velocity's
    next step, too: in the form of Bengio and others, 2012 (arXiv:1212.0901).
    """

    momentum: float = 0.9
    nesterov: bool = False
    rows: ClassVar[int] = 1

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """v <- mu v - rate g, theta <- theta + v; Nesterov's: theta <- theta + mu v - rate g."""
        (v,) = slots
        v *= self.momentum
        gradient *= rate
        v -= gradient
        if self.nesterov:
            theta += self.momentum * v
            theta -= gradient
        else:
            theta += v
        _lift_denormals(slots, t)


@dataclass(frozen=True)
class RmsProp:
    """Tieleman and Hinton, 2012: steps as long for small gradients as for large ones."""

    rho: float = 0.9
    epsilon: float = 1e-8
    rows: ClassVar[int] = 1

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """v <- rho v + (1 - rho) g^2, theta <- theta - rate g / (sqrt v + epsilon)."""
        (v,) = slots
        v += (1 - self.rho) * (gradient * gradient - v)
        theta -= rate * gradient / (np.sqrt(v) + self.epsilon)
        _lift_denormals(slots, t)


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba, 2015: steps of about the rate, whatever the size of the gradient."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    rows: ClassVar[int] = 2

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2, which start at zero: so with m' =
        m / (1 - beta1^t) and v' = v / (1 - beta2^t), theta <- theta - rate m' / (sqrt v' + epsilon).
        """
        m, v = slots
        m += (1 - self.beta1) * (gradient - m)
        v += (1 - self.beta2) * (gradient * gradient - v)
        bias = (1 - self.beta2**t) ** 0.5
        theta -= (rate * bias / (1 - self.beta1**t)) * m / (np.sqrt(v) + self.epsilon * bias)
        _lift_denormals(slots, t)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay, Loshchilov and Hutter, 2019: as in the paper on all of theta, biases
    too, and no part of the cost.
    """

    weight_decay: float = 0.01

    def step(self, theta: Array, gradient: Array, slots: Array, rate: float, t: int) -> None:
        """theta <- (1 - rate decay) theta, then the step of Adam."""
        theta *= 1 - rate * self.weight_decay
        super().step(theta, gradient, slots, rate, t)


def _lift_denormals(slots: Array, t: int) -> None:
    # A decaying average of a gradient that is mostly zero, as at a pixel that is seldom inked, ends in
    # denormal numbers, on which a processor is several times slower. This is too small to change anything.
    if t % 64 == 0:
        slots += 1e-20


# By the name that a config has for it, each with its usual numbers.
OPTIMIZERS: Mapping[str, Sgd | Momentum | RmsProp | Adam | AdamW] = {
    "sgd": Sgd(),
    "momentum": Momentum(),
    "nesterov": Momentum(nesterov=True),
    "rmsprop": RmsProp(),
    "adam": Adam(),
    "adamw": AdamW(),
}
