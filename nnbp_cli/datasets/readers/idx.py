"""The IDX format: two zero bytes, a type, the number of dimensions, each size, then the values.

All numbers are big-endian; images are of unsigned bytes, 0x08, labels of any type of integers. MNIST's files
are gzipped, others may be plain: the content tells, not the name. A file may have come from anywhere, so that
nothing is allocated before its size is known to make sense, and nothing is unpacked beyond what the header
promises.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli.datasets.catalog import NAMES
from nnbp_cli.datasets.readers import emnist
from nnbp_cli.datasets.readers.arrays import Arrays, as_labels, files_at, one_of
from nnbp_cli.errors import MissingData, NnbpError, cannot_read
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system import files, hardware
from nnbp_cli.system.reporter import Note

GZIP = b"\x1f\x8b"
PARTS = tuple((training, what) for training in (True, False) for what in ("images", "labels"))
UNSIGNED_BYTES = b"\0\0\x08"
MAX_DEFLATE_RATIO = 1032  # deflate packs no more than this many bytes into one
BYTES_PER_READ = 1 << 16  # they stay in the cache
BYTES_PER_PIECE = 1 << 18
TYPES = {
    code: np.dtype(f">{name}")
    for code, name in zip(b"\x08\x09\x0b\x0c\x0d\x0e", ("u1", "i1", "i2", "i4", "f4", "f8"))
}
MAX_HEADER_BYTES = 16
QMNIST_COLUMNS = 8  # of its labels, of which the first is the class
SIGNATURES = {
    b"<": "an HTML page",
    b"{": "a JSON text",
    b"PK": "a zip archive",
    b"version https://git-lfs": "a Git LFS pointer",
}

# The names that a file of a data set has: train-images-idx3-ubyte.gz, emnist-letters-test-labels-idx1-ubyte,
# t10k-images.idx3-ubyte. What comes before tells one set from another in the same folder.
FILE_NAME = re.compile(
    r"(?P<set>(?:.*[-_.])?)(?P<part>train|test|t10k)[-_.](?P<what>images|labels)[-_.]idx.*?(?P<gz>\.gz)?",
    re.I,
)


class _DamagedError(Exception):
    """What is wrong with a file, in a few words."""


def data_set(path: Path, note: Note) -> Arrays | None:
    """The data set in the IDX files at `path`, if there are some. Raises NnbpError where one is missing."""
    named = [(match, file) for file in present(path) if (match := FILE_NAME.fullmatch(file.name))]
    if not named:
        return None
    sets = sorted({match["set"] for match, _ in named})
    if len(sets) > 1 and "" not in sets:
        raise one_of([each.rstrip("-_.") for each in sets], path)
    parts = {
        (match["part"].lower() == "train", match["what"].lower()): file
        # A gzipped file comes before a plain one.
        for match, file in sorted(named, key=lambda each: bool(each[0]["gz"]))
        if match["set"] == sets[0]
    }
    due = PARTS if any(not training for training, _ in parts) else PARTS[:2]
    for key, name in zip(due, NAMES):
        if key not in parts:
            missing = f"{sets[0]}{name}"
            raise NnbpError(f"{path}: no '{missing}' here, nor '{missing}.gz'; put it there")
    images, labels, *tests = (read(parts[key], dimensions) for key, dimensions in zip(due, (3, 1, 3, 1)))
    return emnist.as_usual(Arrays(images, labels, *(tests or (images[:0], labels[:0]))), sets[0])


def present(path: Path) -> list[Path]:
    """The files at `path` with names as MNIST's."""
    return [file for file in files_at(path) if FILE_NAME.fullmatch(file.name)]


def read(
    path: Path, dimensions: int, sha256: str | None = None, *, remedy: str = "put a good copy there"
) -> Bytes:
    """The array of `dimensions` dimensions in an IDX file, gzipped or plain; read-only.

    `sha256` is what the file as it lies there, packed, must have; `remedy` is what to do when it is damaged.
    Raises MissingData when there is no file, NnbpError when it is damaged or cannot be read.
    """
    try:
        with path.open("rb") as file:
            values = _values(file, path, dimensions)
            if sha256 is not None:
                file.seek(0)
                found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != sha256:
                    raise _DamagedError(
                        f"wrong checksum: its SHA-256 is {found[:16]}..., expected {sha256[:16]}..."
                    )
    except FileNotFoundError as error:
        raise MissingData(f"{path}: no such file; {remedy}") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    except _DamagedError as error:
        raise NnbpError(f"{path}: damaged: {error}; {remedy}") from error
    return values


def write(path: Path, array: Bytes, *, level: int = 6) -> None:
    """Make the uint8 `array` the IDX file `path`, gzipped when the name ends in .gz.

    The same array gives the same bytes. `level` is gzip's, from 1 (fast) to 9 (small). Raises NnbpError
    when the disk refuses.
    """
    if array.dtype != np.uint8:
        raise TypeError(f"expected uint8, got {array.dtype}")
    with (
        files.replacing(path) as file,
        gzip.GzipFile("", "wb", level, file, mtime=0) if path.suffix == ".gz" else nullcontext(file) as out,
    ):
        out.write(header(array.shape))
        out.write(np.ascontiguousarray(array).data)


