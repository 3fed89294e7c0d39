"""Mini-batches: each epoch in an order of its own, gathered a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.scaling import scaled
from nnbp_cli.nn.arrays import Array
from nnbp_cli.streams import stream

BLOCK = 512  # images


def batches(
    split: Split, targets: Array, batch_size: int, *, seed: int, epoch: int, first: int, dtype: npt.DTypeLike
) -> Iterator[tuple[Array, Array]]:
    """(x, y) of every batch of an epoch from batch number `first` on: (m, pixels) and (m, classes).

    The images are shuffled by (seed, epoch); a short last batch is a batch. y are rows of `targets`,
    (classes, classes). Images are gathered as bytes and scaled a few hundred at a time, which takes a
    third of the time of gathering floats, and leaves them in the cache for the batches.
    """
    order = stream(seed, "shuffle", epoch).permutation(len(split.labels))
    block = max(1, BLOCK // batch_size) * batch_size
    for start in range(first * batch_size, len(order), block):
        chosen = order[start : start + block]
        x, y = scaled(split.images[chosen], dtype), targets[split.labels[chosen]]
        for k in range(0, len(chosen), batch_size):
            yield x[k : k + batch_size], y[k : k + batch_size]


def smoothed_targets(classes: int, label_smoothing: float, dtype: npt.DTypeLike = np.float32) -> Array:
    """For each label a target y: one-hot, with the share `label_smoothing` spread evenly over all classes."""
    return ((1 - label_smoothing) * np.eye(classes) + label_smoothing / classes).astype(dtype)
