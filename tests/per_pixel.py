"""Convolution and max-pooling again, as the book's chapter 6 says them: neuron by neuron, pixel by pixel.

It shares nothing with the package: it is what the package is compared with. A picture is (rows, columns,
channels), W is (maps, kernel, kernel, channels), b is (maps,).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

Picture = Any


def padded(picture: Picture, kernel: int, same: bool) -> Picture:
    """With zeros around it, so that every pixel has a neuron; of an even kernel's one more at the end."""
    if not same:
        return picture
    before, after = (kernel - 1) // 2, kernel // 2
    rows, columns, channels = picture.shape
    wide = np.zeros((before + rows + after, before + columns + after, channels))
    wide[before : before + rows, before : before + columns] = picture
    return wide


def weighted_inputs(W: Any, b: Any, picture: Picture) -> Any:
    """z of each neuron of each map, (rows, columns, maps)."""
    maps, kernel = W.shape[:2]
    rows, columns = (side - kernel + 1 for side in picture.shape[:2])
    z = np.zeros((rows, columns, maps))
    for r, c, k in np.ndindex(z.shape):
        z[r, c, k] = b[k]
        for i, j, channel in np.ndindex(W.shape[1:]):
            z[r, c, k] += W[k, i, j, channel] * picture[r + i, c + j, channel]
    return z


def winners(z: Any, pool: int) -> Iterator[tuple[tuple[int, int, int], tuple[int, int, int]]]:
    """For each square of each map its place, and that of its largest neuron, the first of equals."""
    rows, columns, maps = z.shape
    for r, c, k in np.ndindex(rows // pool, columns // pool, maps):
        neurons = [(r * pool + i, c * pool + j, k) for i, j in np.ndindex(pool, pool)]
        yield (r, c, k), max(neurons, key=lambda neuron: z[neuron])


def forward(W: Any, b: Any, picture: Picture, pool: int, same: bool) -> Any:
    """z after pooling, (rows, columns, maps)."""
    z = weighted_inputs(W, b, padded(picture, W.shape[1], same))
    pooled = np.zeros((z.shape[0] // pool, z.shape[1] // pool, z.shape[2]))
    for square, winner in winners(z, pool):
        pooled[square] = z[winner]
    return pooled


def backward(W: Any, b: Any, picture: Picture, pool: int, same: bool, delta: Any) -> tuple[Any, Any, Any]:
    """dC/dW, dC/db and dC/dpicture, for dC/dz after pooling, (rows, columns, maps)."""
    wide, kernel = padded(picture, W.shape[1], same), W.shape[1]
    dW, db, dwide = np.zeros_like(W), np.zeros_like(b), np.zeros_like(wide)
    for square, (r, c, k) in winners(weighted_inputs(W, b, wide), pool):
        db[k] += delta[square]
        for i, j, channel in np.ndindex(W.shape[1:]):
            dW[k, i, j, channel] += delta[square] * wide[r + i, c + j, channel]
            dwide[r + i, c + j, channel] += delta[square] * W[k, i, j, channel]
    before = (kernel - 1) // 2 if same else 0
    rows, columns, _ = picture.shape
    return dW, db, dwide[before : before + rows, before : before + columns]
