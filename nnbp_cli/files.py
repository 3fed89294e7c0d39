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
from pathlib import Path, PurePath
from typing import BinaryIO

from nnbp_cli.errors import NnbpError, reason

DAY = 86_400  # seconds

# Windows opens no directories, and some network file systems sync none.
NOT_SYNCED = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP)

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file to write; when the block ends well it becomes `path`, otherwise it is gone.

    Raises NnbpError when the disk refuses: full, read-only, no such directory; and where there is something
    else than a file, which must not be replaced by one: /dev/null, say.
    """
    beginning = f".{path.name[:100]}."
    temporary = path.with_name(f"{beginning}{os.getpid()}-{secrets.token_hex(4)}.part")
    _remove_leftovers(path.parent, beginning)
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


def _remove_leftovers(directory: Path, beginning: str) -> None:
    """Remove what was left of writing a file by processes that died a day ago or earlier."""
    with suppress(OSError):
        for each in directory.iterdir():
            old = is_temporary(each) and each.name.startswith(beginning)
            if old and time.time() - each.stat().st_mtime > DAY:
                each.unlink()


@contextmanager
def locked(directory: Path, refusal: NnbpError) -> Iterator[None]:
    """Hold `directory` for this process alone while the block lasts. Raises `refusal` when another one does.

    The lock goes with the process, however it ends. What dead processes left half written is removed.
    """
    if fcntl is None:  # Windows has no such locks
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise refusal from None
    except OSError:  # some network file systems lock nothing
        pass
    try:
        _clear(directory)
        yield
    finally:
        os.close(handle)


@contextmanager
def shared(directory: Path) -> Iterator[None]:
    """Work in `directory` while the block lasts, beside other processes that do so under this same lock.

    Whoever comes when nobody else is at work removes what dead processes left half written.
    """
    if fcntl is None:  # Windows has no such locks
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # others are at work, or the file system locks nothing
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(directory)
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _clear(directory: Path) -> None:
    for leftover in filter(is_temporary, list(directory.iterdir())):
        leftover.unlink(missing_ok=True)


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
