"""A signal that comes at a known place of a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Interruption:
    """A SIGINT that comes when a run has asked `after` times whether there was one."""

    after: int = 10**9
    asked: int = 0

    @contextmanager
    def defer(self) -> Iterator[Callable[[], str | None]]:
        """See `signals.defer`."""
        yield self._received

    def come(self, after: int) -> None:
        """Come in the next run, after so many questions."""
        self.asked, self.after = 0, after

    def stay_away(self) -> None:
        """Come no more."""
        self.come(10**9)

    def _received(self) -> str | None:
        self.asked += 1
        return "SIGINT" if self.asked > self.after else None


class Killed(BaseException):
    """Raised instead of a SIGKILL: nothing of the program catches it."""


def killed(*_: object) -> None:
    """Be killed here."""
    raise Killed
