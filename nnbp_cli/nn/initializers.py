"""Initial weights and biases: random, so that no two neurons start out the same.

name      weights                        biases     source
large     N(0, 1)                        N(0, 1)    Nielsen, chapter 1
default   N(0, 1/fan-in)                 N(0, 1)    Nielsen, chapter 3
glorot    N(0, 2/(fan-in + fan-out))     0          Glorot and Bengio 2010
he        N(0, 2/fan-in)                 0          He and others 2015, for ReLU
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters


@dataclass(frozen=True)
class Initializer:
    """The standard deviations of the weights, given a layer's fan-in and fan-out, and of the biases."""

    name: str
    weights: Callable[[int, int], float]
    biases: float

    def fill(self, network: Network, params: Parameters, rng: np.random.Generator) -> None:
        """Draw every weight and bias of `params`, those of `network`, in place, layer by layer."""
        for layer, windows in zip(network.layers, params.layers, strict=True):
            if windows:
                W, b = windows
                W[...] = self.weights(*layer.fans) * rng.standard_normal(W.shape)
                b[...] = self.biases * rng.standard_normal(b.shape)


default = Initializer("default", lambda fan_in, fan_out: 1 / sqrt(fan_in), 1.0)
large = Initializer("large", lambda fan_in, fan_out: 1.0, 1.0)
glorot = Initializer("glorot", lambda fan_in, fan_out: sqrt(2 / (fan_in + fan_out)), 0.0)
he = Initializer("he", lambda fan_in, fan_out: sqrt(2 / fan_in), 0.0)

INITIALIZERS = {each.name: each for each in (default, large, glorot, he)}
