"""Durable, atomic writing. Everything that the program writes goes through here.

A file is written under a unique temporary name in its own directory, synced, and renamed; then the
directory is synced. So whoever opens the final name reads the old file or the new one, whole, even
after a kill or a power cut. Only a log grows in place, a line at a time.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path, PurePath
from typing import BinaryIO

from nnbp_cli.errors import NnbpError, reason

DAY = 86_400  # seconds

# Windows opens no directories, and some network file systems sync none.
NOT_SYNCED = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write; when the block ends well it becomes `path`, otherwise it is gone.

    Raises NnbpError when the disk refuses: full, read-only, no such directory; and where there is something
    else than a file, which must not be replaced by one: /dev/null, say.
    """
    beginning = f".{path.name[:100]}."
    temporary = path.with_name(f"{beginning}{os.getpid()}-{secrets.token_hex(4)}.part")
    with suppress(OSError):  # who has not ended after a day is dead
        remove_leftovers(path.parent, beginning, before=time.time() - DAY)
    try:
        if path.exists() and not path.is_file():
            raise NnbpError(f"{path}: is there already, and not a file; choose another place")
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_directory(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def is_temporary(path: PurePath) -> bool:
    """Whether `path` is one of the names under which a file is written before it gets its own."""
    return path.name.startswith(".") and path.name.endswith(".part")


def write(path: Path, content: str | bytes) -> None:
    """Make `content` (text as UTF-8) the file `path`, whole or not at all."""
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def remove_leftovers(directory: Path, beginning: str = ".", before: float = inf) -> None:
    """Remove what dead processes left of writing files in `directory`: under temporary names that begin so,
    last touched `before` so many seconds since 1970. The caller knows that no other process is writing them.
    """
    for each in filter(is_temporary, list(directory.iterdir())):
        with suppress(FileNotFoundError):  # another one was faster
            if each.name.startswith(beginning) and each.stat().st_mtime < before:
                each.unlink()


def check_writable(path: Path) -> None:
    """Raise NnbpError unless a file can be made in the directory of `path`."""
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def append(path: Path, text: str) -> None:
    """Add `text` at the end of the file `path` in one write, and hand it to the system at once."""
    try:
        with path.open("ab") as file:
            file.write(text.encode())
    except OSError as error:
        raise cannot_write(path, error) from error


def make_directory(path: Path, *, exist_ok: bool = True) -> None:
    """Make the directory `path` and those above it, durably, where they are not there.

    Raises FileExistsError when `path` itself is, and that is not ok; NnbpError when the disk refuses.
    """
    try:
        missing = [each for each in (path, *path.parents) if not each.exists()]
        path.mkdir(parents=True, exist_ok=exist_ok)
        for made in missing:
            sync_directory(made.parent)
    except OSError as error:
        if isinstance(error, FileExistsError) and not exist_ok:
            raise
        raise cannot_write(path, error) from error
    except RecursionError as error:
        raise NnbpError(f"{path}: cannot be made: hundreds of folders in each other; name fewer") from error


def sync_directory(path: Path) -> None:
    """Make the names in the directory `path` durable, where the system can. Raises OSError when it fails."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in NOT_SYNCED:
            raise


def cannot_write(path: Path, error: OSError) -> NnbpError:
    """The one-line error for a disk that refused to write `path`."""
    full = error.errno == errno.ENOSPC
    remedy = "free some space" if full else "choose another place"
    return NnbpError(f"{path}: cannot be written: {reason(error)}; {remedy}")
