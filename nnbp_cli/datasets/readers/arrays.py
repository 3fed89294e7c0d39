"""What every reader gives, and what a path may mean to it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.nn.arrays import Array, Bytes

Note = Callable[[str], object]  # is told what takes a while
MAX_LABEL = 255  # they are kept as bytes
TEST_EVERY = 6  # of each class, where there are no test images


@dataclass(frozen=True)
class Arrays:
    """Images, (n, rows, columns), or (n, pixels) where nothing says which; labels, (n,); and those to test
    with. All are uint8. `class_names` are in the order of the labels, where they are known; `remarks` say
    what was made of the files, a line each.
    """

    images: Bytes
    labels: Bytes
    test_images: Bytes
    test_labels: Bytes
    class_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def with_tests_taken_out(images: Bytes, labels: Bytes, *remarks: str) -> Arrays:
    """The arrays of files without a test set: every sixth image of each class becomes one of it, in the order
    of the files, so that no class is without, whatever that is.
    """
    order, counts = np.argsort(labels, kind="stable"), np.bincount(labels)
    rank = np.empty(len(order), int)  # of each image in its class
    rank[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    tests = rank % TEST_EVERY == TEST_EVERY - 1
    remark = "no test images are there: every sixth image of each class is taken out to test with"
    return Arrays(images[~tests], labels[~tests], images[tests], labels[tests], remarks=(*remarks, remark))


def files_at(path: Path) -> list[Path]:
    """The files that `path` names, in order: itself, those in it where it is a folder, or else those of its
    own folder whose names go on after it: `gzip/emnist-letters` is one set of several. Hidden ones are none.
    """
    try:
        if path.is_file():
            return [path]
        inside = path.is_dir()
        folder = path if inside else path.parent
        named = re.compile(r"[^.]" if inside else re.escape(path.name) + "[-_.]")
        if not folder.is_dir():
            return []
        return sorted(each for each in folder.iterdir() if named.match(each.name) and each.is_file())
    except OSError as error:
        raise cannot_read(path, error) from error


def as_labels(values: Array, path: Path) -> Bytes:
    """Integers as labels. Raises NnbpError where they are none."""
    if values.size and (values.min() < 0 or values.max() > MAX_LABEL):
        wrong = values.min() if values.min() < 0 else values.max()
        raise NnbpError(
            f"{path}: a label of {wrong} where 0 to {MAX_LABEL} are due; count the classes from 0"
        )
    return values.astype(np.uint8)


def one_of(choices: Sequence[str], path: Path) -> NnbpError:
    """The error where a path leads to several data sets."""
    named = ", ".join(repr(str(path / each)) for each in choices[:6])
    return NnbpError(f"{path}: there are {len(choices)} data sets; name one of {named}")
