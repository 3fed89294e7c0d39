"""Ctrl-C and a polite kill. A process ends at once, with one line, unless it has work that must be left in
good order: then the first signal asks it to stop where it safely can, and the second stops it.

No exception is ever raised between two instructions, as Python does by itself: it may come in the middle of
an import or in a callback from C, where it is shown as a traceback or lost.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType

EXIT_STATUS = {"SIGINT": 130, "SIGTERM": 143}
GRACE_SECONDS = 1  # that a result has to reach who reads it, after a signal

_status: int | None = None  # of work that is done
_received: list[str] | None = None  # in the outermost block of `defer`, while there is one
_by_signal = False


def exit_immediately(by_signal: bool = False) -> None:
    """From now on SIGINT and SIGTERM end this process, wherever it is. What was being written is left
    under its temporary name. With `by_signal` it ends as if it had no handler, and not with a status.
    """
    global _status, _by_signal
    _status, _by_signal = None, by_signal
    for name in _not_ignored():
        signal.signal(getattr(signal, name), _end)


def complete(stopped_by: str | None = None) -> None:
    """The work of this process is done, or left in good order for the signal `stopped_by`: no other signal
    changes its status any more. After the first one its result has a moment to be read, after the next none.
    """
    global _status
    _status = EXIT_STATUS.get(stopped_by or "", 0)


def ignore() -> None:
    """From now on SIGINT and SIGTERM do nothing: all is said, and this process ends by itself in a moment. An
    alarm that comes when Python has let go of its handlers would change its status.
    """
    for name in EXIT_STATUS:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def defer() -> Iterator[Callable[[], str | None]]:
    """Within the block, SIGINT and SIGTERM are only noted: the yielded function names the one that came.

    A second signal acts at once, as it would outside. A block within another is told what came in either. To
    be used in the main thread.
    """
    global _status, _received
    _status = None
    if _received is not None:
        yield partial(_first, _received)
        return
    received = _received = []
    before = {name: signal.getsignal(getattr(signal, name)) for name in _not_ignored()}

    def restore() -> None:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)

    def note(number: int, frame: FrameType | None) -> None:
        received.append(signal.Signals(number).name)
        restore()

    for name in before:
        signal.signal(getattr(signal, name), note)
    try:
        yield partial(_first, received)
    finally:
        _received = None
        restore()
        if received and _status is not None and _end in before.values():
            _end_soon(_status)


def _first(received: Sequence[str]) -> str | None:
    return received[0] if received else None


def _not_ignored() -> list[str]:
    """The signals but those that are ignored, as Ctrl-C is by what a script runs in the background."""
    ignored = (signal.SIG_IGN, None)
    return [name for name in EXIT_STATUS if signal.getsignal(getattr(signal, name)) not in ignored]


def _end(number: int, frame: FrameType | None) -> None:
    if _status is not None:
        _end_soon(_status)
        return
    try:
        # Nothing that could be half way through something else: no stream, no lock.
        os.write(2, b"\ninterrupted\n" if os.isatty(2) else b"interrupted\n")
    except OSError:  # nobody reads it
        pass
    finally:
        if _by_signal:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        os._exit(EXIT_STATUS[signal.Signals(number).name])


def _end_soon(status: int) -> None:
    """Let the process end with `status` by itself; if it has not after GRACE_SECONDS, as nobody reads what it
    says, or at the next signal, it is ended.
    """

    def end(number: int, frame: FrameType | None) -> None:
        os._exit(status)

    if not hasattr(signal, "setitimer"):  # Windows
        os._exit(status)
    for number in (signal.SIGALRM, *(getattr(signal, name) for name in _not_ignored())):
        signal.signal(number, end)
    signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
