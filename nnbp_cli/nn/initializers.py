"""Initial weights and biases: random, so that no two neurons start out the same.

name      weights                        biases     source
large     N(0, 1)                        N(0, 1)    Nielsen, chapter 1
default   N(0, 1/fan-in)                 N(0, 1)    Nielsen, chapter 3
glorot    N(0, 2/(fan-in + fan-out))     0          Glorot and Bengio 2010
he        N(0, 2/fan-in)                 0          He and others 2015, for ReLU
network3  N(0, 1/fan-out)                N(0, 1)    Nielsen, chapter 6: its program; the output layer is 0
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters


@dataclass(frozen=True)
class Initializer:
    """The standard deviations of the weights, given a layer's fan-in and fan-out, and of the biases; where
    `zero_output`, the last layer starts at 0.
    """

    name: str
    weights: Callable[[float, float], float]
    biases: float
    zero_output: bool = False

    def fill(self, network: Network, params: Parameters, rng: np.random.Generator) -> None:
        """Draw every weight and bias of `params`, those of `network`, in place, layer by layer."""
        for layer, windows in zip(network.layers, params.layers, strict=True):
            if windows:
                W, b = windows
                zero = self.zero_output and layer is network.layers[-1]
                W[...] = 0 if zero else self.weights(*layer.fans) * rng.standard_normal(W.shape)
                b[...] = 0 if zero else self.biases * rng.standard_normal(b.shape)


default = Initializer("default", lambda fan_in, fan_out: 1 / sqrt(fan_in), 1.0)
large = Initializer("large", lambda fan_in, fan_out: 1.0, 1.0)
glorot = Initializer("glorot", lambda fan_in, fan_out: sqrt(2 / (fan_in + fan_out)), 0.0)
he = Initializer("he", lambda fan_in, fan_out: sqrt(2 / fan_in), 0.0)
network3 = Initializer("network3", lambda fan_in, fan_out: 1 / sqrt(fan_out), 1.0, zero_output=True)

INITIALIZERS = {each.name: each for each in (default, large, glorot, he, network3)}
