"""Convolution with max-pooling, the book's chapter 6: neurons that look at a small part of a picture for the
same thing everywhere.

A feature map has a neuron for each place of a kernel on the picture, and they all share one kernel of weights
and one bias. Of each square of pool x pool neurons of a map the largest z goes on. No activation falls, so
f(max z) = max f(z), and f is computed once for a square, as in the book's network3.py.

The neurons of one square, of all maps, are a small dense layer. Together they see a patch of kernel + pool
- 1 pixels a side; the row of weights of each is its kernel, at the neuron's own place in the patch, and zeros
around it. So backpropagation is that of Dense, for the squares of all pictures at once, with patches that
overlap little for a and expanded weights for W; and the gradients at a kernel's places are added up, because
there the weights are the same. Of the zeros some need no multiplication: the neurons in one row of a square
see no more than `kernel` rows of its patch, which are side by side in memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike

from nnbp_cli.nn.activations import Activation
from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.nn.layers import Views

SQUARES = 1440  # whose gradients are summed at once: their errors and patches stay in the cache


class Cache(NamedTuple):
    """What the backward pass needs: the patches, (m squares, patch pixels), the expanded weights, (pool pool
    maps, patch pixels), and for each neuron whether it is the largest of its square, the first of equals,
    (pool pool, m squares, maps).
    """

    patches: Array
    weights: Array
    is_largest: Array


@dataclass(frozen=True)
class Convolution:
    """Feature maps of a picture, pooled: W is (maps, kernel, kernel, channels) and b (maps,).

    A row of its input is a picture, (rows, columns, channels), channels last, and so is a row of its output,
    (rows, columns, maps). With `same` padding there are zeros around the picture, so that each pixel has its
    neuron; without it a kernel stays inside. Rows and columns of neurons that fill no square are left out.
    """

    picture: tuple[int, int, int]
    maps: int
    kernel: int
    activation: Activation
    pool: int = 1
    same: bool = False
    random: ClassVar[bool] = False

    @property
    def inputs(self) -> int:
        """The numbers of a picture."""
        return prod(self.picture)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """((maps, kernel, kernel, channels), (maps,))."""
        return (self.maps, self.kernel, self.kernel, self.picture[2]), (self.maps,)

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before and after each row and column."""
        return ((self.kernel - 1) // 2, self.kernel // 2) if self.same else (0, 0)

    @property
    def outputs(self) -> tuple[int, int, int]:
        """(rows, columns, maps), of squares."""
        rows, columns = (
            (side + sum(self.padding) - self.kernel + 1) // self.pool for side in self.picture[:2]
        )
        return rows, columns, self.maps

    @property
    def fans(self) -> tuple[float, float]:
        """What a neuron sees; how many neurons see a pixel, of which pooling passes on one in pool pool."""
        return self.kernel**2 * self.picture[2], self.kernel**2 * self.maps / self.pool**2

    @property
    def work(self) -> int:
        """The multiplications of the products with expanded weights."""
        neurons = prod(self.outputs) * self.pool**2
        return neurons * self.kernel * self._patch * self.picture[2]

    @property
    def scratch(self) -> int:
        """Patches, what they get back, z of all neurons, which are the largest, and their errors."""
        neurons, pixels = self._expanded_shape
        return prod(self.outputs[:2]) * (2 * pixels + 3 * neurons)

    def forward(self, params: Views, a: Array, rng: np.random.Generator | None, /) -> tuple[Array, Cache]:
        """z, (m, rows columns maps), the largest of each square."""
        W, b = params
        patches, weights = self._patches(a), self._expanded(W)
        z = self._of_neurons(weights, patches)
        largest = z.max(axis=0)
        is_largest = z == largest
        if self.pool > 1:
            found = is_largest[0].copy()
            for later in is_largest[1:]:  # of equals the first
                np.greater(later, found, out=later)
                found |= later
        return (largest + b).reshape(len(a), prod(self.outputs)), Cache(patches, weights, is_largest)

    def gradients(self, delta: Array, cache: Cache, out: Views, /) -> None:
        """The sums over the batch and over all neurons that share a weight."""
        dW, db = out
        seen = self.kernel, self._patch, self.picture[2]
        expanded = np.zeros((self.pool, self.maps, prod(seen)), dW.dtype)  # of a row of neurons
        of_squares = delta.reshape(-1, self.maps)
        for start in range(0, len(of_squares), SQUARES):
            some = slice(start, start + SQUARES)
            errors = self._errors(of_squares[some], cache.is_largest[:, some])
            for (i, j), of_neuron in zip(self._places, errors):
                expanded[j] += of_neuron.T @ self._seen(cache.patches[some], i)
        dW[...] = 0
        for j, kernels in enumerate(expanded.reshape(self.pool, self.maps, *seen)):
            dW += kernels[:, :, j : j + self.kernel]
        delta.sum(axis=0).reshape(-1, self.maps).sum(axis=0, out=db)

    def backward(self, params: Views, delta: Array, cache: Cache, /) -> Array:
        """What each patch gets back, added up where patches overlap, (m, inputs)."""
        padded, pictures = self._padded(len(delta), delta.dtype)
        windows = self._windows(padded)
        errors = self._errors(delta.reshape(-1, self.maps), cache.is_largest)
        of_squares = errors.swapaxes(0, 1).reshape(len(cache.patches), self._expanded_shape[0])
        pulled = (of_squares @ cache.weights).reshape(windows.shape)
        apart = ceil(self._patch / self.pool)  # of every so many patches no two overlap
        for i, j in product(range(apart), repeat=2):
            windows[:, i::apart, j::apart] += pulled[:, i::apart, j::apart]
        return pictures.reshape(len(delta), self.inputs)

    def margin(self, params: Views, a: Array, /) -> float:
        """By how much the largest z of a square is larger than the next that is not its equal, at least.

        Neurons that see the same, as on blank paper, are equal, but for how their sums were rounded.
        """
        z = self._of_neurons(self._expanded(params[0]), self._patches(a))
        behind = z.max(axis=0) - z
        return float(behind[behind > 1e-12 * abs(z).max()].min(initial=np.inf))

    def _of_neurons(self, weights: Array, patches: Array) -> Array:
        """z of all neurons but for the bias, (pool pool, m squares, maps)."""
        z = np.empty((self.pool, self.pool, len(patches), self.maps), patches.dtype)
        of_first_row = self._seen(weights[: self.pool * self.maps], 0)  # the others' are the same
        for i, row in enumerate(z):
            together = self._seen(patches, i) @ of_first_row.T
            row[...] = together.reshape(-1, self.pool, self.maps).swapaxes(0, 1)
        return z.reshape(self.pool**2, len(patches), self.maps)

    def _seen(self, patches: Array, i: int) -> Array:
        """What neurons in row i of a square see of each patch, (patches, kernel patch channels), a view."""
        line = self._patch * self.picture[2]
        return patches[:, i * line : (i + self.kernel) * line]

    @property
    def _places(self) -> Iterable[tuple[int, ...]]:
        """Row and column of each neuron of a square."""
        return product(range(self.pool), repeat=2)

    @property
    def _patch(self) -> int:
        """Pixels along a side of what the neurons of a square see together."""
        return self.kernel + self.pool - 1

    @property
    def _expanded_shape(self) -> tuple[int, int]:
        """The neurons of a square, of all maps, and the numbers of the patch that they see."""
        return self.pool**2 * self.maps, self._patch**2 * self.picture[2]

    def _patches(self, a: Array) -> Array:
        padded = a.reshape(-1, *self.picture)
        if self.same:
            padded, pictures = self._padded(len(a), a.dtype)
            pictures[...] = a.reshape(pictures.shape)
        return self._windows(padded).reshape(-1, self._expanded_shape[1])

    def _padded(self, m: int, dtype: DTypeLike) -> tuple[Array, Array]:
        """Zeros, m pictures with their padding, and the view of them without it."""
        (rows, columns, channels), (before, after) = self.picture, self.padding
        padded = np.zeros((m, before + rows + after, before + columns + after, channels), dtype)
        return padded, padded[:, before : before + rows, before : before + columns]

    def _windows(self, pictures: Array) -> Array:
        """The patch of each square, a view, (m, rows, columns, patch, patch channels)."""
        rows, columns, _ = self.outputs
        shape = (len(pictures), rows, columns, self._patch, self._patch * self.picture[2])
        picture, line, pixel, number = pictures.strides
        return as_strided(pictures, shape, (picture, self.pool * line, self.pool * pixel, line, number))

    def _expanded(self, W: Array) -> Array:
        """The weights of a square's neurons, (pool pool maps, patch patch channels)."""
        weights = np.zeros(self._expanded_shape, W.dtype)
        neurons = weights.reshape(-1, self.maps, self._patch, self._patch, self.picture[2])
        for (i, j), neuron in zip(self._places, neurons):
            neuron[:, i : i + self.kernel, j : j + self.kernel] = W
        return weights

    def _errors(self, delta: Array, is_largest: Array) -> Array:
        """delta for the largest neuron of each square, 0 for the others, (pool pool, m squares, maps)."""
        errors: Array = is_largest * delta
        return errors
