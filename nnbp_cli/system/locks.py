"""Directories that processes work in, alone or beside each other, and files of which they share out the
bytes. A lock goes with its process, however it ends. Whoever has a directory alone, if only for a moment,
removes what dead processes left half written there.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from nnbp_cli.errors import NnbpError, reason
from nnbp_cli.system import files

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Hold:
    """A directory that this process has alone. It may be moved, and something else be made under its `path`;
    as long as its `handle` is open, nothing else gets its identity.
    """

    path: Path
    handle: int | None
    identity: os.stat_result

    @property
    def lasts(self) -> bool:
        """Whether the directory is still what its path leads to."""
        return _leads_to(self.path, self.identity)

    @property
    def moved_to(self) -> Path | None:
        """Where the directory is now, if the system tells, as Linux does."""
        with suppress(OSError):
            now = Path(f"/proc/self/fd/{self.handle}").readlink()
            return now if _leads_to(now, self.identity) else None
        return None


@contextmanager
def alone(directory: Path, refusal: NnbpError, patience: float = 0) -> Iterator[Hold]:
    """Hold `directory` for this process while the block lasts. Raises `refusal` when another one does, which
    has so many seconds to let go of it.
    """
    if fcntl is None:  # Windows has no such locks
        yield Hold(directory, None, directory.stat())
        return
    with ExitStack() as stack:
        handle = os.open(directory, os.O_RDONLY)
        stack.callback(os.close, handle)
        deadline = monotonic() + patience
        with suppress(OSError):  # some network file systems lock nothing
            while not _locked(handle):
                if monotonic() >= deadline:
                    raise refusal
                sleep(0.1)
        hold = Hold(directory, handle, os.fstat(handle))
        if not hold.lasts:  # another one was made since it was opened
            raise refusal
        files.remove_leftovers(directory)
        yield hold


@contextmanager
def shared(directory: Path) -> Iterator[None]:
    """Work in `directory` while the block lasts, beside other processes that do so under this same lock.

    It is made where it is not there, with those above it. Those that were made are gone again when nothing
    was put into them and no other process is at work there.
    """
    made = files.make_directory(directory)
    if fcntl is None:
        yield
        return
    with ExitStack() as stack:
        while True:
            with suppress(FileNotFoundError):  # who made it took it away again
                handle = os.open(directory, os.O_RDONLY)
                stack.callback(os.close, handle)
                with suppress(OSError):  # others are at work, or the file system locks nothing
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    files.remove_leftovers(directory)
                with suppress(OSError):
                    fcntl.flock(handle, fcntl.LOCK_SH)
                if _leads_to(directory, os.fstat(handle)):
                    break
            made = files.make_directory(directory) or made
        try:
            yield
        finally:
            with suppress(OSError):  # others are at work, or it is not empty
                if made:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for folder in made:
                    folder.rmdir()


class ByteLocks:
    """The bytes of the file `path`, each of which one process may hold, whatever is in it. Other machines
    know of it where the folder is shared: NFS locks bytes of files, and no directories.
    """

    def __init__(self, path: Path) -> None:
        files.append(path, "")
        self._path, self._file = path, path.open("r+b")

    def close(self) -> None:
        """Let go of all that are held."""
        self._file.close()

    @contextmanager
    def held(self, byte: int, refusal: NnbpError | None = None) -> Iterator[None]:
        """Hold a byte while the block lasts. Where another process has it, raise `refusal`, or else wait."""
        if fcntl is None:
            yield
            return
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | (fcntl.LOCK_NB if refusal else 0), 1, byte)
        except OSError as error:
            if refusal and error.errno in (errno.EAGAIN, errno.EACCES):
                raise refusal from None
            why = f"cannot be locked: {reason(error)}"
            raise NnbpError(f"{self._path}: {why}; choose a place on another file system") from error
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leads_to(path: Path, identity: os.stat_result) -> bool:
    """Whether what is at `path`, if anything, is the directory of that identity."""
    try:
        return os.path.samestat(path.stat(), identity)
    except (FileNotFoundError, NotADirectoryError):
        return False
