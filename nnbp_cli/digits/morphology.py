"""What is in a square window around every pixel of a picture, (rows, columns).

Along one axis and then along the other: a few passes over the picture, however wide the window is.
"""

from __future__ import annotations

import numpy as np

from nnbp_cli.nn.arrays import Array


def box_mean(picture: Array, reach: int) -> Array:
    """The mean of the pixels within `reach`; beyond the edge there are none."""
    return _means(_means(picture, reach).T, reach).T


def closing(picture: Array, reach: int) -> Array:
    """Without what is dark and narrower than the window: the least of the largest values within `reach`.

    Beyond the edge the picture goes on as it is there, so that light which falls off towards it stays.
    """
    wide = np.pad(picture, 2 * reach, mode="edge")
    return -_largest(-_largest(wide, reach), reach)


def dilation(ink: Array, reach: int) -> Array:
    """The largest value within `reach`, for a picture that is larger by `reach` on each side."""
    return _largest(np.pad(ink, 2 * reach), reach)


def _means(picture: Array, reach: int) -> Array:
    """Along the columns: differences of the sums from the top."""
    count = len(picture)
    sums = np.cumsum(np.concatenate([np.zeros_like(picture[:1]), picture]), axis=0)
    first, end = np.maximum(np.arange(count) - reach, 0), np.minimum(np.arange(count) + reach + 1, count)
    means: Array = (sums[end] - sums[first]) / (end - first)[:, None]
    return means


def _largest(picture: Array, reach: int) -> Array:
    """Of every whole window; so the picture is smaller by `reach` on each side."""
    for _ in range(2):
        height, wanted = 1, 2 * reach + 1
        while height < wanted:  # two windows that overlap make one
            step = min(height, wanted - height)
            picture = np.maximum(picture[:-step], picture[step:])
            height += step
        picture = picture.T
    return picture
