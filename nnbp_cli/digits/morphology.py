"""Box filter, closing and dilation of a picture, (rows, columns), by a square of 2 reach + 1 pixels.

Along one axis and then along the other: a few passes over the picture, however wide the square is.
"""

import numpy as np

from nnbp_cli.nn.arrays import Array


def box_mean(picture: Array, reach: int) -> Array:
    """Box filter: the mean of the pixels within `reach`; beyond the edge there are none."""
    return _means(_means(picture, reach).T, reach).T


def closing(picture: Array, reach: int) -> Array:
    """Grey closing, erosion after dilation: without what is dark and narrower than the square.

    Beyond the edge the picture goes on as it is there, so that light which falls off towards it stays.
    """
    padded = np.pad(picture, 2 * reach, mode="edge")
    return -_largest(-_largest(padded, reach), reach)


def dilation(ink: Array, reach: int) -> Array:
    """The largest value within `reach`, for a picture that is larger by `reach` on each side."""
    return _largest(np.pad(ink, 2 * reach), reach)


def _means(picture: Array, reach: int) -> Array:
    """Along the columns: differences of the sums from the top."""
    sums = np.pad(np.cumsum(picture, axis=0), ((1, 0), (0, 0)))
    rows = np.arange(len(picture))
    first, end = np.maximum(rows - reach, 0), np.minimum(rows + reach + 1, len(picture))
    means: Array = (sums[end] - sums[first]) / (end - first)[:, None]
    return means


def _largest(picture: Array, reach: int) -> Array:
    """Of every whole square; so the picture is smaller by `reach` on each side."""
    for _ in range(2):
        height, wanted = 1, 2 * reach + 1
        while height < wanted:  # two squares that overlap make one
            step = min(height, wanted - height)
            picture = np.maximum(picture[:-step], picture[step:])
            height += step
        picture = picture.T
    return picture
