"""Durable, atomic writing, through which everything goes that the program writes; and bounded reading.

A file is written under a unique temporary name in its own directory, synced, and renamed; then the
directory is synced. So whoever opens the final name reads the old file or the new one, whole, even
after a kill or a power cut. Only a log grows in place, a line at a time.

A link is followed, and what is no regular file (a pipe, a terminal, /dev/null) is written to, since a rename
would put a file in its place.
"""

import errno
import io
import os
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from pathlib import Path, PurePath
from typing import BinaryIO

from nnbp_cli.errors import NnbpError, cannot_read, reason

# Raises NnbpError unless the file at a path may be written, or replaced, as things are there now.
Check = Callable[[Path], None]

# Windows opens no directories, and some network file systems sync none.
NOT_SYNCED = (errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP)

DAY = 86_400  # seconds
MAX_NAME_BYTES = 200  # of a name that more is added to; most file systems take 255
MAX_LINKS = 40  # that lead from one to the next, as on Linux

# Folders of names that stand for the open files of a process, and are no links though they look so.
OPEN_FILES = re.compile(r"/dev/fd|/proc/(\d+)(/task/\d+)?/fd")


def anything(path: Path) -> None:
    """The `Check` that lets everything be replaced: what is in a folder that belongs to nnbp."""


@contextmanager
def replacing(path: Path, check: Check = anything) -> Iterator[BinaryIO]:
    """A binary file to write; when the block ends well it becomes `path`, otherwise it is gone.

    `check` is asked before anything is written, and again when the file is about to get its name. Where
    `path` is a link, its target becomes the file; where it is a stream, that gets the bytes at the end.

    Raises NnbpError where `check` does, where a folder is, and when the disk refuses: full, read-only, no
    such directory.
    """
    try:
        check(path)
        target = _followed(path)
        if is_stream(target):
            content = io.BytesIO()
            yield content
            # That nobody reads it any more is no error, as with `| head`.
            with suppress(BrokenPipeError), os.fdopen(_open_stream(target), "wb") as stream:
                stream.write(content.getbuffer())
            return
        beginning = f".{shortened(target.name, 100)}."
        temporary = target.with_name(f"{beginning}{os.getpid()}-{secrets.token_hex(4)}.part")
        with suppress(OSError):  # who has not ended after a day is dead
            remove_leftovers(target.parent, beginning, before=time.time() - DAY)
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            check(path)
            temporary.replace(target)
            sync_directory(target.parent)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error


def shortened(name: str, max_bytes: int = MAX_NAME_BYTES) -> str:
    """The beginning of a name, of at most `max_bytes`, which is how file systems count."""
    while len(os.fsencode(name)) > max_bytes:
        name = name[:-1]
    return name


def _followed(path: Path) -> Path:
    """Where `path` leads, link by link: a name that is none. Raises OSError where they lead nowhere."""
    for _ in range(MAX_LINKS):
        if _among_open_files(path) or not path.is_symlink():
            return path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _among_open_files(path: Path) -> re.Match[str] | None:
    return OPEN_FILES.fullmatch(os.path.realpath(path.parent))


def is_stream(path: Path) -> bool:
    """Whether there is something at `path` that is written to and never replaced: a pipe, a device, a stream
    of this process. Raises NnbpError where its links lead nowhere, and for a folder, which is neither.
    """
    try:
        target = _followed(path)
        if not target.exists():
            return False
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise _cannot_write(path, error) from error
    return not target.is_file() or _among_open_files(target) is not None


def is_stdout(path: Path) -> bool:
    """Whether what is written to `path` goes where results are printed."""
    try:
        return is_stream(path) and os.path.samestat(path.stat(), os.fstat(1))
    except (OSError, NnbpError):
        return False


def _open_stream(target: Path) -> int:
    """A handle of a stream. One that this process has open already is doubled: opened a second time, a file
    that is its stdout would be written from its beginning, by both.
    """
    process = _among_open_files(target)
    if process and process[1] == str(os.getpid()):
        return os.dup(int(target.name))
    return os.open(target, os.O_WRONLY)


def read_bytes(
    path: Path,
    max_bytes: int,
    *,
    missing: NnbpError,
    too_large: NnbpError,
    not_regular: NnbpError | None = None,
) -> bytes:
    """The content of a file of at most `max_bytes`. Raises `missing` where there is none, `too_large` where
    it has more, `not_regular` for a pipe, a device or a folder, if given, and else what `cannot_read` says.
    """
    try:
        if not_regular and path.exists() and not path.is_file():
            raise not_regular
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)  # no more, or /dev/zero would never end
    except (FileNotFoundError, NotADirectoryError):
        raise missing from None
    except OSError as error:
        raise cannot_read(path, error) from error
    if len(content) > max_bytes:
        raise too_large
    return content


def is_temporary(path: PurePath) -> bool:
    """Whether `path` is one of the names under which a file is written before it gets its own."""
    return path.name.startswith(".") and path.name.endswith(".part")


def write(path: Path, content: str | bytes, check: Check = anything) -> None:
    """Make `content` (text as UTF-8) the file `path`, whole or not at all; see `replacing`."""
    with replacing(path, check) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def remove_leftovers(directory: Path, beginning: str = ".", before: float = inf) -> None:
    """Remove what dead processes left of writing files in `directory`: under temporary names that begin so,
    last touched `before` so many seconds since 1970. The caller knows that no other process is writing them.
    """
    for path in filter(is_temporary, list(directory.iterdir())):
        with suppress(FileNotFoundError):  # another one was faster
            if path.name.startswith(beginning) and path.stat().st_mtime < before:
                path.unlink()


def check_writable(path: Path) -> None:
    """Raise NnbpError unless a file can be made in the directory of `path`, or it is a stream."""
    try:
        if not is_stream(path):
            with tempfile.TemporaryFile(dir=_followed(path).parent):
                pass
    except OSError as error:
        raise _cannot_write(path, error) from error


def append(path: Path, text: str, check: Check = anything) -> None:
    """Add `text` to the file `path` in one write, handed to the system at once. `check` is asked before."""
    try:
        check(path)
        with path.open("ab") as file:
            file.write(text.encode())
    except OSError as error:
        raise _cannot_write(path, error) from error


def make_directory(path: Path, *, exist_ok: bool = True) -> list[Path]:
    """Make the directory `path` and those above it, durably, where they are not there. Returns those that
    were not, each before the one that it is in.

    Raises FileExistsError when `path` itself is, and that is not ok; NnbpError when the disk refuses.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=exist_ok)
        for folder in missing:
            sync_directory(folder.parent)
    except OSError as error:
        if isinstance(error, FileExistsError):
            if not exist_ok:
                raise
            if path.is_dir() or not os.path.lexists(error.filename):  # others make it and take it away
                return make_directory(path)
        raise _cannot_write(path, error) from error
    except RecursionError as error:
        raise NnbpError(f"{path}: cannot be made: hundreds of folders in each other; name fewer") from error
    return missing


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


def _cannot_write(path: Path, error: OSError) -> NnbpError:
    remedy = "free some space" if error.errno == errno.ENOSPC else "choose another place"
    return NnbpError(f"{path}: cannot be written: {reason(error)}; {remedy}")
