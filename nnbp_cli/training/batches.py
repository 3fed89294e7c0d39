"""Mini-batches: each epoch in an order of its own, gathered a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnbp_cli.datasets.augment import Distortion
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.scaling import scaled
from nnbp_cli.nn.arrays import Array
from nnbp_cli.streams import stream
from nnbp_cli.training.ahead import ahead

BLOCK = 512  # images
PIXELS = 4_000_000  # no more of them in a block of large images, which take a third of a second to distort

Batch: TypeAlias = tuple[Array, Array]


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
) -> Iterator[Batch | None]:
    """(x, y) of every batch of an epoch from batch number `first` on: (m, pixels) and (m, classes).

    The images are shuffled by (seed, epoch); a short last batch is a batch. y are rows of `targets`,
    (classes, classes). Images are gathered as bytes and scaled a few hundred at a time, which takes a
    third of the time of gathering floats, and leaves them in the cache for the batches.

    With a `distortion` each block of images is distorted by (seed, epoch, block). Blocks are counted from the
    epoch's start wherever `first` is, and may be made in the `background`: the batches are the same. A batch
    of more than PIXELS takes so long to distort that None comes now and then, where an epoch may be left.
    """
    order = stream(seed, "shuffle", epoch).permutation(len(split.labels))
    size = max(1, min(BLOCK, PIXELS // split.images.shape[1]) // batch_size) * batch_size

    def blocks(first: int) -> Iterator[Batch | None]:
        for number in range(first, ceil(len(order) / size)):
            chosen = order[number * size : (number + 1) * size]
            images = split.images.take(chosen, axis=0)  # a sixth faster than images[chosen]
            if distortion:
                rng = stream(seed, "augmentation", epoch, number)
                some = max(1, PIXELS // images.shape[1] // distortion.at_once) * distortion.at_once
                for k in range(0, len(images), some):
                    if k:
                        yield None
                    images[k : k + some] = distortion.distorted(images[k : k + some], rng)
            yield scaled(images, dtype), targets[split.labels[chosen]]

    number, done = divmod(first * batch_size, size)
    made = blocks(number)
    with closing(ahead(made)) if background else nullcontext(made) as prepared:
        for block in prepared:
            if block is None:
                yield None
                continue
            x, y = block
            for k in range(done, len(x), batch_size):
                yield x[k : k + batch_size], y[k : k + batch_size]
            done = 0


def smoothed_targets(classes: int, label_smoothing: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """For each label a target y: one-hot, with the share `label_smoothing` spread evenly over all classes."""
    return ((1 - label_smoothing) * np.eye(classes) + label_smoothing / classes).astype(dtype)
