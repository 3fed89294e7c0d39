"""Small data sets for the tests, made of nothing but a seed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli.datasets import synthetic
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.datasets.readers import idx
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.training.batches import chunks


def blobs(training: int = 120, others: int = 40, seed: int = 0) -> Dataset:
    """3x4 images in five classes: each class has a picture of its own, with some noise on it."""
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 200, size=(5, 12))

    def split(n: int) -> Split:
        labels = rng.integers(5, size=n).astype(np.uint8)
        labels[:5] = range(5)
        noise = rng.integers(0, 56, size=(n, 12))
        return Split((pictures[labels] + noise).astype(np.uint8), labels)

    return Dataset("blobs", split(training), split(others), split(others), (3, 4), 5, "no digest")


def draw_digits(folder: Path, stem: str, size: int, seed: int = 1) -> None:
    """Put digits into a folder, by the names that MNIST has: `stem` is "train" or "t10k"."""
    images, labels = synthetic.draw(size, seed, stem)
    idx.write(folder / f"{stem}-images-idx3-ubyte", images)
    idx.write(folder / f"{stem}-labels-idx1-ubyte", labels)


def own_digits(folder: Path, training: int = 160, test: int = 32) -> Path:
    """A new folder with digits, as somebody's own data set."""
    folder.mkdir()
    draw_digits(folder, "train", training)
    draw_digits(folder, "t10k", test)
    return folder


def batches(
    split: Split, targets: Array, batch_size: int, *, dtype: Any, **options: Any
) -> Iterator[tuple[Array, Array]]:
    """x and y of each batch of an epoch, as training takes them; the options are those of `chunks`."""
    for images, labels in filter(None, chunks(split, batch_size, 1, **options)):
        yield scaled(images, dtype), targets[labels]
