"""Who runs jobs, on this machine or on many: what is asked of them, and what they tell."""

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from nnbp_cli.jobs.job import Job


@dataclass(frozen=True)
class Progress:
    """So much of a job is done, 0 to 1."""

    job: Job
    share: float


@dataclass(frozen=True)
class Ended:
    """A job goes on no longer: its result is in its directory, or `failure` says why there is none."""

    job: Job
    failure: str | None


class Workers(AbstractContextManager["Workers", None]):
    """Processes that run jobs while the context lasts. Those that still run at its end are ended."""

    @property
    @abstractmethod
    def title(self) -> str:
        """How many there are, and where."""

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether another job may begin."""

    @abstractmethod
    def begin(self, job: Job) -> None:
        """Begin one that is prepared. Raises NnbpError where that cannot be."""

    @abstractmethod
    def stop(self, signal_name: str) -> None:
        """Have those that run stop as by this signal, and wait until what they have learned is kept."""

    @abstractmethod
    def news(self, seconds: float) -> Iterable[Progress | Ended]:
        """What has happened since it was asked last; waits for it, but no longer than so."""
