"""Cost functions: how wrong the output is, and the error delta of the output layer (BP1).

For one example with output a and target y, both rows of (m, outputs):

    quadratic        C = 1/2 sum_j (y_j - a_j)^2
    cross-entropy    C = -sum_j [y_j ln a_j + (1 - y_j) ln(1 - a_j)]
    log-likelihood   C = -sum_j y_j ln a_j

Each has a partner activation for which grad_a C * sigma'(z) is exactly a - y: the slope of the one
cancels against the slope of the other, which is why the book's chapter 3 pairs them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnbp_cli.nn.activations import Activation, linear, sigmoid, softmax
from nnbp_cli.nn.arrays import Array


@dataclass(frozen=True)
class Cost:
    """A cost C of one example, and its gradient with respect to the output activations.

    `values(z, a, y)` is C of every example, (m,), computed from z where a saturated a would give infinity.
    `gradient(a, y)` is dC/da, (m, outputs). `outputs` names the output activations C is defined for.
    """

    name: str
    partner: Activation
    outputs: tuple[str, ...]
    values: Callable[[Array, Array, Array], Array]
    gradient: Callable[[Array, Array], Array]

    def delta(self, activation: Activation, z: Array, a: Array, y: Array) -> Array:
        """The error dC/dz of the output layer, (m, outputs), for an output layer with `activation`."""
        if activation is self.partner:
            return a - y
        return self.gradient(a, y) * activation.prime(z, a)


def _log_likelihood(z: Array, a: Array, y: Array) -> Array:
    below_top = z - z.max(axis=1, keepdims=True)
    log_a = below_top - np.log(np.exp(below_top).sum(axis=1, keepdims=True))
    costs: Array = -(y * log_a).sum(axis=1)
    return costs


quadratic = Cost(
    name="quadratic",
    partner=linear,
    outputs=("sigmoid", "tanh", "relu", "linear"),
    values=lambda z, a, y: 0.5 * np.square(y - a).sum(axis=1),
    gradient=lambda a, y: a - y,
)
cross_entropy = Cost(
    name="cross-entropy",
    partner=sigmoid,
    outputs=("sigmoid",),
    # With a = sigmoid(z), C = ln(1 + e^z) - y z, and ln(1 + e^z) = max(z, 0) + ln(1 + e^-|z|): finite for
    # every z, and in half the time of logaddexp(0, z).
    values=lambda z, a, y: (np.maximum(z, 0) - y * z + np.log(1 + np.exp(-abs(z)))).sum(axis=1),
    gradient=lambda a, y: (a - y) / (a * (1 - a)),
)
log_likelihood = Cost(
    name="log-likelihood",
    partner=softmax,
    outputs=("softmax",),
    values=_log_likelihood,
    gradient=lambda a, y: -y / a,
)

COSTS = {each.name: each for each in (quadratic, cross_entropy, log_likelihood)}
