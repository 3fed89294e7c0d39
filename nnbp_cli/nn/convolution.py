"""Convolution with max-pooling, the book's chapter 6: neurons that look at a small part of a picture for the
same thing everywhere.

A feature map has a neuron for each place of a kernel on the picture, and they all share one kernel of weights
and one bias. Of each square of pool x pool neurons of a map the largest z goes on. No activation falls, so
f(max z) = max f(z), and f is computed once for a square, as in the book's network3.py.

The neurons of one square, of all maps, are a small dense layer. Together they see a patch of kernel + pool
- 1 pixels a side; the row of weights of each is its kernel, at the neuron's own place in the patch, and zeros
around it. So the z of all squares of a batch are one matrix product, of patches that overlap little with
expanded weights; the maximum is taken over whole blocks of the result; and backpropagation is that of Dense,
where the gradients at a kernel's places are added up, because there the weights are the same.
"""

from dataclasses import dataclass
from math import ceil, prod
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnbp_cli.nn.activations import Activation
from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.nn.layers import Views


class Cache(NamedTuple):
    """What the backward pass needs: the patches, (m squares, patch pixels), the expanded weights, (pool pool
    maps, patch pixels), and for each neuron whether it is the largest of its square, the first of equals,
    (pool pool, maps, m squares).
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
        """The multiplications of the product of expanded weights."""
        return prod(self.outputs[:2]) * prod(self._expanded_shape)

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
        return np.add(largest.T, b, order="C").reshape(len(a), -1), Cache(patches, weights, is_largest)

    def gradients(self, delta: Array, cache: Cache, out: Views, /) -> None:
        """The sums over the batch and over all neurons that share a weight."""
        dW, db = out
        expanded = self._errors(delta, cache) @ cache.patches
        dW[...] = sum(self._kernels(expanded))
        delta.reshape(-1, self.maps).sum(axis=0, out=db)

    def backward(self, params: Views, delta: Array, cache: Cache, /) -> Array:
        """What each patch gets back, added up where patches overlap, (m, inputs)."""
        rows, columns, channels = self.picture
        before, after = self.padding
        pictures = np.zeros(
            (len(delta), before + rows + after, before + columns + after, channels), delta.dtype
        )
        windows = self._windows(pictures, writeable=True)
        pulled = (self._errors(delta, cache).T @ cache.weights).reshape(windows.shape)
        apart = ceil(self._patch / self.pool)  # of every so many patches no two overlap
        for i, j in np.ndindex(apart, apart):
            windows[:, i::apart, j::apart] += pulled[:, i::apart, j::apart]
        return pictures[:, before : before + rows, before : before + columns].reshape(len(delta), -1)

    def margin(self, params: Views, a: Array, /) -> float:
        """By how much the largest z of a square is larger than the next that is not its equal, at least.

        Neurons that see the same, as on blank paper, are equal, but for how their sums were rounded.
        """
        z = self._of_neurons(self._expanded(params[0]), self._patches(a))
        behind = z.max(axis=0) - z
        return float(behind[behind > 1e-12 * abs(z).max()].min(initial=np.inf))

    def _of_neurons(self, weights: Array, patches: Array) -> Array:
        """z of all neurons but for the bias, (pool pool, maps, m squares)."""
        z: Array = (weights @ patches.T).reshape(self.pool**2, self.maps, -1)
        return z

    @property
    def _patch(self) -> int:
        """Pixels along a side of what the neurons of a square see together."""
        return self.kernel + self.pool - 1

    @property
    def _expanded_shape(self) -> tuple[int, int]:
        """The neurons of a square, of all maps, and the numbers of the patch that they see."""
        return self.pool**2 * self.maps, self._patch**2 * self.picture[2]

    def _patches(self, a: Array) -> Array:
        pictures = a.reshape(-1, *self.picture)
        if self.same:
            pictures = np.pad(pictures, [(0, 0), self.padding, self.padding, (0, 0)])
        return self._windows(pictures).reshape(-1, self._expanded_shape[1])

    def _windows(self, pictures: Array, writeable: bool = False) -> Array:
        """The patch of each square, a view, (m, rows, columns, patch, patch channels)."""
        m, rows, _, channels = pictures.shape
        lines = pictures.reshape(m, rows, -1)  # so that a row of a patch is one stretch of memory
        shape = (self._patch, self._patch * channels)
        windows = sliding_window_view(lines, shape, axis=(1, 2), writeable=writeable)
        view: Array = windows[:, :: self.pool, :: self.pool * channels]
        return view

    def _expanded(self, W: Array) -> Array:
        """The weights of a square's neurons, (pool pool maps, patch patch channels)."""
        weights = np.zeros(self._expanded_shape, W.dtype)
        for kernel in self._kernels(weights):
            kernel[...] = W
        return weights

    def _kernels(self, expanded: Array) -> list[Array]:
        """Where W is in expanded weights, a view for each neuron of a square, of the shape of W."""
        patches = expanded.reshape(-1, self.maps, self._patch, self._patch, self.picture[2])
        places = np.ndindex(self.pool, self.pool)
        return [patch[:, i : i + self.kernel, j : j + self.kernel] for patch, (i, j) in zip(patches, places)]

    def _errors(self, delta: Array, cache: Cache) -> Array:
        """delta for the largest neuron of each square, 0 for the others, (pool pool maps, m squares)."""
        of_squares = np.ascontiguousarray(delta.reshape(-1, self.maps).T)
        errors: Array = cache.is_largest * of_squares
        return errors.reshape(-1, of_squares.shape[1])
