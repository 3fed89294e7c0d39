"""Initial weights and biases: random, so that no two neurons start out the same.

name      weights                      biases     source
large     N(0, 1)                      N(0, 1)    Nielsen, chapter 1
default   N(0, 1/inputs)               N(0, 1)    Nielsen, chapter 3
glorot    N(0, 2/(inputs + outputs))   0          Glorot and Bengio 2010
he        N(0, 2/inputs)               0          He and others 2015, for ReLU
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod, sqrt

import numpy as np

from nnbp_cli.nn.parameters import Parameters


@dataclass(frozen=True)
class Initializer:
    """The standard deviations of the weights, given a neuron's inputs and outputs, and of the biases."""

    name: str
    weights: Callable[[int, int], float]
    biases: float

    def fill(self, params: Parameters, rng: np.random.Generator) -> None:
        """Draw every weight and bias of `params`, in place, layer by layer."""
        for W, b in filter(None, params.layers):
            neurons, inputs = W.shape[0], prod(W.shape[1:])
            W[...] = self.weights(inputs, neurons) * rng.standard_normal(W.shape)
            b[...] = self.biases * rng.standard_normal(b.shape)


default = Initializer("default", lambda inputs, outputs: 1 / sqrt(inputs), 1.0)
large = Initializer("large", lambda inputs, outputs: 1.0, 1.0)
glorot = Initializer("glorot", lambda inputs, outputs: sqrt(2 / (inputs + outputs)), 0.0)
he = Initializer("he", lambda inputs, outputs: sqrt(2 / inputs), 0.0)

INITIALIZERS = {each.name: each for each in (default, large, glorot, he)}
