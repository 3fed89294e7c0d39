"""Images moved by one pixel, as the book's expand_mnist.py makes five of each image: what moves out of the
picture is lost, what comes in is blank.
"""

import numpy as np

from nnbp_cli.nn.arrays import Bytes, Integers

SHIFTS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))  # down and right: as it is; up, down, left, right


def shifted(images: Bytes, which: Integers, shape: tuple[int, int]) -> Bytes:
    """New images, (n, pixels), of `shape` (rows, columns): each of `images` moved by SHIFTS[which], (n,)."""
    rows, columns = shape
    framed = np.pad(images.reshape(-1, rows, columns), ((0, 0), (1, 1), (1, 1)))
    new = np.empty((len(images), rows, columns), np.uint8)
    for k, (down, right) in enumerate(SHIFTS):
        here = which == k
        new[here] = framed[here, 1 - down : 1 - down + rows, 1 - right : 1 - right + columns]
    return new.reshape(images.shape)
