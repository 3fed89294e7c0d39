"""Folders of pictures, one a class, whose name it has: train/3/*.png and test/3/*.png, or 3/*.png alone.

Pictures that all have one size, and not a large one, are taken as they are, but that dark ones on light are
inverted; others are made 28x28 as those that `nnbp predict` reads: ink on paper, fitted into a box.
Pillow, an extra, reads them.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from nnbp_cli import __version__, digits
from nnbp_cli.datasets.readers import kept
from nnbp_cli.datasets.readers.arrays import MAX_LABEL, Arrays, dark_on_light, with_unused
from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import counted, some

TRAINING = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")  # the first that is there
MAX_PIXELS = 128 * 128  # of pictures that are taken as they are

Classes = dict[str, list[Path]]  # the pictures of each, by its name


class _SizesDifferError(Exception):
    """Pictures cannot be taken as they are."""


def data_set(path: Path, note: Note) -> Arrays | None:
    """The data set in the folders of pictures at `path`, if there are some."""
    try:
        if not (splits := _splits(path)):
            return None
        classes, tests = [*splits.values(), {}][:2]
        used = {*splits, *(folder / name for folder, found in splits.items() for name in found)}
        unused = [each for folder in {path, *splits} for each in _all(folder) if each not in used]
        state = hashlib.sha256()
        for file in (file for each in (classes, tests) for files in each.values() for file in files):
            stat = file.stat()
            name = str(file).removeprefix(str(path))
            state.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode(errors="replace"))
    except OSError as error:
        raise cannot_read(path, error) from error
    if len(classes) > MAX_LABEL + 1:
        wrong = f"{len(classes)} folders of pictures where {MAX_LABEL + 1} classes are the most"
        raise NnbpError(f"{path}: {wrong}; move some away")
    if strange := [name for name in tests if name not in classes]:
        test = [*splits][1]
        raise NnbpError(f"{test}: no training picture is of class '{strange[0]}'; move the folder away")
    digits.check_installed(str(path))
    identity = {"state": state.hexdigest(), "nnbp": __version__}
    arrays = kept.arrays(path, "pictures", identity, lambda: _arrays(classes, tests), note)
    return with_unused(arrays, path, sorted(unused))


def present(path: Path) -> list[Path]:
    """The folders at `path` that are such a data set: those of its classes, or to train and test with."""
    with suppress(OSError):  # a folder beside other data may be somebody else's
        splits = _splits(path)
        return [path / name for name in splits[path]] if path in splits else [*splits]
    return []


def _splits(path: Path) -> dict[Path, Classes]:
    """The classes in the folder to train with, and in that to test with, if there is one; nothing where there
    are not two classes.
    """
    if not path.is_dir():
        return {}
    folders = {each.name.lower(): each for each in path.iterdir() if each.is_dir()}
    training = next((folders[name] for name in TRAINING if name in folders), path)
    tests = [folders[name] for name in TEST if name in folders and training != path][:1]
    splits = {folder: _classes(folder) for folder in (training, *tests)}
    return splits if len(splits[training]) > 1 else {}


def _classes(folder: Path) -> Classes:
    """The pictures in each folder in `folder`, in the order of their names; numbers as numbers count."""
    found = {
        each.name: sorted(filter(digits.is_picture, each.iterdir())) for each in _all(folder) if each.is_dir()
    }
    numbers = {name: int(name) for name in found if name.isdecimal()}
    names = sorted(
        filter(found.get, found), key=lambda name: (name not in numbers, numbers.get(name, 0), name)
    )
    return {name: found[name] for name in names}


def _all(folder: Path) -> list[Path]:
    """The folders and pictures in a folder that are not hidden."""
    return [
        each
        for each in folder.iterdir()
        if digits.is_picture(each) or (each.is_dir() and not each.name.startswith("."))
    ]


def _arrays(classes: Classes, tests: Classes) -> Arrays:
    names, blank = tuple(classes), list[Path]()

    def read(of: Classes, image: Callable[[Path], Bytes | None]) -> tuple[Bytes, Bytes]:
        images, labels = list[Bytes](), list[int]()
        for name, files in of.items():
            for file in files:
                made = image(file)
                if made is None:
                    blank.append(file)
                elif images and images[0].shape != made.shape:
                    raise _SizesDifferError
                else:
                    images.append(made)
                    labels.append(names.index(name))
        return np.array(images, np.uint8), np.array(labels, np.uint8)

    try:
        training, test = (read(each, _as_it_is) for each in (classes, tests))
        if test and len(test[0]) and test[0].shape[1:] != training[0].shape[1:]:
            raise _SizesDifferError
        remarks = list[str]()
        if dark_on_light(training[0]):
            training, test = ((255 - images, labels) for images, labels in (training, test))
            remarks = ["the pictures are dark on light, and are inverted, as nnbp predict does"]
    except _SizesDifferError:
        training, test = (read(each, _fitted) for each in (classes, tests))
        remarks = [
            f"the pictures are made {digits.SIDE}x{digits.SIDE}, as nnbp predict makes those that it reads"
        ]
    if blank:
        left_out = f"{counted(len(blank), 'pictures')} left out, with nothing written there"
        remarks.append(f"{left_out}: {some([*map(str, blank)])}")
    return Arrays(*training, *test, names, tuple(remarks))


def _as_it_is(path: Path) -> Bytes:
    grey = digits.grayscale(path)
    if prod(grey.shape) > MAX_PIXELS:
        raise _SizesDifferError
    image: Bytes = np.rint(255 * grey).astype(np.uint8)
    return image


def _fitted(path: Path) -> Bytes | None:
    """All that is written on a picture, in one image; None where nothing is."""
    picture = digits.grayscale(path)
    found = next(filter(None, digits.candidates(picture)), [])
    marks = [mark for mark in found if not mark.cut]
    if len(marks) < 2:
        return digits.normalize(marks[0].ink) if marks else None
    rows, columns = picture.shape
    margin = max(picture.shape)  # of a thin pen the ink was made wider than its box
    written = np.zeros((rows + 2 * margin, columns + 2 * margin))
    for mark in marks:
        left, top, width, height = mark.box
        middle = margin + round((top + height / 2) * rows), margin + round((left + width / 2) * columns)
        place = tuple(
            slice(at - side // 2, at - side // 2 + side) for at, side in zip(middle, mark.ink.shape)
        )
        written[place] = np.maximum(written[place], mark.ink)
    return digits.normalize(written)
