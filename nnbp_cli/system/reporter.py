"""Who is told how work goes on, from a download to a reproduction."""

from collections.abc import Callable, Mapping, Sequence

Note = Callable[[str], object]  # who is told a line, and nothing else: of what takes a while, or is odd


class Reporter:
    """Nobody, to derive from. One thing goes on at a time, until `close`, after which another may begin."""

    def note(self, message: str) -> None:
        """A line about the work."""

    def received(self, name: str, count: int, size: int) -> None:
        """Of the `size` bytes of a file `count` have come; fewer than before: from another mirror."""

    def begin(self, epochs: int, batches: int, before: Sequence[Mapping[str, float]] = ()) -> None:
        """Training begins, of `epochs` epochs of `batches` batches; the scores of those done `before`."""

    def step(self, epoch: int, batch: int, cost: float) -> None:
        """So many epochs and batches are done, or a block of evaluation; the last batch's cost."""

    def epoch(self, number: int, learning_rate: float, seconds: float, scores: Mapping[str, float]) -> None:
        """An epoch is complete: its last learning rate, its seconds of training, and what is watched."""

    def stop(self) -> str | None:
        """Why the run that goes on is to be left, as it is for a signal; None where it is not."""
        return None

    def checked(self, slopes: int, total: int) -> None:
        """So many numerical slopes of a gradient check are known."""

    def begin_jobs(self, work: Mapping[str, float], done: int) -> None:
        """Jobs begin: the work in each, in a unit of its own; `done` others were run before."""

    def advance(self, job: str, share: float) -> None:
        """The share of a job, 0 to 1, that is done."""

    def finish(self, job: str, failure: str | None) -> None:
        """A job has ended; `failure` is what went wrong."""

    def close(self) -> None:
        """What went on has ended, in whatever way."""


SILENT = Reporter()
