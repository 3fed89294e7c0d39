"""The built-in data set: splines through control points, deformed at random and drawn with a Gaussian pen.

A digit is a skeleton (see `skeletons`) whose points a hand has missed a little, the curve through them on
paper that was bent, squeezed, slanted and turned, and a pen of some width. As in MNIST the ink is fitted
to a box of 20 pixels and its centre of mass put at the middle of a picture of 28 x 28. No pixel is MNIST's;
the skeletons and the constants were set by hand, and judged by how well a network that has seen nothing else
reads MNIST's training images.
"""

from math import pi, sqrt

import numpy as np

from nnbp_cli.datasets.skeletons import DRIFT, USUAL, Skeletons, skeletons
from nnbp_cli.nn.arrays import Array, Bytes, Floats
from nnbp_cli.rng import generator

DIGITS_PER_BLOCK = 64  # drawn at once, by one generator: what they need stays in the cache
SIDE, BOX, CENTRE = 28, 20, 14.0  # pixels; MNIST's centre is pixel 14, counted from 0
SIGMA = 0.9  # pixels; about the distance between dots, or they would show in the line
LIFT = 1.5  # pixels; in a longer step from dot to dot the pen was off the paper

# How hands differ. Deviations are of a normal distribution; a digit is two units high.
MISS = np.array([0.7, 0.7, 1, 1, 1, 1, 0.8, 1, 0.7, 1], np.float32) * 0.09  # of a point, for each digit
WANDER = np.array([1.8, 0.9, 0.6], np.float32)  # misses: slow waves along the whole stroke
BEND, TAPER, TURN, ASPECT, SIZE = 0.1, 0.15, 0.13, 0.18, 0.06
LEAN, SLANT = 0.12, 0.23  # mean and deviation: most people write with the right hand
THIN, THICK = 1.3, 4.3  # pixels, the width of the pen
SHIFT = 1.4  # pixels, either way; more than MNIST has, and better for what is learned
EDGE = 1.4  # pixels from black to bright


def draw(size: int, seed: int, name: str, tables: tuple[str, ...] = (USUAL,)) -> tuple[Bytes, Bytes]:
    """Images, (size, 28, 28), bright ink on black, and labels 0 to 9, (size,), as likely as each other.

    `name`, "training" or "test", gives other random numbers. A smaller set is the beginning of a larger one.
    `tables` are those of the `skeletons`.
    """
    images, labels = np.empty((size, SIDE, SIDE), np.uint8), np.empty(size, np.uint8)
    hands = skeletons(*tables)
    for block, start in enumerate(range(0, size, DIGITS_PER_BLOCK)):
        drawn, digits = _draw_block(hands, generator(seed, f"synthetic {name}", block))
        images[start : start + DIGITS_PER_BLOCK] = drawn[: size - start]
        labels[start : start + DIGITS_PER_BLOCK] = digits[: size - start]
    return images, labels


def _draw_block(hands: Skeletons, rng: np.random.Generator) -> tuple[Bytes, Array]:
    labels = rng.integers(0, 10, DIGITS_PER_BLOCK)
    which = hands.first[labels] + rng.integers(0, 1 << 32, DIGITS_PER_BLOCK) % hands.ways[labels]
    x, y = deform(trace(hands.points[which], hands.curves[which], MISS[labels], rng), rng)
    pen = rng.random((DIGITS_PER_BLOCK, 1), np.float32) * (THICK - THIN) + THIN
    return ink(*fit(x, y, pen, rng), pen), labels


def trace(points: Floats, curves: Floats, miss: Floats, rng: np.random.Generator) -> Floats:
    """Dots, (2, n, DOTS), along the curves through points, (n, 2, rows), each of them missed."""
    missed = rng.standard_normal(points.shape, np.float32)
    missed[..., -DRIFT:] *= WANDER
    missed *= miss[:, None, None]
    missed += points
    return (missed @ curves).transpose(1, 0, 2)


def deform(dots: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """x and y of the dots, each (n, DOTS), as the paper lay under the hand."""
    x, y = dots
    bend_x, bend_y, taper, aspect, slant, turn = rng.standard_normal((6, DIGITS_PER_BLOCK, 1), np.float32)
    x, y = x * (1 + TAPER * taper * y) + BEND * bend_x * y * y, y + BEND * bend_y * x * x
    x = x * np.exp(ASPECT * aspect) - y * (LEAN + SLANT * slant)
    cos, sin = np.cos(TURN * turn), np.sin(TURN * turn)
    return cos * x - sin * y, sin * x + cos * y


def fit(x: Floats, y: Floats, pen: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """The dots in pixels: the ink about as large as the box, its centre of mass near the centre."""
    extent = np.maximum(np.ptp(x, axis=1), np.ptp(y, axis=1))[:, None]
    scale = (BOX - pen) / extent * np.exp(SIZE * rng.standard_normal((DIGITS_PER_BLOCK, 1), np.float32))
    at_x, at_y = CENTRE + SHIFT * (2 * rng.random((2, DIGITS_PER_BLOCK, 1), np.float32) - 1)
    x, y = x * scale, y * scale
    mass = steps(x, y)
    mass /= mass.sum(axis=1, keepdims=True)
    return x - (mass * x).sum(axis=1)[:, None] + at_x, y - (mass * y).sum(axis=1)[:, None] + at_y


def steps(x: Floats, y: Floats) -> Floats:
    """Pixels that the pen went from each dot to the next (the last: from the one before), (n, DOTS)."""
    walked: Floats = np.hypot(np.diff(x, append=x[:, -2:-1]), np.diff(y, append=y[:, -2:-1]))
    return np.minimum(walked, LIFT)


def ink(x: Floats, y: Floats, pen: Floats) -> Bytes:
    """Pictures, (n, 28, 28), of lines along dots at x and y, (n, DOTS), as wide as pen, (n, 1).

    A Gaussian integrated along a straight line is sqrt(2 pi) sigma exp(-d^2 / 2 sigma^2) at distance d from
    the line, so d is found from the sum over the dots, each times its step to the next. The Gaussian at a
    dot is one in y times one in x, so the sum at all pixels is a product of two matrices.
    """
    columns = gaussians(x)
    columns *= steps(x, y)[:, None, :] / (sqrt(2 * pi) * SIGMA)
    near: Floats = gaussians(y) @ columns.transpose(0, 2, 1)
    near += 1e-12  # far from all ink it is 0, which has no logarithm
    np.log(near, out=near)
    near *= -2 * SIGMA**2
    distance = np.sqrt(np.maximum(near, 0, out=near), out=near)
    bright: Floats = np.clip((pen[:, :, None] / 2 - distance) / EDGE + 0.5, 0, 1)
    return (255 * bright + 0.5).astype(np.uint8)


def gaussians(dots: Floats) -> Floats:
    """exp(-d^2 / 2 sigma^2) at each pixel of a side for each dot, (n, 28, DOTS)."""
    exponent: Floats = np.arange(SIDE, dtype=np.float32)[:, None] - dots[:, None, :]
    exponent *= exponent
    exponent *= -0.5 / SIGMA**2
    # Below e^-40 the product of two would be a denormal number, and those are many times slower.
    np.maximum(exponent, -40, out=exponent)
    return np.exp(exponent, out=exponent)
