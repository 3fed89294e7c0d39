"""The backpropagation algorithm.

The four equations of the book's chapter 2, for one example as a column, and for a batch as m rows:

           one example, a column                               a batch, m rows
    BP1    delta^L = grad_a C * sigma'(z^L)                    row by row the same, divided by m
    BP2    delta^l = ((W^{l+1})^T delta^{l+1}) * sigma'(z^l)   (delta^{l+1} W^{l+1}) * sigma'(z^l)
    BP3    dC/db^l = delta^l                                   delta^l, summed over the rows
    BP4    dC/dW^l = delta^l (a^{l-1})^T                       (delta^l)^T a^{l-1}

Dividing by m once, at BP1, makes every gradient the mean over the batch. docs/backprop.md derives them.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.nn.costs import Cost
from nnbp_cli.nn.layers import Layer
from nnbp_cli.nn.parameters import Parameters

# Evaluated at once:
MAX_IMAGES = 1000
MAX_MULTIPLICATIONS = 2_000_000_000
MAX_SCRATCH = 8_000_000  # numbers


@dataclass(frozen=True)
class Network:
    """Layers, first to last, and the cost of the last one's output. What they learn is in `Parameters`."""

    layers: tuple[Layer, ...]
    cost: Cost

    @property
    def title(self) -> str:
        """Its inputs, and what each layer that learns gives, as the book writes them: "784-30-10"; of a
        convolution the maps and their size after pooling: "784-20@12x12-100-10".
        """
        learning = (_in_words(layer.outputs) for layer in self.layers if layer.shapes)
        return "-".join((str(self.inputs), *learning))

    @property
    def inputs(self) -> int:
        """How many numbers an example has."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """How many numbers it answers an example with: the classes."""
        return prod(self.layers[-1].outputs)

    @property
    def size(self) -> int:
        """How many parameters it has."""
        return sum(prod(shape) for layer in self.layers for shape in layer.shapes)

    @property
    def work(self) -> int:
        """Multiplications that the forward pass of an example takes."""
        return sum(layer.work for layer in self.layers)

    @property
    def scratch(self) -> int:
        """Numbers that its layers work with for an example, beside z, a and delta."""
        return sum(layer.scratch for layer in self.layers)

    @property
    def images_at_once(self) -> int:
        """How many images are evaluated at once: they stay in the cache, and take hundredths of a second."""
        limits = MAX_IMAGES, MAX_MULTIPLICATIONS // max(1, self.work), MAX_SCRATCH // max(1, self.scratch)
        return max(1, min(limits))

    @property
    def random(self) -> bool:
        """Whether it wants random numbers while it trains."""
        return any(layer.random for layer in self.layers)

    def parameters(self, dtype: npt.DTypeLike = np.float32) -> Parameters:
        """Parameters of the right shapes, all zero; also what `backprop` takes as `out`."""
        return Parameters([layer.shapes for layer in self.layers], dtype)

    def feedforward(
        self, params: Parameters, x: Array, rng: np.random.Generator | None = None
    ) -> list[tuple[Array, Array, Any]]:
        """z, a and cache of every layer, first to last, for inputs x, (m, inputs)."""
        steps = []
        a = x
        for layer, p in zip(self.layers, params.layers, strict=True):
            z, cache = layer.forward(p, a, rng)
            a = layer.activation.f(z)
            steps.append((z, a, cache))
        return steps

    def predict(self, params: Parameters, x: Array) -> Array:
        """Output activations a, (m, outputs), for inputs x, (m, inputs)."""
        return self.feedforward(params, x)[-1][1]

    def costs(self, params: Parameters, x: Array, y: Array, rng: np.random.Generator | None = None) -> Array:
        """The cost of every example, (m,), for inputs x, (m, inputs), and targets y, (m, outputs)."""
        z, a, _ = self.feedforward(params, x, rng)[-1]
        return self.cost.values(z, a, y)

    def backprop(
        self, params: Parameters, x: Array, y: Array, out: Parameters, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        """Write the gradient of the batch's mean cost into `out`; return z and a of the output layer.

        x is (m, inputs), y is (m, outputs). `rng` is for layers that are random while training.
        """
        steps = self.feedforward(params, x, rng)  # input, feedforward

        z, a, cache = steps[-1]
        delta = self.cost.delta(self.layers[-1].activation, z, a, y) / len(x)  # output error: BP1
        self.layers[-1].gradients(delta, cache, out.layers[-1])

        for l in reversed(range(len(self.layers) - 1)):  # backpropagate the error
            pulled = self.layers[l + 1].backward(params.layers[l + 1], delta, cache)
            z, a, cache = steps[l]
            delta = pulled * self.layers[l].activation.prime(z, a)  # BP2
            self.layers[l].gradients(delta, cache, out.layers[l])
        return steps[-1][:2]


def _in_words(outputs: Shape) -> str:
    if len(outputs) == 1:
        return str(outputs[0])
    rows, columns, maps = outputs
    return f"{maps}@{rows}x{columns}"
