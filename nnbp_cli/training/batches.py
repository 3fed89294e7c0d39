"""Mini-batches: the images of an epoch, shuffled or as they are, gathered a block at a time."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from nnbp_cli.datasets.augment import Distortion
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.rng import generator
from nnbp_cli.training.prefetch import prefetch

IMAGES_PER_BLOCK = 512  # that are distorted by one stream of random numbers
PIXELS_PER_BLOCK = 4_000_000  # and no more, which take a third of a second to distort

Chunk: TypeAlias = tuple[Bytes, Bytes]


def chunks(
    split: Split,
    batch_size: int,
    max_batches: int,
    *,
    seed: int,
    epoch: int,
    first: int,
    shuffle: str = "epoch",
    distortion: Distortion | None = None,
    background: bool = False,
) -> Iterator[Chunk | None]:
    """Images, (n, pixels), and labels, (n,), of an epoch from batch number `first` on: `max_batches`
    whole ones at a time, or what is left in a block; the last may be short. None where it may be left.

    The images are shuffled by (seed, epoch); with `shuffle` "once" as in the first epoch; with "never" not
    at all. They are gathered as bytes: gathering floats takes three times as long. With a `distortion` each
    block of images is distorted by (seed, epoch, block). Blocks are counted from the epoch's start wherever
    `first` is, and may be made in the `background`: the images are the same. One of more than
    PIXELS_PER_BLOCK takes so long to distort that None comes now and then.
    """
    if shuffle == "never":
        order = np.arange(split.examples)
    else:
        number = epoch if shuffle == "epoch" else 0
        order = generator(seed, "shuffle", number).permutation(split.examples)
    most = IMAGES_PER_BLOCK if distortion else max_batches * batch_size
    size = max(1, min(most, PIXELS_PER_BLOCK // split.images.shape[1]) // batch_size) * batch_size

    def blocks(first: int) -> Iterator[Chunk | None]:
        for number in range(first, ceil(len(order) / size)):
            chosen = order[number * size : (number + 1) * size]
            images, labels = split.take(chosen)
            if distortion:
                rng = generator(seed, "augmentation", epoch, number)
                at_once = distortion.at_once
                some = max(1, PIXELS_PER_BLOCK // images.shape[1] // at_once) * at_once
                for k in range(0, len(images), some):
                    if k:
                        yield None
                    images[k : k + some] = distortion.distorted(images[k : k + some], rng)
            yield images, labels

    number, done = divmod(first * batch_size, size)
    made = blocks(number)
    with closing(prefetch(made)) if background else nullcontext(made) as prepared:
        for block in prepared:
            if block is None:
                yield None
                continue
            images, labels = block
            for k in range(done, len(labels), max_batches * batch_size):
                part = slice(k, k + max_batches * batch_size)
                yield images[part], labels[part]
            done = 0


def smoothed_targets(classes: int, label_smoothing: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """For each label a target y: one-hot, with the share `label_smoothing` spread evenly over all classes."""
    return ((1 - label_smoothing) * np.eye(classes) + label_smoothing / classes).astype(dtype)
