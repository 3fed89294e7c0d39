"""What a person sees of a reproduction: a bar with an estimate, a line for every run. All on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import monotonic

from tqdm import tqdm

from nnbp_cli.reproduction.jobs import Job
from nnbp_cli.terminal.download import DownloadDisplay
from nnbp_cli.terminal.output import log


class ReproductionDisplay:
    """One bar for all runs, which grows by the work in them; a context, which leaves no bar behind."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar = tqdm(
            total=0,
            file=sys.stderr,
            disable=quiet or not sys.stderr.isatty(),
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {bar} {percentage:3.0f}%",
        )

    def __enter__(self) -> ReproductionDisplay:
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def note(self, message: str) -> None:
        """See `runs.setup.Listener`."""
        if not self.quiet:
            log(message)

    def download(self) -> DownloadDisplay:
        """See `runs.setup.Listener`."""
        return DownloadDisplay(self.quiet)

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """See `reproduction.reproduce.Display`."""
        self.left = len(jobs) - len(done)
        self.work = sum(job.work for job in jobs if job not in done)
        self.shares: dict[Job, float] = {}
        self.began = monotonic()
        self.bar.reset(total=self.work)
        again = f", {len(done)} were run before" if done else ""
        self.note(f"{len(jobs)} runs{again}")

    def advanced(self, job: Job, share: float) -> None:
        """See `reproduction.worker_pool.Progress`."""
        self.shares[job] = share
        self.bar.set_description_str(f"{self.left} runs, {self.remaining()} left", refresh=False)
        self.bar.update(self.done() - self.bar.n)

    def finished(self, job: Job, failure: str | None) -> None:
        """See `reproduction.worker_pool.Progress`."""
        self.left -= 1
        self.advanced(job, 1.0)
        outcome = f"failed: {failure}" if failure else "done"
        self.note(f"{job.name}: {outcome}; {self.left} more runs, {self.remaining()} left")

    def done(self) -> float:
        """How much of the work is done."""
        return sum(share * job.work for job, share in self.shares.items())

    def remaining(self) -> str:
        """How long the rest will take, if it takes as long as what is done."""
        seconds = (monotonic() - self.began) * (self.work / max(self.done(), 1.0) - 1)
        return f"about {seconds / 60:.0f} min" if seconds >= 90 else f"about {seconds:.0f} s"
