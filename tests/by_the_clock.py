"""Tests that go by the clock, on a machine that may be doing anything else."""

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli.errors import NnbpError

TRIES = 3


def by_the_clock(test: Callable[..., None]) -> Callable[..., None]:
    """A test in whose `tmp_path` all happens within tenths of a second, unless the machine is held up: it is
    tried a few times, each in an empty folder, and has to hold once.
    """

    @wraps(test)
    def tried(tmp_path: Path, **others: Any) -> None:
        for number in range(TRIES):
            folder = tmp_path / str(number)
            folder.mkdir()
            try:
                test(tmp_path=folder, **others)
            except (AssertionError, NnbpError, pytest.fail.Exception):
                if number == TRIES - 1:
                    raise
            else:
                return

    return tried


def until(condition: Callable[[], Any], seconds: float = 60) -> bool:
    """Whether it holds before so many seconds are over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
