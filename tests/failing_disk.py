"""A disk that fails while it is read."""

from __future__ import annotations

import errno
import io
import os
from itertools import count
from typing import Any

import pytest


def fail_at_read(patched: pytest.MonkeyPatch, number: int) -> None:
    """Let one of the reads of the files that are opened from now on fail: the one of this number."""
    numbers = count()
    real_open: Any = io.open

    def read() -> None:
        if next(numbers) == number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    class Failing(io.FileIO):
        """A file as the system has it, with no buffer."""

        def readinto(self, buffer: Any) -> int | None:
            """Read, or fail."""
            read()
            return super().readinto(buffer)

        def readall(self) -> bytes:
            """Read to the end, or fail."""
            read()
            return super().readall()

    def opened(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode != "rb":
            return real_open(file, mode, *more, **options)
        return io.BufferedReader(Failing(file))

    patched.setattr(io, "open", opened)
