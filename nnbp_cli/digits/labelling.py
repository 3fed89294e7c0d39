"""8-connected component labelling, without a loop over the pixels.

pixels -> runs, the pixels side by side in a row -> pairs of runs that touch -> connected runs
"""

from __future__ import annotations

import numpy as np

from nnbp_cli.nn.arrays import Array


def label(mask: Array) -> Array:
    """The number of each pixel's component, from 1 on, (rows, columns); 0 where `mask` is not set."""
    rows, columns = mask.shape
    padded = np.zeros((rows + 2, columns + 2), np.int8)  # so that no run goes on in the next row
    padded[1:-1, 1:-1] = mask
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    first, end = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    above, below = _touching(first, end, columns + 2)
    numbers = np.unique(_connected(len(first), above, below), return_inverse=True)[1] + 1
    labels = np.zeros(padded.size, np.intp)
    labels[padded.ravel() > 0] = np.repeat(numbers, end - first)
    return labels.reshape(padded.shape)[1:-1, 1:-1]


def _touching(first: Array, end: Array, stride: int) -> tuple[Array, Array]:
    """The pairs of runs that touch, along a side or at a corner: the upper and the lower one of each."""
    from_ = np.searchsorted(end, first + stride, side="left")  # the first below that ends late enough
    to = np.searchsorted(first, end + stride, side="right")  # and the first that begins too late
    counts = to - from_
    above = np.repeat(np.arange(len(first)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(from_, counts)
    return above, below


def _connected(count: int, one: Array, other: Array) -> Array:
    """For each of `count` nodes the least node that edges from `one` to `other` connect it with, (count,):
    hooking and pointer jumping, as Shiloach and Vishkin (1982) do in parallel.
    """
    least = np.arange(count)
    while True:
        roots = np.minimum(least[one], least[other])
        hooked = least.copy()
        np.minimum.at(hooked, least[one], roots)
        np.minimum.at(hooked, least[other], roots)
        while not np.array_equal(hooked, hooked[hooked]):
            hooked = hooked[hooked]
        if np.array_equal(hooked, least):
            return least
        least = hooked
