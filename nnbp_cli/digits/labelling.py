"""The connected regions of a picture, without a loop over its pixels.

pixels -> runs, the pixels side by side in a row -> pairs of runs that touch -> regions of runs
"""

from __future__ import annotations

import numpy as np

from nnbp_cli.nn.arrays import Array


def label(mask: Array) -> Array:
    """For each pixel of `mask`, (rows, columns), the number of its region, from 1 on; 0 where it is not set.

    Pixels touch along their sides and at their corners.
    """
    rows, columns = mask.shape
    wide = np.zeros((rows + 2, columns + 2), np.int8)  # so that no run goes on in the next row
    wide[1:-1, 1:-1] = mask
    steps = np.diff(wide.ravel(), prepend=np.int8(0))
    first, end = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    above, below = _touching(first, end, columns + 2)
    numbers = np.unique(_connected(len(first), above, below), return_inverse=True)[1] + 1
    flat = np.zeros(wide.size, np.intp)
    flat[wide.ravel() > 0] = np.repeat(numbers, end - first)
    return flat.reshape(wide.shape)[1:-1, 1:-1]


def _touching(first: Array, end: Array, stride: int) -> tuple[Array, Array]:
    """The pairs of runs that touch, the upper and the lower one of each."""
    from_ = np.searchsorted(end, first + stride, side="left")  # the first below that ends late enough
    to = np.searchsorted(first, end + stride, side="right")  # and the first that begins too late
    counts = to - from_
    above = np.repeat(np.arange(len(first)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(from_, counts)
    return above, below


def _connected(count: int, one: Array, other: Array) -> Array:
    """For each of `count` things, the least thing that it is connected with by pairs of `one` and `other`."""
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
