"""A data set as training sees it: images and labels, split in three.

The first images of the training files train, the last ones validate, and the test files test. Everything
that can be wrong with the files is found here, before anything is trained.
"""

from dataclasses import dataclass, replace
from itertools import chain
from math import isqrt, prod
from pathlib import Path

import numpy as np

from nnbp_cli.datasets import readers, sources
from nnbp_cli.datasets.catalog import CATALOG, NAMES
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.readers.arrays import Arrays, Note
from nnbp_cli.datasets.shifts import SHIFTS, shifted
from nnbp_cli.datasets.skeletons import MORE, USUAL
from nnbp_cli.datasets.sources import DRAWN, MIXED, SYNTHETIC, Source
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.arrays import Bytes, Integers
from nnbp_cli.rng import generator
from nnbp_cli.system import hardware, locks
from nnbp_cli.wording import called

DIGITS = 10  # the classes of every data set that has a name
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

    `digest` is the SHA-256 of the four arrays as IDX files, one after the other: of
    `zcat train-images* train-labels* t10k-images* t10k-labels*`. The split is not part of it. `class_names`
    are those of all classes, or none where they are the numbers; `remarks` say what was made of the files.
    """

    name: str
    training: Split
    validation: Split
    test: Split
    shape: tuple[int, int]
    classes: int
    digest: str
    class_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

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
    shuffle: bool | None = None,
    size: int | None = None,
    seed: int | None = None,
    rows: int | None = None,
    columns: int | None = None,
    folder: Path | None = None,
    note: Note = str,
) -> Dataset:
    """The data set `name`: of the catalog, "synthetic", or a path to whatever the `readers` read. Its files
    are at `folder` where that is given.

    The first `train` images train (None: all that do not validate), the last `validation` validate (None: the
    last sixth); where they are to `shuffle`, in an order that `seed` (None: 1) gives. `size` (None: 20,000)
    is for "synthetic" alone, which is drawn on first use; `rows` and `columns` for files that do not say the
    shape of an image, which is square where nobody does. `note` is told of what takes a while. Raises
    MissingData where downloading may help, NnbpError for files that are wrong, ConfigError for a name or
    numbers that do not fit them.
    """
    size, seed = sources.SIZE if size is None else size, sources.SEED if seed is None else seed
    where = folder or sources.locate(name, data_dir, size=size, seed=seed)
    if named := name in CATALOG or name in DRAWN:
        source = sources.find(name, where)
        found, remedy = _synthetic(source, size, seed) if name == SYNTHETIC else _read(source), source.remedy
        if name == MIXED:
            found = _with_drawn(found, size, seed)
    else:
        found, remedy = readers.read(where, note), "put a good copy there"
    images, labels, test_images, test_labels = arrays = _shaped(found, rows, columns)
    _check(where, arrays, remedy, digits=named)
    shape = images.shape[1:]
    flat, test_flat = images.reshape(len(images), -1), test_images.reshape(len(test_images), -1)
    if shuffle:
        order = generator(seed, "split").permutation(len(images))
        flat, labels = flat[order], labels[order]
    first, last = _split(len(images), train, validation)
    return Dataset(
        name,
        Split(flat[first], labels[first]),
        Split(flat[last], labels[last]),
        Split(test_flat, test_labels),
        (shape[0], shape[1]),
        DIGITS if named else max(len(found.class_names), 1 + int(max(labels.max(), test_labels.max()))),
        idx.digest(arrays),
        () if found.class_names == called((), len(found.class_names)) else found.class_names,
        found.remarks,
    )


def files(
    name: str, data_dir: Path, size: int | None, seed: int | None, **shape: int | None
) -> dict[str, bytes]:
    """The files of a data set by their names, for another machine, which reads them in a folder; where it is
    one's own, as the IDX files that it might have been. Raises as `load` does.
    """
    where = sources.locate(name, data_dir, size=size, seed=seed)
    if name in CATALOG or name in DRAWN:
        return {path.name: path.read_bytes() for path in sources.find(name, where).paths}
    found = readers.read(where, str)
    arrays = {
        file: idx.header(array.shape) + array.tobytes() for file, array in zip(NAMES, _shaped(found, **shape))
    }
    names = {readers.CLASS_NAMES: "\n".join(found.class_names).encode()} if found.class_names else {}
    return arrays | names


def _shaped(found: Arrays, rows: int | None, columns: int | None) -> FourArrays:
    """The arrays of a data set, its images (n, rows, columns)."""
    images, test_images = found.images, found.test_images
    if images.ndim == 2:
        pixels = images.shape[1]
        high = rows or (pixels // columns if columns else isqrt(pixels))
        wide = columns or (pixels // rows if rows else high)
        if high * wide != pixels:
            what = f"{high}x{wide} are not" if rows or columns else "no square is"
            remedy = "give data.rows and data.columns"
            raise ConfigError(f"data.rows: an image has {pixels} pixels, which {what}; {remedy}")
        images, test_images = (each.reshape(len(each), high, wide) for each in (images, test_images))
    elif (given := (rows or images.shape[1], columns or images.shape[2])) != images.shape[1:]:
        have, want = ("{}x{}".format(*each) for each in (images.shape[1:], given))
        raise ConfigError(
            f"data.rows: the images are {have}, not {want}; leave data.rows and data.columns out"
        )
    return images, found.labels, test_images, found.test_labels


def _read(source: Source) -> Arrays:
    images, labels, test_images, test_labels = (
        idx.read(path, dimensions, sha256, remedy=source.remedy)
        for path, sha256, dimensions in zip(source.paths, source.checksums, (3, 1, 3, 1), strict=True)
    )
    known = CATALOG.get(source.name)
    return Arrays(images, labels, test_images, test_labels, known.class_names if known else ())


def _synthetic(source: Source, size: int, seed: int) -> Arrays:
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
        arrays.images.shape != (size, *SHAPE)
        or not np.array_equal(arrays.labels[: len(labels)], labels)
        or not np.allclose(arrays.images[: len(images)], images, rtol=0, atol=2)
    ):
        raise NnbpError(f"{source.folder}: not what this version draws; {source.remedy}")
    return arrays


def _with_drawn(mnist: Arrays, size: int, seed: int) -> Arrays:
    """MNIST, whose last images validate and whose test images test, after `size` drawn digits of all ways of
    writing.
    """
    images, labels = draw(size, seed, "training", (USUAL, MORE))
    return replace(
        mnist,
        images=np.concatenate([images, mnist.images]),
        labels=np.concatenate([labels, mnist.labels]),
    )


def _check(where: Path, arrays: FourArrays, remedy: str, *, digits: bool) -> None:
    """Raise NnbpError where four arrays, each of them right, do not make one data set; `digits` must be ten
    classes of 28x28.
    """

    def wrong(what: str) -> NnbpError:
        return NnbpError(f"{where}: {what}; {remedy}")

    for part, images, labels in (("training", *arrays[:2]), ("test", *arrays[2:])):
        if not images.size:
            raise wrong(f"no {part} images in the files")
        if len(images) != len(labels):
            raise wrong(f"{len(images):,} {part} images with {len(labels):,} labels")
        if digits and labels.max() >= DIGITS:
            raise wrong(f"a {part} label of {labels.max()} where 0 to {DIGITS - 1} are due")
    shapes = [images.shape[1:] for images in arrays[::2]]
    if shapes[0] != shapes[1] or (digits and shapes[0] != SHAPE):
        training, test = (f"{rows}x{columns}" for rows, columns in shapes)
        expected = "{}x{}".format(*SHAPE) if digits else "one size"
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
