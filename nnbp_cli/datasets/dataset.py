"""A data set as training sees it: images and labels, split in three.

The first images of the training files train, the last ones validate, and the test files test. Everything
that can be wrong with the files is found here, before anything is trained.
"""

import hashlib
from dataclasses import dataclass
from itertools import chain
from math import prod
from pathlib import Path

import numpy as np

from nnbp_cli.datasets import sources
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.shifts import SHIFTS, shifted
from nnbp_cli.datasets.sources import SYNTHETIC, Source
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.arrays import Bytes, Integers
from nnbp_cli.system import hardware, locks

DIGITS = 10  # the classes of everything but a folder of one's own
SHAPE = (28, 28)  # and its images

FourArrays = tuple[Bytes, Bytes, Bytes, Bytes]  # training images, labels, test images, labels


@dataclass(frozen=True)
class Split:
    """Images, shape (n, pixels), and labels, shape (n,): read-only uint8 views of what was read.

    Where there is a `shifted_shape`, (rows, columns), each image is learned from as it is and as each of its
    shifts, which are made when they are wanted: 250,000 examples of 50,000 images.
    """

    images: Bytes
    labels: Bytes
    shifted_shape: tuple[int, int] | None = None

    @property
    def examples(self) -> int:
        """How many there are to learn from."""
        return len(self.labels) * (len(SHIFTS) if self.shifted_shape else 1)

    def take(self, chosen: Integers) -> tuple[Bytes, Bytes]:
        """Copies of the images and labels of examples; number k is image k % n in shift k // n."""
        which, numbers = divmod(chosen, len(self.labels))
        images = self.images.take(numbers, axis=0)  # a sixth faster than images[numbers]
        if self.shifted_shape:
            images = shifted(images, which, self.shifted_shape)
        return images, self.labels[numbers]


@dataclass(frozen=True)
class Dataset:
    """Images in `classes` classes, each of `shape` (rows, columns) pixels.

    `digest` is the SHA-256 of the four files, unpacked, one after the other: of
    `zcat train-images* train-labels* t10k-images* t10k-labels*`. The split is not part of it.
    """

    name: str
    training: Split
    validation: Split
    test: Split
    shape: tuple[int, int]
    classes: int
    digest: str

    @property
    def inputs(self) -> int:
        """How many pixels an image has."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How much memory its images take."""
        return sum(split.images.nbytes for split in (self.training, self.validation, self.test))


def load(
    name: str,
    data_dir: Path,
    *,
    train: int | None = None,
    validation: int | None = None,
    size: int | None = None,
    seed: int | None = None,
    folder: Path | None = None,
) -> Dataset:
    """The data set `name`: of the catalog, "synthetic", or the path of a folder of IDX files. Its files are
    in `folder` where that is given.

    The first `train` images train (None: all that do not validate), the last `validation` validate (None:
    the last sixth). `size` and `seed` (None: 20,000 and 1) are for "synthetic" alone, which is drawn on
    first use. Raises MissingData where downloading may help, NnbpError for files that are wrong,
    ConfigError for a name or numbers that do not fit them.
    """
    size, seed = sources.SIZE if size is None else size, sources.SEED if seed is None else seed
    source = sources.find(name, folder or sources.locate(name, data_dir, size=size, seed=seed))
    arrays = _synthetic(source, size, seed) if name == SYNTHETIC else _read(source)
    _check(source, arrays)
    images, labels, test_images, test_labels = arrays
    rows, columns = images.shape[1:]
    flat, test_flat = images.reshape(-1, rows * columns), test_images.reshape(-1, rows * columns)
    first, last = _split(len(images), train, validation)
    return Dataset(
        name,
        Split(flat[first], labels[first]),
        Split(flat[last], labels[last]),
        Split(test_flat, test_labels),
        (rows, columns),
        DIGITS if source.digits else 1 + int(max(labels.max(), test_labels.max())),
        _digest(arrays),
    )


def _read(source: Source) -> FourArrays:
    images, labels, test_images, test_labels = (
        idx.read(path, dimensions, sha256, remedy=source.remedy)
        for path, sha256, dimensions in zip(source.paths, source.checksums, (3, 1, 3, 1), strict=True)
    )
    return images, labels, test_images, test_labels


def _synthetic(source: Source, size: int, seed: int) -> FourArrays:
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
    arrays = _read(source)
    images, labels = draw(min(size, 64), seed, "training")
    if (
        arrays[0].shape != (size, *SHAPE)
        or not np.array_equal(arrays[1][: len(labels)], labels)
        or not np.allclose(arrays[0][: len(images)], images, rtol=0, atol=2)
    ):
        raise NnbpError(f"{source.folder}: not what this version draws; {source.remedy}")
    return arrays


def _check(source: Source, arrays: FourArrays) -> None:
    """Raise NnbpError where four arrays, each of them right, do not make one data set."""

    def wrong(what: str) -> NnbpError:
        return NnbpError(f"{source.folder}: {what}; {source.remedy}")

    for part, images, labels in (("training", *arrays[:2]), ("test", *arrays[2:])):
        if not images.size:
            raise wrong(f"no {part} images in the files")
        if len(images) != len(labels):
            raise wrong(f"{len(images):,} {part} images with {len(labels):,} labels")
        if source.digits and labels.max() >= DIGITS:
            raise wrong(f"a {part} label of {labels.max()} where 0 to {DIGITS - 1} are due")
    shapes = [images.shape[1:] for images in arrays[::2]]
    if shapes[0] != shapes[1] or (source.digits and shapes[0] != SHAPE):
        training, test = (f"{rows}x{columns}" for rows, columns in shapes)
        expected = "{}x{}".format(*SHAPE) if source.digits else "one size"
        raise wrong(f"training images of {training} and test images of {test} where {expected} is due")


def _split(count: int, train: int | None, validation: int | None) -> tuple[slice, slice]:
    """The slices of `count` training images that train and that validate."""
    validate = count // 6 if validation is None else validation
    learn = count - validate if train is None else train
    for key, number, least in (("data.validation", validate, 0), ("data.train", learn, 1)):
        if number < least:
            raise ConfigError(f"{key}: expected a number of at least {least}, got {number}")
    if learn + validate > count:
        both = f"{learn} training and {validate} validation images (data.validation)"
        remedy = "lower both" if min(learn, validate) > count else "lower one"
        raise ConfigError(f"data.train: {both} are more than the {count} there are; {remedy}")
    return slice(learn), slice(count - validate, count)


def _digest(arrays: FourArrays) -> str:
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(idx.header(array.shape))
        sha256.update(array.data)
    return sha256.hexdigest()
