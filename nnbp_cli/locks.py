"""Directories that processes work in, alone or beside each other. A lock goes with its process, however it
ends. Whoever has one alone, if only for a moment, removes what dead processes left half written there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nnbp_cli import files
from nnbp_cli.errors import NnbpError

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(directory: Path, refusal: NnbpError) -> Iterator[None]:
    """Hold `directory` for this process while the block lasts. Raises `refusal` when another one does."""
    if fcntl is None:  # Windows has no such locks
        yield
        return
    with _opened(directory) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal from None
        except OSError:  # some network file systems lock nothing
            pass
        files.remove_leftovers(directory)
        yield


@contextmanager
def shared(directory: Path) -> Iterator[None]:
    """Work in `directory` while the block lasts, beside other processes that do so under this same lock."""
    if fcntl is None:
        yield
        return
    with _opened(directory) as handle:
        with suppress(OSError):  # others are at work, or the file system locks nothing
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            files.remove_leftovers(directory)
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    handle = os.open(directory, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
