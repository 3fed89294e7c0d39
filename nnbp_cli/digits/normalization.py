"""MNIST's normalization: a digit in a box of 20x20 pixels, its centre of mass at the middle of 28x28.

    ink of any size -> its bounding box -> 20 pixels along its longer side -> 28x28, centred by mass

The page of `nnbp report` takes the same steps in report/digit.js; the tests hold both to the same vectors.
"""

import numpy as np

from nnbp_cli.nn.arrays import Array, Bytes

SIDE, BOX, CENTRE = 28, 20, 14  # pixels; MNIST's centre is pixel 14, counted from 0


def normalize(ink: Array) -> Bytes:
    """The image, (28, 28), of the one digit whose ink is `ink`, (rows, columns), 0 to 1; black without any.

    A pixel of the image is the mean of the ink under it, so edges are smooth, whether the digit was made
    smaller or larger.
    """
    image = np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return image
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, int(nearest(BOX * side / max(ink.shape)))) for side in ink.shape)
    fitted = overlaps(ink.shape[0], height) @ ink @ overlaps(ink.shape[1], width).T
    top, left = corner(fitted.sum(axis=1)), corner(fitted.sum(axis=0))
    image[top : top + height, left : left + width] = nearest(255 * fitted)
    return image


def nearest(value: Array | float) -> Array:
    """The nearest integer; a half goes up, even when a sum came out a few bits below it."""
    whole: Array = np.floor(np.add(value, 0.500001)).astype(int)
    return whole


def overlaps(old: int, new: int) -> Array:
    """(new, old): the share that each old pixel has in each new one, when a side is cut anew."""
    edges = np.arange(new + 1)[:, None] * (old / new)
    covered = np.clip(edges - np.arange(old), 0, 1)  # of each old pixel, up to each edge
    shares: Array = np.diff(covered, axis=0) * (new / old)
    return shares


def corner(mass: Array) -> int:
    """Where a side whose ink is `mass`, (pixels,), begins, so that its middle comes to the centre."""
    middle = np.arange(len(mass)) @ mass / mass.sum()
    return int(np.clip(nearest(CENTRE - middle), 0, SIDE - len(mass)))
