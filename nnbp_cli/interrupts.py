"""Ctrl-C and a polite kill. A process ends at once, with one line, unless it has work that must be left in
good order: then the first signal asks it to stop where it safely can, and the second stops it.

No exception is ever raised between two instructions, as Python does by itself: it may come in the middle of
an import or in a callback from C, where it is shown as a traceback or lost.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

EXIT_STATUS = {"SIGINT": 130, "SIGTERM": 143}


def at_once() -> None:
    """From now on SIGINT and SIGTERM end this process, wherever it is. What was being written is left
    under its temporary name.
    """
    for name in _minded():
        signal.signal(getattr(signal, name), _end)


def ignored() -> None:
    """From now on SIGINT and SIGTERM do nothing: this process ends by itself in a moment."""
    for name in EXIT_STATUS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)


@contextmanager
def deferred() -> Iterator[Callable[[], str | None]]:
    """Within the block, SIGINT and SIGTERM are only noted: the yielded function names the one that came.

    A second signal acts at once, as it would outside. To be used in the main thread.
    """
    received: list[str] = []
    before = {name: signal.getsignal(getattr(signal, name)) for name in _minded()}

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


@contextmanager
def withheld() -> Iterator[None]:
    """Within the block, SIGINT waits. A process begun in it never gets one, as it would when a terminal sends
    its Ctrl-C to all: that is for its parent to answer, which stops it by SIGTERM.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # Ignored too, since multiprocessing unblocks it when it begins its first process.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _minded() -> list[str]:
    """The signals but those that are ignored, as Ctrl-C is by what a script runs in the background."""
    return [
        name for name in EXIT_STATUS if signal.getsignal(getattr(signal, name)) not in (signal.SIG_IGN, None)
    ]


def _end(number: int, frame: FrameType | None) -> None:
    try:
        # Nothing that could be half way through something else: no stream, no lock.
        os.write(2, b"\ninterrupted\n" if os.isatty(2) else b"interrupted\n")
    except OSError:  # nobody reads it
        pass
    finally:
        os._exit(EXIT_STATUS[signal.Signals(number).name])
