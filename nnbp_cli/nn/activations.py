"""Activation functions: how a neuron's weighted input z becomes its activation a.

An activation is a pair of functions, sigma and sigma-prime. Sigma-prime gets both z and a = sigma(z),
so that each function may use whichever makes it cheap: the sigmoid's slope is a (1 - a).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from nnbp_cli.nn.arrays import Array


@dataclass(frozen=True)
class Activation:
    """a = f(z) and da/dz = prime(z, a), element by element; z, a and the results are (m, neurons)."""

    name: str
    f: Callable[[Array], Array]
    prime: Callable[[Array, Array], Array]
    overridden: tuple["Activation", Mapping[int, "Activation"]] | None = None

    @property
    def parts(self) -> tuple["Activation", Mapping[int, "Activation"]]:
        """The activation of most neurons, and of each that uses another one."""
        return self.overridden or (self, {})


def _softmax(z: Array) -> Array:
    # Beyond 80 below the largest, exp makes denormal numbers, on which processors are many times slower.
    e: Array = np.exp(np.maximum(z - z.max(axis=1, keepdims=True), -80))
    e /= e.sum(axis=1, keepdims=True)
    return e


def _no_prime(z: Array, a: Array) -> Array:
    raise TypeError("softmax has no elementwise derivative; its partner, log-likelihood, needs none")


# The tanh form cannot overflow, unlike 1 / (1 + exp(-z)).
sigmoid = Activation("sigmoid", lambda z: 0.5 + 0.5 * np.tanh(0.5 * z), lambda z, a: a * (1 - a))
tanh = Activation("tanh", np.tanh, lambda z, a: 1 - a * a)
relu = Activation("relu", lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype))
linear = Activation("linear", lambda z: z, lambda z, a: np.ones_like(z))
softmax = Activation("softmax", _softmax, _no_prime)

ACTIVATIONS = {each.name: each for each in (sigmoid, tanh, relu, linear, softmax)}


def override(activation: Activation, others: Mapping[int, Activation]) -> Activation:
    """The same activation, except that each neuron j in `others`, counted from 0, uses its own.

    The first exercise of the book's chapter 2, backpropagation with a single modified neuron: nothing
    in the algorithm changes but which f and which f' belong to that neuron.
    """

    def f(z: Array) -> Array:
        a = np.array(activation.f(z))  # a copy, since linear.f(z) is z itself
        for j, other in others.items():
            a[:, j] = other.f(z[:, j])
        return a

    def prime(z: Array, a: Array) -> Array:
        slopes = activation.prime(z, a)
        for j, other in others.items():
            slopes[:, j] = other.prime(z[:, j], a[:, j])
        return slopes

    names = ", ".join(f"neuron {j} {other.name}" for j, other in sorted(others.items()))
    return Activation(f"{activation.name} ({names})", f, prime, (activation, others))
