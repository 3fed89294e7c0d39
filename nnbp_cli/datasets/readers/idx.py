"""The IDX format: two zero bytes, a type, the number of dimensions, each size, then the values.

All numbers are big-endian; the only type here is the unsigned byte, 0x08. MNIST's files are gzipped, others
may be plain: the content tells, not the name. A file may have come from anywhere, so that nothing is
allocated before its size is known to make sense, and nothing is unpacked beyond what the header promises.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from contextlib import nullcontext
from io import BufferedReader
from pathlib import Path

import numpy as np

from nnbp_cli.errors import MissingData, NnbpError, cannot_read
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system import files, hardware

GZIP = b"\x1f\x8b"
UNSIGNED_BYTES = b"\0\0\x08"
MAX_DEFLATE_RATIO = 1032  # deflate packs no more than this many bytes into one
BYTES_PER_READ = 1 << 16  # they stay in the cache
SIGNATURES = {
    b"<": "an HTML page",
    b"{": "a JSON text",
    b"PK": "a zip archive",
    b"version https://git-lfs": "a Git LFS pointer",
}


class _DamagedError(Exception):
    """What is wrong with a file, in a few words."""


def read(
    path: Path, dimensions: int, sha256: str | None = None, *, remedy: str = "put a good copy there"
) -> Bytes:
    """The array of `dimensions` dimensions in an IDX file, gzipped or plain; read-only.

    `sha256` is what the file as it lies there, packed, must have; `remedy` is what to do when it is damaged.
    Raises MissingData when there is no file, NnbpError when it is damaged or cannot be read.
    """
    try:
        with path.open("rb") as file:
            values = _values(file, dimensions)
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


def sniff(head: bytes) -> str | None:
    """What a file that begins with `head` seems to be, where that is nothing to do with images."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((kind for signature, kind in SIGNATURES.items() if start.startswith(signature)), None)


def _values(file: BufferedReader, dimensions: int) -> Bytes:
    size = os.fstat(file.fileno()).st_size
    head = file.read(BYTES_PER_READ)
    file.seek(0)
    if not head:
        raise _DamagedError("zero bytes")
    packed = head.startswith(GZIP)
    length = 4 + 4 * dimensions
    if packed:
        gunzip = zlib.decompressobj(wbits=31)
        head = _next(gunzip, head, 100)
        if len(head) < length and not gunzip.eof:
            raise _DamagedError("a truncated gzip file")
    shape = _shape(head, dimensions)
    total = length + math.prod(shape)
    promise = f"its header promises {total:,} bytes"
    if packed and total > MAX_DEFLATE_RATIO * size:
        raise _DamagedError(f"{promise}, more than {size:,} gzipped bytes can hold")
    if not packed and total != size:
        raise _DamagedError(f"{promise}, it has {size:,}")
    if total > hardware.total_memory():
        raise _DamagedError(f"{promise}, more than this machine's memory")
    content = np.empty(total, np.uint8)
    filled = _unpack(file, content.data) if packed else file.readinto(content.data)
    if filled < total:
        raise _DamagedError(f"{promise}, it has {filled:,}")
    content.flags.writeable = False
    return content[length:].reshape(shape)


def _shape(head: bytes, dimensions: int) -> tuple[int, ...]:
    magic, expected = head[:4], UNSIGNED_BYTES + bytes([dimensions])
    if magic != expected:
        raise _DamagedError(f"{sniff(head) or _kind(magic)} where {_kind(expected)} are due")
    if len(head) < 4 + 4 * dimensions:
        raise _DamagedError("it ends inside its header")
    return struct.unpack_from(f">{dimensions}I", head, offset=4)


def _kind(magic: bytes) -> str:
    of_bytes = {1: "labels", 3: "images"}.get(magic[-1], "arrays") if magic[:3] == UNSIGNED_BYTES else "bytes"
    return f"{of_bytes} (magic {magic.hex()})"


def _unpack(file: BufferedReader, out: memoryview) -> int:
    """The number of bytes that gzip data hold, unpacked into `out`; more than fit are an error."""
    gunzip = zlib.decompressobj(wbits=31)
    filled = 0
    while not gunzip.eof:
        packed = file.read(BYTES_PER_READ)
        if not packed:
            raise _DamagedError("a truncated gzip file")
        piece = _next(gunzip, packed, len(out) - filled + 1)  # one byte more shows what is too long
        if filled + len(piece) > len(out):
            raise _DamagedError(f"it has more than the {len(out):,} bytes that its header promises")
        out[filled : filled + len(piece)] = piece
        filled += len(piece)
    if gunzip.unused_data or file.read(1):
        raise _DamagedError("other bytes follow its gzip data")
    return filled


def _next(gunzip: zlib._Decompress, packed: bytes, max_bytes: int) -> bytes:
    try:
        return gunzip.decompress(packed, max_bytes)
    except zlib.error as error:
        raise _DamagedError("corrupt gzip data, which fails its checksum") from error
