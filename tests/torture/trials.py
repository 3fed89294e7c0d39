"""One hostile input given to one function: what may come of it, and what it may take."""

import gc
import signal
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time
from typing import TypeVar

from nnbp_cli.errors import NnbpError
from tests.torture.harness import Outcome, on_alarm

T = TypeVar("T")

HUNG_AFTER = 10  # seconds by the clock
AGAIN = 4  # times that what took too long is timed, before it is held against it
LONGEST = 600  # characters that a line may have


class Hung(BaseException):
    """A try that did not end. No `except Exception` swallows it."""


@dataclass(frozen=True)
class Trials:
    """Tries of one kind: a refusal must be lines that begin with `where`, and nothing may take longer than
    `seconds` of the processor or more than `memory` bytes beyond what was there.
    """

    outcome: Outcome
    seconds: float
    memory: float
    hung_after: float = HUNG_AFTER

    @contextmanager
    def watching(self) -> Iterator[None]:
        """To be entered around all tries: what the process has made before is not to slow them."""

        def give_up() -> None:
            raise Hung(f"not done after {self.hung_after} s")

        gc.collect()
        gc.freeze()
        try:
            with on_alarm(give_up):
                yield
        finally:
            gc.unfreeze()

    def of(self, act: Callable[[], T], where: str, what: str) -> T | None:
        """What `act` returns, or None where it refused as it should. What is not as it should be is noted,
        with `what`, which says how to see it again.
        """
        self.outcome.tries += 1
        try:
            tracemalloc.start()
            try:
                result, seconds = self._timed(act)
                taken = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            for _ in range(AGAIN):  # to count memory takes time, and so does whatever else runs here
                if seconds > self.seconds:
                    result, seconds = self._timed(act)
        except (Exception, Hung) as error:
            self.outcome.failures.append(f"{what}: {type(error).__name__}: {error}")
            return None
        if seconds > self.seconds or taken > self.memory:
            self.outcome.failures.append(f"{what}: took {seconds:.3f} s and {taken:,} bytes")
        if not isinstance(result, NnbpError):
            return result
        for line in str(result).split("\n"):
            well = line.startswith(where) and ": " in line and line.isprintable() and len(line) < LONGEST
            self.outcome.check(well, f"{what}: said {line!r}")
        return None

    def _timed(self, act: Callable[[], T]) -> tuple[T | NnbpError, float]:
        """What `act` returns or refuses with, and the seconds of the processor that it took."""
        signal.setitimer(signal.ITIMER_REAL, self.hung_after)
        start = thread_time()
        try:
            result: T | NnbpError = act()
        except NnbpError as refusal:
            result = refusal
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return result, thread_time() - start
