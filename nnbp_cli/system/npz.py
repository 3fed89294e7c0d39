"""Arrays by name, and `meta`, which is JSON, in an .npz file that anyone can open with `numpy.load`.

A file is read without trust: nothing is unpickled, nothing is allocated that the file itself does not bring,
and every array must be of the type and the shape that is due.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from nnbp_cli.errors import ConfigError, NnbpError, cannot_read
from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.system import files, json_text
from nnbp_cli.system.schema import Count, first_problem
from nnbp_cli.wording import quoted

# The header of an .npy file as numpy writes it, version 1.0: the length of the rest, its type, its shape.
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(..)\{'descr': '([<>|]?\w{1,20})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,12}, )*(?:\d{1,12},?)?)\), \} *\n",
    re.DOTALL,
)

MEMBER = b"PK\x03\x04"  # how a member of a zip archive begins, and so the archive

# What zipfile says of archives that are damaged, encrypted or of a kind it does not know.
UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


@dataclass(frozen=True)
class FileKind:
    """A kind of archive: its name, the newest format of its meta, and what to do when a file is none."""

    name: str
    format: int
    remedy: str


_FORMAT = TypeAdapter(Count)


def save(
    path: Path,
    kind: FileKind,
    meta: Mapping[str, Any],
    arrays: Mapping[str, Array],
    check: files.Check = files.anything,
) -> None:
    """Write an archive to `path`, whole or not at all. Raises NnbpError as `files.replacing` does."""
    members: dict[str, Any] = {"meta": np.array(json_text.dumps({"format": kind.format, **meta})), **arrays}
    with files.replacing(path, check) as file:
        np.savez(file, **members)


@contextmanager
def open_archive(path: Path, kind: FileKind) -> Iterator[Archive]:
    """The archive at `path`, for as long as the block lasts. Raises NnbpError when it is not a sound one."""
    if path.exists() and not path.is_file():
        raise NnbpError(f"{path}: not a file that can be read twice; save it as one first")
    try:
        try:
            with _opened(path) as archive:
                yield Archive(path, kind, archive)
        except UNREADABLE as error:
            if isinstance(error.__context__, OSError):  # zipfile takes a failing disk for a damaged file
                raise error.__context__ from error
            raise NnbpError(f"{path}: {_what_it_is(path, kind)}; {kind.remedy}") from error
    except OSError as error:
        raise cannot_read(path, error) from error


def is_kind(path: Path, kind: FileKind, *keys: str) -> bool:
    """Whether there is a file of this kind at `path`, which its meta tells by these keys."""
    try:
        with open_archive(path, kind) as opened:
            return all(key in opened.meta for key in keys)
    except NnbpError:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip archive at `path`. One with other bytes before it is none: numpy does not read it either."""
    with path.open("rb") as file:
        if not file.read(4).startswith(MEMBER):
            raise zipfile.BadZipFile
        with zipfile.ZipFile(file) as archive:
            yield archive


class Archive:
    """An open archive: its `meta`, and its members, each read once it is known to be harmless."""

    def __init__(self, path: Path, kind: FileKind, archive: zipfile.ZipFile) -> None:
        self.path, self.kind, self.archive = path, kind, archive
        self.members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if len(self.members) < len(archive.infolist()):
            raise self.refused("it holds a member twice")
        self.meta = self._meta()

    def refused(self, why: str) -> NnbpError:
        """The one-line error for an archive that is not sound."""
        return NnbpError(f"{self.path}: damaged or not an nnbp {self.kind.name}: {why}; {self.kind.remedy}")

    def fill(self, arrays: Mapping[str, Array]) -> None:
        """Read the members with these names into these arrays, float32 and C-contiguous. There must be no
        others; each must have the shape that is due, and only finite numbers.
        """
        for name in self.members:
            if name != "meta" and name not in arrays:
                raise self.refused(f"member {quoted(name)} is not one of its own")
        for name, array in arrays.items():
            dtype, shape, values = self._read(name)
            if (dtype, shape, len(values)) != ("<f4", array.shape, array.nbytes):
                found = f"{dtype} {shape} in {len(values)} bytes"
                raise self.refused(f"member {quoted(name)} is {found} where <f4 {array.shape} is due")
            array[...] = np.frombuffer(values, "<f4").reshape(shape)
            if not np.isfinite(array).all():
                raise self.refused(f"member {quoted(name)} holds numbers that are not finite")

    @contextmanager
    def understood(self) -> Iterator[dict[str, Any]]:
        """The meta, to be held against its schema within the block; what raises there is refused."""
        try:
            yield self.meta
        except (ValueError, ConfigError) as error:
            raise self.refused(f"its 'meta' is not understood ({first_problem(error)})") from error

    def check_holds(self, parameters: int, copies: int = 1) -> None:
        """Refuse a network of so many parameters, before they are allocated, where the file is smaller."""
        if 4 * copies * parameters > self.path.stat().st_size:
            raise self.refused(f"its network has {parameters:,} parameters, more than the file can hold")

    def _meta(self) -> dict[str, Any]:
        dtype, shape, content = self._read("meta")
        try:
            if shape or dtype != f"<U{len(content) // 4}":
                raise ValueError(f"{dtype} {shape}")
            meta = json_text.loads(content.decode("utf-32-le"))
            version = _FORMAT.validate_python(meta["format"])
        except (ValueError, LookupError, TypeError) as error:
            raise self.refused("its 'meta' is not the JSON that nnbp writes") from error
        if version > self.kind.format:
            raise NnbpError(
                f"{self.path}: format {version} is newer than this program reads ({self.kind.format}); "
                "upgrade nnbp-cli"
            )
        return dict(meta)

    def _read(self, name: str) -> tuple[str, Shape, bytes]:
        """Type, shape and values of the array `name`: stored plainly, so no larger than the file is.

        The header is not given to numpy, which evaluates it as Python: it is what numpy writes, or refused.
        """
        if name not in self.members:
            raise self.refused(f"member {quoted(name)} is missing")
        info = self.members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self.refused(f"member {quoted(name)} is compressed")
        # What is said to be more than there is would be allocated all the same.
        if not info.file_size == info.compress_size <= self.path.stat().st_size:
            raise self.refused(f"member {quoted(name)} is not as long as the file says")
        try:
            content = self.archive.read(info)
        except UNREADABLE as error:
            raise self.refused(f"member {quoted(name)} cannot be read") from error
        header = HEADER.match(content)
        if not header or header.end() != 10 + int.from_bytes(header[1], "little"):
            raise self.refused(f"member {quoted(name)} is not a plain array")
        dtype, shape = header[2].decode(), tuple(int(n) for n in header[3].split(b",") if n)
        return dtype, shape, content[header.end() :]


def _what_it_is(path: Path, kind: FileKind) -> str:
    """Words for a file that is no zip archive, from how it begins."""
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        return "damaged: the file is empty"
    if head.startswith(b"PK"):
        return "damaged: the end of the file is missing"
    if head.startswith(b"\x93NUMPY"):
        return f"not an nnbp {kind.name} but a single array (.npy)"
    if head.startswith(b"\x80"):
        return f"not an nnbp {kind.name} but a pickle, which is never opened"
    return f"not an nnbp {kind.name}"
