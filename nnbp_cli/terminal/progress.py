"""What a person sees of work that goes on, on stderr: plain lines, and a bar where that is a terminal."""

import sys
from collections.abc import Mapping, Sequence
from math import nan
from time import monotonic
from typing import Any

from tqdm import tqdm

from nnbp_cli.errors import printable
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.terminal.output import log, shows
from nnbp_cli.wording import counted

SPARKLINE_SCORE = "validation accuracy"
SPARKLINE_VALUES = 20  # that are shown: the last ones
SPARKLINE_BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"  # from the lowest value to the highest


class TerminalReporter(Reporter):
    """One bar at a time: of a file, of a whole run with its cost, of a gradient check, or of all the runs of
    a reproduction. A line for every epoch, which ends in a sparkline where the terminal can show it, and for
    every run.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.bar: tqdm[Any] | None = None
        self.file = ""  # that the bar is of

    def note(self, message: str) -> None:
        """Print it."""
        if not self.quiet:
            log(message)

    def received(self, name: str, count: int, size: int) -> None:
        """Move the bar of the file; the first call for a file makes it."""
        if self.file != name:
            self.close()
            self.file = name
            self._draw(total=size, desc=printable(name), unit="B", unit_scale=True)
        self._move_to(count)

    def begin(self, epochs: int, batches: int, before: Sequence[Mapping[str, float]] = ()) -> None:
        """Make the bar of a run."""
        self.epochs, self.batches, self.cost = epochs, batches, nan
        self.accuracies = [scores[SPARKLINE_SCORE] for scores in before if SPARKLINE_SCORE in scores]
        layout = "{desc} {bar} {percentage:3.0f}%  {remaining} left{postfix}"
        self._draw(total=epochs * batches, unit=" batches", bar_format=layout)

    def step(self, epoch: int, batch: int, cost: float) -> None:
        """Move the bar, and show a new cost."""
        if self.bar is not None and cost != self.cost:
            self.cost = cost
            self.bar.set_description_str(f"epoch {epoch + 1}/{self.epochs}", refresh=False)
            self.bar.set_postfix_str(f"batch cost {cost:.3f}", refresh=False)
        self._move_to(epoch * self.batches + batch)

    def epoch(self, number: int, learning_rate: float, seconds: float, scores: Mapping[str, float]) -> None:
        """Print its line."""
        effort = [f"rate {learning_rate:.3g}", f"{seconds:.2f} s"] if number else []
        parts = [
            f"epoch {number:{len(str(self.epochs))}}/{self.epochs}",
            *(f"{name} {_format_score(name, value)}" for name, value in scores.items()),
            *effort,
        ]
        if SPARKLINE_SCORE in scores:
            self.accuracies.append(scores[SPARKLINE_SCORE])
        if sys.stderr.isatty() and shows(sys.stderr, SPARKLINE_BARS):
            parts += filter(None, [sparkline(self.accuracies)])
        self.note("   ".join(parts))

    def checked(self, slopes: int, total: int) -> None:
        """Move the bar of a check; the first call makes it."""
        if self.bar is None:
            self._draw(total=total, bar_format="slopes {bar} {percentage:3.0f}%  {remaining} left")
        self._move_to(slopes)

    def begin_jobs(self, work: Mapping[str, float], done: int) -> None:
        """Make the bar of all runs, which grows by the work in them."""
        self.work, self.waiting = work, len(work)
        self.shares, self.first_shares = dict.fromkeys(work, 0.0), dict[str, float]()
        self.began = monotonic()
        again = f", {done} {'was' if done == 1 else 'were'} run before" if done else ""
        self.note(f"{counted(len(work) + done, 'runs')}{again}")
        self._draw(total=sum(work.values()), bar_format="{desc} {bar} {percentage:3.0f}%")

    def advance(self, job: str, share: float) -> None:
        """Move the bar, and show how long the rest takes."""
        self.first_shares.setdefault(job, share)
        self.shares[job] = share
        if self.bar is not None:
            self.bar.set_description_str(f"{counted(self.waiting, 'runs')}{self._remaining()}", refresh=False)
        self._move_to(self._work_in(self.shares))

    def finish(self, job: str, failure: str | None) -> None:
        """Print its line."""
        self.waiting -= 1
        self.advance(job, 1.0)
        outcome = f"failed: {failure}" if failure else "done"
        left = f"; {counted(self.waiting, 'more runs')}{self._remaining()}" if self.waiting else ""
        self.note(f"{job}: {outcome}{left}")

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self.bar is not None:
            self.bar.close()
        self.bar, self.file = None, ""

    def _draw(self, **options: Any) -> None:
        if sys.stderr.isatty() and not self.quiet:
            self.bar = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, **options)

    def _move_to(self, count: float) -> None:
        if self.bar is not None:
            self.bar.update(count - self.bar.n)

    def _work_in(self, shares: Mapping[str, float]) -> float:
        return sum(share * self.work[job] for job, share in shares.items())

    def _remaining(self) -> str:
        """How long the rest will take, if it takes as long as what was done since the jobs began; the first
        share that is heard of one was done before, or it has failed at once.
        """
        done = self._work_in(self.shares)
        new = done - self._work_in(self.first_shares)
        if not new:
            return ""
        seconds = (monotonic() - self.began) * (sum(self.work.values()) - done) / new
        return f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", about {seconds:.0f} s left"


def _format_score(name: str, value: float) -> str:
    if name.endswith("accuracy"):
        return f"{value:.2%}"
    return f"{value:.4f}" if name.endswith("cost") else f"{value:.3g}"


def sparkline(values: Sequence[float]) -> str:
    """A bar for each of the last values; nothing of fewer than two."""
    shown = values[-SPARKLINE_VALUES:]
    if len(shown) < 2:
        return ""
    low, room = min(shown), max(shown) - min(shown)
    heights = ((value - low) / room if room else 0.0 for value in shown)
    return "".join(SPARKLINE_BARS[round(height * (len(SPARKLINE_BARS) - 1))] for height in heights)