def header(shape: tuple[int, ...]) -> bytes:
    """The bytes before the values of an array of `shape`."""
    return UNSIGNED_BYTES + struct.pack(f">B{len(shape)}I", len(shape), *shape)


def digest(arrays: Iterable[Bytes]) -> str:
    """The SHA-256 of arrays as the bytes of IDX files, one after the other."""
    sha256 = hashlib.sha256()
    for array in arrays:
        sha256.update(header(array.shape))
        sha256.update(array.data)
    return sha256.hexdigest()


def sniff(head: bytes) -> str | None:
    """What a file that begins with `head` seems to be, where that is nothing to do with images."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), None)


def _values(file: BufferedReader, path: Path, dimensions: int) -> Bytes:
    size = os.fstat(file.fileno()).st_size
    start = file.read(len(GZIP))
    file.seek(0)
    if not start:
        raise _DamagedError("zero bytes")
    packed = start == GZIP
    pieces = _unpacked(file) if packed else iter(lambda: file.read(BYTES_PER_READ), b"")
    head = b""
    while len(head) < MAX_HEADER_BYTES and (piece := next(pieces, b"")):
        head += piece
    dtype, shape = _header(head, path, dimensions)
    length = 4 + 4 * len(shape)
    total = length + dtype.itemsize * math.prod(shape)
    promise = f"its header promises {total:,} bytes"
    if packed and total > MAX_DEFLATE_RATIO * size:
        raise _DamagedError(f"{promise}, more than {size:,} gzipped bytes can hold")
    if not packed and total != size:
        raise _DamagedError(f"{promise}, it has {size:,}")
    if total > hardware.total_memory():
        raise _DamagedError(f"{promise}, more than this machine's memory")
    content, filled = np.empty(total, np.uint8), 0
    for piece in chain([head], pieces):
        if filled + len(piece) > total:
            raise _DamagedError(f"it has more than the {total:,} bytes that its header promises")
        content[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if filled < total:
        raise _DamagedError(f"{promise}, it has {filled:,}")
    values = content[length:].view(dtype).reshape(shape)
    if dtype != np.uint8:
        values = as_labels(values, path)
    values.flags.writeable = False
    return values if len(shape) == dimensions else np.ascontiguousarray(values[:, 0])


def _header(head: bytes, path: Path, dimensions: int) -> tuple[np.dtype[Any], tuple[int, ...]]:
    """The type and the shape of the values. Labels may be integers of any type, and those of QMNIST have
    seven other facts beside each; images are bytes.
    """
    magic, expected = head[:4], UNSIGNED_BYTES + bytes([dimensions])
    dtype = TYPES.get(magic[2]) if magic[:2] == b"\0\0" and len(magic) == 4 else None
    sizes = struct.unpack_from(f">{magic[3]}I", head, 4) if dtype and len(head) >= 4 + 4 * magic[3] else ()
    if dtype and dimensions == 1 and dtype.kind != "f":
        if len(sizes) == 1 or (len(sizes) == 2 and sizes[1] == QMNIST_COLUMNS):
            return dtype, sizes
    elif dtype and dimensions == 3 and magic[3] == 3 and dtype != np.uint8:
        what = f"{8 * dtype.itemsize}-bit {'floats' if dtype.kind == 'f' else 'integers'}"
        raise NnbpError(f"{path}: images of {what}; make each pixel a byte, from 0 to 255")
    if magic != expected:
        raise _DamagedError(f"{sniff(head) or _kind(magic)} where {_kind(expected)} are due")
    if len(sizes) != dimensions:
        raise _DamagedError("it ends inside its header")
    return np.dtype(np.uint8), sizes


def _kind(magic: bytes) -> str:
    of_bytes = {1: "labels", 3: "images"}.get(magic[-1], "arrays") if magic[:3] == UNSIGNED_BYTES else "bytes"
    return f"{of_bytes} (magic {magic.hex()})"


def _unpacked(file: BufferedReader) -> Iterator[bytes]:
    """The content of gzip data, piece by piece: of one member after the other, and zeros may follow them."""
    packed = file.read(BYTES_PER_READ)
    while packed:
        gunzip = zlib.decompressobj(wbits=31)
        while not gunzip.eof:
            if not packed:
                raise _DamagedError("a truncated gzip file")
            try:
                piece = gunzip.decompress(packed, BYTES_PER_PIECE)
            except zlib.error as error:
                raise _DamagedError("corrupt gzip data, which fails its checksum") from error
            if piece:
                yield piece
            packed = gunzip.unconsumed_tail or gunzip.unused_data or file.read(BYTES_PER_READ)
        while packed and not (packed := packed.lstrip(b"\0")):
            packed = file.read(BYTES_PER_READ)
        if packed and not (packed + file.peek(1)).startswith(GZIP):
            raise _DamagedError("other bytes follow its gzip data")
