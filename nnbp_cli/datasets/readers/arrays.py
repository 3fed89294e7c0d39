"""What every reader gives, and what a path may mean to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.wording import some

MAX_LABEL = 255  # they are kept as bytes
MIDDLE_GREY = 127
IMAGES_LOOKED_AT = 1000
TEST_EVERY = 6  # of each class, where there are no test images


@dataclass(frozen=True)
class Arrays:
    """Images, (n, rows, columns), or (n, pixels) where nothing says which; labels, (n,); and those to test
    with, none where the files have none. All are uint8. `class_names` are in the order of the labels, where
    they are known; `remarks` say what was made of the files, a line each.
    """

    images: Bytes
    labels: Bytes
    test_images: Bytes
    test_labels: Bytes
    class_names: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def with_tests_taken_out(found: Arrays) -> Arrays:
    """The arrays of files without a test set: every sixth image of each class becomes one of it, in the order
    of the files, so that no class is without, whatever that is.
    """
    images, labels = found.images, found.labels
    order, counts = np.argsort(labels, kind="stable"), np.bincount(labels)
    rank = np.empty(len(order), int)  # of each image in its class
    rank[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    tests = rank % TEST_EVERY == TEST_EVERY - 1
    if not tests.any():
        return found
    remark = "no test images are there: every sixth image of each class is taken out to test with"
    parts = images[~tests], labels[~tests], images[tests], labels[tests]
    return Arrays(*parts, found.class_names, (*found.remarks, remark))


def with_unused(found: Arrays, path: Path, unused: Iterable[Path]) -> Arrays:
    """The arrays, with the remark that some of what is there at `path` is not in them."""
    if names := [str(each.relative_to(path)) for each in unused]:
        return replace(found, remarks=(*found.remarks, f"{path}: not used: {some(names)}"))
    return found


def dark_on_light(images: Bytes) -> bool:
    """Whether images, (n, rows, columns), have light edges around a darker middle, unlike MNIST's."""
    few = images[:: 1 + len(images) // IMAGES_LOOKED_AT]
    edges = np.concatenate([few[:, 0], few[:, -1], few[:, :, 0], few[:, :, -1]], axis=1).mean()
    return bool(edges > max(MIDDLE_GREY, few.mean()))


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
