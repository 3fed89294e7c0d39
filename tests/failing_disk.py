"""A disk that fails while it is read."""

import errno
import io
import os
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from nnbp_cli.errors import NnbpError


def fail_at_read(patched: pytest.MonkeyPatch, number: int) -> None:
    """Let one of the reads of the files that are opened from now on fail: the one of this number."""
    numbers = count()
    real_open: Any = io.open

    def fail_in_turn() -> None:
        if next(numbers) == number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    class Failing(io.FileIO):
        """A file as the system has it, with no buffer."""

        def readinto(self, buffer: Any) -> int | None:
            fail_in_turn()
            return super().readinto(buffer)

        def readall(self) -> bytes:
            fail_in_turn()
            return super().readall()

    def opened(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
        if mode != "rb":
            return real_open(file, mode, *more, **options)
        return io.BufferedReader(Failing(file))

    patched.setattr(io, "open", opened)


def check_each_read(read: Callable[[], object], message: str) -> None:
    """Let the first read fail, then the second ...: each time `message` begins what is said."""
    for number in count():
        with pytest.MonkeyPatch.context() as patched:
            fail_at_read(patched, number)
            try:
                read()
            except NnbpError as error:
                assert str(error).startswith(message)
            else:
                break
    assert number > 1
