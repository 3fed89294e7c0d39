"""The drawn digits as a data set: in files that are kept once they are drawn, or before MNIST's."""

from dataclasses import replace
from itertools import chain
from math import prod

import numpy as np

from nnbp_cli.datasets import readers
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.readers.arrays import Arrays
from nnbp_cli.datasets.skeletons import MORE, USUAL
from nnbp_cli.datasets.sources import SHAPE, Source
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.system import hardware, locks


def synthetic(source: Source, size: int, seed: int) -> Arrays:
    """The synthetic data set, drawn where it is not kept yet. A fifth of `size` tests, 10,000 at most.

    What is kept is not trusted: another version may have drawn it. Another machine may round differently.
    """
    if size < 5:
        raise ConfigError(f"data.size: expected a number of at least 5, got {size}")
    if size * prod(SHAPE) > hardware.total_memory():
        raise ConfigError(f"data.size: {size:,} images would not fit this machine's memory; take fewer")
    if not all(path.exists() for path in source.paths):
        with locks.shared(source.folder):
            drawn = chain(draw(size, seed, "training"), draw(min(size // 5, 10_000), seed, "test"))
            for path, array in zip(source.paths, drawn, strict=True):
                idx.write(path, array, level=1)
    arrays = readers.read_source(source)
    images, labels = draw(min(size, 64), seed, "training")
    if (
        arrays.images.shape != (size, *SHAPE)
        or not np.array_equal(arrays.labels[: len(labels)], labels)
        or not np.allclose(arrays.images[: len(images)], images, rtol=0, atol=2)
    ):
        raise NnbpError(f"{source.folder}: not what this version draws; {source.remedy}")
    return arrays


def mixed(mnist: Arrays, size: int, seed: int) -> Arrays:
    """MNIST, whose last images validate and whose test images test, after `size` drawn digits of all ways of
    writing.
    """
    images, labels = draw(size, seed, "training", (USUAL, MORE))
    return replace(
        mnist,
        images=np.concatenate([images, mnist.images]),
        labels=np.concatenate([labels, mnist.labels]),
    )
