"""What a harness is, and what comes out of it."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Outcome:
    """How many times something was tried, and a line for each time that it did not end as promised."""

    tries: int = 0
    failures: list[str] = field(default_factory=list)

    def check(self, held: bool, failure: str) -> None:
        """Note `failure`, which says how to see it again, unless the promise held."""
        if not held:
            self.failures.append(failure)


@dataclass(frozen=True)
class Harness:
    """`run(tries, seed, folder)` tries to break a promise, in an empty folder of its own.

    `short` is how many tries the suite makes, `long` how many `make torture` makes.
    """

    name: str
    promise: str
    run: Callable[[int, int, Path], Outcome]
    short: int
    long: int


@contextmanager
def on_alarm(act: Callable[[], object]) -> Iterator[None]:
    """Within the block, `act` is called when the timer runs out."""
    before = signal.signal(signal.SIGALRM, lambda *_: act())
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
