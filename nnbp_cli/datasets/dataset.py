"""A data set as training sees it: images and labels, split in three.

The first images of the training files train, the last ones validate, and the test files test. Everything
that can be wrong with the files is found here, before anything is trained.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from os import altsep, sep
from pathlib import Path

from nnbp_cli import files
from nnbp_cli.datasets import idx
from nnbp_cli.datasets.catalog import CATALOG, NAMES
from nnbp_cli.datasets.idx import Bytes
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.errors import ConfigError, MissingData, NnbpError

SYNTHETIC = "synthetic"
SIZE, SEED = 20_000, 1  # of the synthetic data set, where none are given
DIGITS = 10  # the classes of everything but a folder of one's own
SHAPE = (28, 28)  # and its images


@dataclass(frozen=True)
class Split:
    """Images, shape (n, pixels), and labels, shape (n,): read-only uint8 views of what was read."""

    images: Bytes
    labels: Bytes


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


@dataclass(frozen=True)
class _Source:
    """Four files in the order of NAMES, each with its SHA-256 if known, and what to do about damage."""

    folder: Path
    paths: tuple[Path, ...]
    checksums: tuple[str | None, ...]
    digits: bool
    remedy: str


def load(
    name: str,
    data_dir: Path,
    *,
    train: int | None = None,
    validation: int | None = None,
    size: int | None = None,
    seed: int | None = None,
) -> Dataset:
    """The data set `name`: of the catalog, "synthetic", or the path of a folder of IDX files.

    The first `train` images train (None: all that do not validate), the last `validation` validate (None:
    the last sixth). `size` and `seed` (None: 20,000 and 1) are for "synthetic" alone, which is drawn on
    first use. Raises MissingData where downloading may help, NnbpError for files that are wrong,
    ConfigError for a name or numbers that do not fit them.
    """
    source = _source(name, locate(name, data_dir, size=size, seed=seed))
    if name == SYNTHETIC and not all(path.exists() for path in source.paths):
        _draw(source.paths, SIZE if size is None else size, SEED if seed is None else seed)
    images, labels, test_images, test_labels = arrays = _read(source)
    _check(source, arrays)
    shape: tuple[int, int] = images.shape[1:]
    pixels = shape[0] * shape[1]
    images, test_images = images.reshape(-1, pixels), test_images.reshape(-1, pixels)
    first, last = _split(len(images), train, validation)
    return Dataset(
        name,
        Split(images[first], labels[first]),
        Split(images[last], labels[last]),
        Split(test_images, test_labels),
        shape,
        DIGITS if source.digits else 1 + int(max(labels.max(), test_labels.max())),
        _digest(arrays),
    )


def locate(name: str, data_dir: Path, *, size: int | None = None, seed: int | None = None) -> Path:
    """The folder of the data set `name`, there or not. Raises ConfigError for a name that is none."""
    if name in CATALOG:
        return data_dir / name
    if name == SYNTHETIC:
        chosen = (SIZE if size is None else size, SEED if seed is None else seed)
        return data_dir / "{}-{}-seed-{}".format(SYNTHETIC, *chosen)
    folder = Path(name).expanduser()
    if folder.is_dir() or sep in name or (altsep and altsep in name):
        return folder
    close = get_close_matches(name, [*CATALOG, SYNTHETIC], 1)
    hint = f"did you mean '{close[0]}'?" if close else f"use {', '.join(CATALOG)}, {SYNTHETIC} or a folder"
    raise ConfigError(f"data.name: no data set and no folder is called '{name}'; {hint}")


def _source(name: str, folder: Path) -> _Source:
    packed = tuple(folder / f"{stem}.gz" for stem in NAMES)
    if name == SYNTHETIC:
        return _Source(folder, packed, (None,) * 4, True, "delete it, and it will be drawn again")
    if name in CATALOG:
        return _catalogued(name, folder)
    plain = tuple(folder / stem for stem in NAMES)
    paths = tuple(p if p.exists() else q for p, q in zip(packed, plain, strict=True))
    for path in paths:
        if not path.exists():
            # Not MissingData: no download brings a folder of one's own.
            raise NnbpError(f"{folder}: no '{path.name}' here, nor '{path.name}.gz'; put it there")
    return _Source(folder, paths, (None,) * 4, False, "put a good copy there")


def _catalogued(name: str, folder: Path) -> _Source:
    entry = CATALOG[name]
    paths = tuple(folder / file.name for file in entry.files)
    missing = [path for path in paths if not path.exists()]
    if missing:
        what = f"no {entry.title} files" if len(missing) == len(paths) else f"no '{missing[0].name}'"
        command = "nnbp download" if name == "mnist" else f"nnbp download {name}"
        raise MissingData(f"{folder}: {what} here; run '{command}'")
    checksums = tuple(file.sha256 for file in entry.files)
    return _Source(folder, paths, checksums, True, f"run 'nnbp download {name}'")


def _draw(paths: tuple[Path, ...], size: int, seed: int) -> None:
    """Draw the synthetic data set into its files. The test files hold a fifth of `size`, 10,000 at most."""
    if size < 5:
        raise ConfigError(f"data.size: expected a number of at least 5, got {size}")
    files.make_directory(paths[0].parent)
    drawn = chain(draw(size, seed, "training"), draw(min(size // 5, 10_000), seed, "test"))
    for path, array in zip(paths, drawn, strict=True):
        idx.write(path, array, level=1)


def _read(source: _Source) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    images, labels, test_images, test_labels = (
        idx.read(path, dimensions, sha256, remedy=source.remedy)
        for path, sha256, dimensions in zip(source.paths, source.checksums, (3, 1, 3, 1), strict=True)
    )
    return images, labels, test_images, test_labels


def _check(source: _Source, arrays: tuple[Bytes, Bytes, Bytes, Bytes]) -> None:
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
    sizes = [images.shape[1:] for images in (arrays[0], arrays[2])]
    if sizes[0] != sizes[1] or (source.digits and sizes[0] != SHAPE):
        training, test = (f"{rows}x{columns}" for rows, columns in sizes)
        due = "{}x{} is".format(*SHAPE) if source.digits else "one size is"
        raise wrong(f"training images of {training} and test images of {test} where {due} due")


def _split(count: int, train: int | None, validation: int | None) -> tuple[slice, slice]:
    """The slices of `count` training images that train and that validate."""
    validate = count // 6 if validation is None else validation
    learn = count - validate if train is None else train
    for key, number, least in (("data.validation", validate, 0), ("data.train", learn, 1)):
        if number < least:
            raise ConfigError(f"{key}: expected a number of at least {least}, got {number}")
    if learn + validate > count:
        both = f"{learn} training and {validate} validation images (data.validation)"
        raise ConfigError(f"data.train: {both} are more than the {count} there are; lower one")
    return slice(learn), slice(count - validate, count)


def _digest(arrays: tuple[Bytes, ...]) -> str:
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(idx.header(array.shape))
        sha256.update(array.data)
    return sha256.hexdigest()
