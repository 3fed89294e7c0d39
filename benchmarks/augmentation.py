"""How many images a second are distorted, on one thread: by nnbp, and by the textbook, in turns.

The textbook's way is batched and in float32 too: a uniform number for every pixel, smoothed by a product with
a matrix on either side; then the affine map, and the four pixels around each point. Both make blocks of 512
images, as training does, of 28 x 28 pixels; the textbook's take parts of 64 at a time, its best.

python -m benchmarks.augmentation
"""

import argparse

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.timing import spread, timed
from nnbp_cli.datasets.augment import Augmentation, Distortion, distortion
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.nn.arrays import Bytes, Floats
from nnbp_cli.training.batches import IMAGES_PER_BLOCK

SIZE, SHAPE, PART, ROUNDS = 8 * IMAGES_PER_BLOCK, (28, 28), 64, 15
AUGMENTATION = Augmentation(rotation=15, scaling=0.15, shear=0.15, elastic=34)


def smoothing(side: int, sigma: float) -> Floats:
    """The matrix that smooths a line of `side` pixels, (side, side)."""
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    gaussian: Floats = np.exp(-(distance**2) / (2 * sigma**2)) / np.sqrt(2 * np.pi * sigma**2)
    return gaussian.astype(np.float32)


def textbook(images: Bytes, ours: Distortion, rng: np.random.Generator) -> Bytes:
    """Images, (n, pixels), distorted as Simard, Steinkraus and Platt describe it."""
    n, (rows, columns) = len(images), SHAPE
    noise = 2 * rng.random((2, n, rows, columns), np.float32) - 1
    push = AUGMENTATION.elastic * (SMOOTH @ noise @ SMOOTH)
    along_x, along_y, moved = (part[..., None, None].astype(np.float32) for part in ours.maps(rng, n))
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    centre = np.array([(columns - 1) / 2, (rows - 1) / 2], np.float32)[:, None, None, None]
    points = along_x * (x - centre[0]) + along_y * (y - centre[1]) + moved + centre + push

    padded = np.pad(images.reshape(n, rows, columns), ((0, 0), (1, 2), (1, 2)))
    x, y = np.clip(points[0] + 1, 0, columns + 1), np.clip(points[1] + 1, 0, rows + 1)
    column, row = x.astype(np.int32), y.astype(np.int32)
    right, low = x - column.astype(np.float32), y - row.astype(np.float32)
    image = np.arange(n)[:, None, None]
    upper = (1 - right) * padded[image, row, column] + right * padded[image, row, column + 1]
    lower = (1 - right) * padded[image, row + 1, column] + right * padded[image, row + 1, column + 1]
    return np.rint((1 - low) * upper + low * lower).astype(np.uint8).reshape(n, -1)


if __name__ == "__main__":
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    SMOOTH = smoothing(SHAPE[0], AUGMENTATION.sigma)
    images = draw(SIZE, 1, "training")[0].reshape(SIZE, -1)
    fast, rng = distortion(AUGMENTATION, SHAPE), np.random.default_rng(1)
    blocks, parts = (np.split(images, SIZE // size) for size in (IMAGES_PER_BLOCK, PART))
    seconds = []
    with threadpool_limits(1):
        for _ in range(1 + ROUNDS):
            ours = timed(lambda: [fast.distorted(block, rng) for block in blocks])
            theirs = timed(lambda: [textbook(part, fast, rng) for part in parts])
            seconds.append((ours, theirs))
    rounds = seconds[1:]  # the first one is to warm up
    print(f"nnbp     {spread([SIZE / ours for ours, _ in rounds])} images a second")
    print(f"textbook {spread([SIZE / theirs for _, theirs in rounds])} images a second")
    print(f"ratio    {spread([theirs / ours for ours, theirs in rounds])}")
