"""Ctrl-C and a polite kill: the first asks the work to stop where it safely can, the second stops it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_STATUS = {"SIGINT": 130, "SIGTERM": 143}


@contextmanager
def deferred() -> Iterator[Callable[[], str | None]]:
    """Within the block, SIGINT and SIGTERM are only noted: the yielded function names the one that came.

    A second signal acts at once, as it would outside. To be used in the main thread.
    """
    received: list[str] = []
    before = {
        name: handler
        for name in EXIT_STATUS
        # One that is ignored, as Ctrl-C is by what a script runs in the background, stays so.
        if (handler := signal.getsignal(getattr(signal, name))) not in (signal.SIG_IGN, None)
    }

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)

    def note(number: int, frame: FrameType | None) -> None:
        received.append(signal.Signals(number).name)
        restore()

    for name in before:
        signal.signal(getattr(signal, name), note)
    try:
        yield lambda: received[0] if received else None
    finally:
        restore()
