"""Bilinear interpolation: the brightness at a point from the four pixels around it; no ink beyond the rim."""

from math import prod

import numpy as np

from nnbp_cli.nn.arrays import Bytes, Floats


class Sampler:
    """Interpolates in up to `images` pictures at once of `shape` (rows, columns), as often as it is asked to.

    `points`, (2, rows, images, columns), is where: x and y for each pixel of the new pictures, in pixels, 0
    being the middle of the first. They are written over. The arrays of a sampler are made once: to get new
    ones from the system, page by page, takes as long as all the rest.
    """

    def __init__(self, images: int, shape: tuple[int, int]) -> None:
        self.images, (rows, columns) = images, shape
        points = (rows, images, columns)
        self.points = np.empty((2, *points), np.float32)
        self._cells = np.empty((2, *points), np.float32)
        self._numbers = np.empty((2, *points), np.int32)
        self._index = np.empty(points, np.intp)
        self._corners = np.empty((4, *points), np.float32)
        self._bright = np.empty(points, np.uint8)
        # A rim without ink: a point beyond it is moved onto it, and two of its corners may lie one further.
        self._paper = np.zeros((images, rows + 3, columns + 3), np.float32)

    def interpolate(self, pictures: Bytes) -> Bytes:
        """The new pictures, (n, rows, columns), of n old ones: a view that the next call writes over."""
        _, rows, columns = pictures.shape
        self._paper[: len(pictures), 1:-2, 1:-2] = pictures
        x, y = self.points
        np.clip(x, -1, columns, out=x)
        np.clip(y, -1, rows, out=y)
        np.floor(self.points, out=self._cells)
        self.points -= self._cells  # what is left is how far into its cell each point is, 0 to 1

        # By way of int32, since numpy's straight way from float32 to int64 takes four times as long.
        np.copyto(self._numbers, self._cells, casting="unsafe")
        column, index = self._numbers
        size, below = prod(self._paper.shape[1:]), self._paper.shape[2]
        index *= below
        index += column
        index += (np.arange(len(self._paper), dtype=np.int32) * size + below + 1)[:, None]
        np.copyto(self._index, index)

        ink = self._paper.ravel()
        for corner, beside in zip(self._corners, (0, 1, below, below + 1), strict=True):
            # All are in range, so nothing wraps; with "raise" numpy would gather into a copy first.
            ink[beside:].take(self._index, out=corner, mode="wrap")
        top_left, top_right, left, right = self._corners
        upper, lower = _between(top_left, top_right, x), _between(left, right, x)
        bright = _between(upper, lower, y)
        bright += np.float32(0.5)
        np.copyto(self._bright, bright, casting="unsafe")
        return self._bright.transpose(1, 0, 2)[: len(pictures)]


def _between(a: Floats, b: Floats, share: Floats) -> Floats:
    """What lies between a (share 0) and b (share 1); in the place of b."""
    b -= a
    b *= share
    b += a
    return b
