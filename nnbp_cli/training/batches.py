"""Mini-batches: each epoch in an order of its own, gathered a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from math import ceil

import numpy as np
import numpy.typing as npt

from nnbp_cli.datasets.augment import Distortion
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.scaling import scaled
from nnbp_cli.nn.arrays import Array
from nnbp_cli.streams import stream
from nnbp_cli.training.ahead import ahead

BLOCK = 512  # images
PIXELS = 4_000_000  # no more of them in a block of large images, which would take too long to distort


def batches(
    split: Split,
    targets: Array,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    first: int,
    dtype: npt.DTypeLike,
    distortion: Distortion | None = None,
    background: bool = False,
) -> Iterator[tuple[Array, Array]]:
    """(x, y) of every batch of an epoch from batch number `first` on: (m, pixels) and (m, classes).

    The images are shuffled by (seed, epoch); a short last batch is a batch. y are rows of `targets`,
    (classes, classes). Images are gathered as bytes and scaled a few hundred at a time, which takes a
    third of the time of gathering floats, and leaves them in the cache for the batches.

    With a `distortion` each block of images is distorted by (seed, epoch, block). Blocks are counted from the
    epoch's start wherever `first` is, and may be made in the `background`: the batches are the same.
    """
    order = stream(seed, "shuffle", epoch).permutation(len(split.labels))
    size = max(1, min(BLOCK, PIXELS // split.images.shape[1]) // batch_size) * batch_size

    def block(number: int) -> tuple[Array, Array]:
        chosen = order[number * size : (number + 1) * size]
        images = split.images.take(chosen, axis=0)  # a sixth faster than images[chosen]
        if distortion:
            images = distortion.distorted(images, stream(seed, "augmentation", epoch, number))
        return scaled(images, dtype), targets[split.labels[chosen]]

    number, done = divmod(first * batch_size, size)
    blocks = map(block, range(number, ceil(len(order) / size)))
    with closing(ahead(blocks)) if background else nullcontext(blocks) as prepared:
        for x, y in prepared:
            for k in range(done, len(x), batch_size):
                yield x[k : k + batch_size], y[k : k + batch_size]
            done = 0


def smoothed_targets(classes: int, label_smoothing: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """For each label a target y: one-hot, with the share `label_smoothing` spread evenly over all classes."""
    return ((1 - label_smoothing) * np.eye(classes) + label_smoothing / classes).astype(dtype)
