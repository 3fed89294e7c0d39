"""EMNIST: its images lie on their side, its letters count from 1, and its classes have names.

https://www.nist.gov/itl/products-and-services/emnist-dataset; the names are those of its mapping files.
"""

from dataclasses import replace
from math import isqrt, prod
from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np

from nnbp_cli.datasets.readers.arrays import Arrays
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Bytes

MERGED = digits + ascii_uppercase + "abdefghnqrt"  # the other small letters look like the large ones
CLASSES = {
    "balanced": MERGED,
    "bymerge": MERGED,
    "byclass": digits + ascii_uppercase + ascii_lowercase,
    "digits": digits,
    "mnist": digits,
    "letters": ascii_uppercase,
}


def as_usual(arrays: Arrays, name: str) -> Arrays:
    """Arrays from files whose names begin with `name`: those of EMNIST upright, with labels from 0 and names;
    all others as they are.
    """
    beginning, _, which = name.lower().rstrip("-_.").partition("-")
    if beginning != "emnist" or which not in CLASSES:
        return arrays
    first, names = int(which == "letters"), CLASSES[which]
    for labels in (arrays.labels, arrays.test_labels):
        if labels.size and not first <= labels.min() <= labels.max() < first + len(names):
            wrong = labels.min() if labels.min() < first else labels.max()
            due = f"{first} to {first + len(names) - 1} are due"
            raise NnbpError(f"{name}: a label of {wrong} where {due}; take the files of EMNIST itself")
    return replace(
        arrays,
        images=_upright(arrays.images),
        labels=arrays.labels - np.uint8(first),
        test_images=_upright(arrays.test_images),
        test_labels=arrays.test_labels - np.uint8(first),
        class_names=tuple(names),
    )


def _upright(images: Bytes) -> Bytes:
    """The images with rows for columns; those that a file has as flat rows of pixels are square."""
    side = isqrt(prod(images.shape[1:]))
    return np.ascontiguousarray(images.reshape(len(images), side, side).transpose(0, 2, 1))
