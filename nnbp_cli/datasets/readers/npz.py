"""Keras's mnist.npz, and whatever else `numpy.savez` wrote with x_train, y_train, x_test and y_test in it.

Each array is read once its header shows that it is harmless: nothing is unpickled.
"""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from nnbp_cli.datasets.readers.arrays import Arrays, as_labels, files_at, one_of
from nnbp_cli.datasets.readers.idx import MAX_DEFLATE_RATIO
from nnbp_cli.errors import NnbpError, cannot_read
from nnbp_cli.nn.arrays import Array
from nnbp_cli.system import hardware
from nnbp_cli.system.npz import UNREADABLE
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import listed

MEMBERS = ("x_train", "y_train", "x_test", "y_test")


def data_set(path: Path, note: Note) -> Arrays | None:
    """The data set in the .npz file at `path`, if there is one."""
    found = present(path)
    if not found:
        return None
    if len(found) > 1:
        raise one_of([file.name for file in found], path)
    file = found[0]
    try:
        with zipfile.ZipFile(file) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            due = MEMBERS if {*MEMBERS[2:]} & members.keys() else MEMBERS[:2]
            if missing := [name for name in due if name not in members]:
                there = listed(list(members)[:6], "and") if members else "nothing"
                raise NnbpError(
                    f"{file}: holds {there}, and no {missing[0]}; save it with {', '.join(MEMBERS)}"
                )
            images, labels, *tests = (_array(file, archive, members[name]) for name in due)
    except UNREADABLE as error:
        raise NnbpError(f"{file}: damaged: no sound .npz file: {error}; put a good copy there") from error
    except OSError as error:
        raise cannot_read(file, error) from error
    test_images, test_labels = tests or (images[:0], labels[:0])
    return Arrays(images, as_labels(labels, file), test_images, as_labels(test_labels, file))


def present(path: Path) -> list[Path]:
    """The .npz files at `path`."""
    return [file for file in files_at(path) if file.suffix.lower() == ".npz"]


def _array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    """Images, or labels."""
    where, is_images = f"{path}: {info.filename.removesuffix('.npy')}", info.filename.startswith("x_")
    with archive.open(info) as file:
        shape, by_column, dtype = _header(file)
        if dtype.hasobject:
            raise NnbpError(f"{where}: pickled objects, which are never opened; save it as integers")
        if is_images and dtype != np.uint8:
            remedy = "make each pixel a byte from 0 to 255, with .astype(numpy.uint8)"
            remedy += "; times 255 before, where they go to 1" * (dtype.kind == "f")
            raise NnbpError(f"{where}: images of {dtype}; {remedy}")
        if dtype.kind not in "iu":
            raise NnbpError(f"{where}: labels of {dtype}; make them integers")
        shape = shape[:-1] if shape[1:] and shape[-1] == 1 else shape
        if len(shape) not in ((2, 3) if is_images else (1,)):
            due = "(images, rows, columns) is" if is_images else "(images,) is"
            raise NnbpError(f"{where}: an array of {shape} where {due} due; reshape it")
        size = dtype.itemsize * math.prod(shape)
        if size > min(hardware.total_memory(), MAX_DEFLATE_RATIO * path.stat().st_size):
            raise NnbpError(
                f"{where}: promises {size:,} bytes, more than there can be; put a good copy there"
            )
        content = file.read(size + 1)
    if len(content) != size:
        raise NnbpError(f"{where}: has not the {size:,} bytes that it promises; put a good copy there")
    values: Array = np.frombuffer(content, dtype)
    return np.ascontiguousarray(values.reshape(shape[::-1]).T if by_column else values.reshape(shape))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether values come column by column, and type; numpy evaluates no long header."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = read(file)
    return shape, by_column, dtype
