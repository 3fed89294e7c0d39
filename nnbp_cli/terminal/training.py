"""What a person sees of a run: a bar with an estimate, a line for every epoch. All on stderr."""

from __future__ import annotations

import sys
from math import nan

from tqdm import tqdm

from nnbp_cli.terminal.download import DownloadDisplay
from nnbp_cli.terminal.encoding import shows
from nnbp_cli.terminal.output import log
from nnbp_cli.terminal.sparkline import BARS, sparkline
from nnbp_cli.training.history import History
from nnbp_cli.training.loop import TrainingState

DRAWN = "validation accuracy"  # as a sparkline


class TrainingDisplay:
    """One bar for the whole run, with the running cost, and a line for every epoch: on a terminal that can
    show it with the validation accuracy so far as a sparkline.
    """

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def note(self, message: str) -> None:
        """See `runs.run.Display`."""
        if not self.quiet:
            log(message)

    def download(self) -> DownloadDisplay:
        """See `runs.run.Display`."""
        return DownloadDisplay(self.quiet)

    def begin(self, epochs: int, batches: int) -> None:
        """See `runs.run.Display`."""
        self.epochs, self.batches, self.cost = epochs, batches, nan
        self.bar = tqdm(
            total=epochs * batches,
            file=sys.stderr,
            disable=self.quiet or not sys.stderr.isatty(),
            unit=" batches",
            leave=False,
            dynamic_ncols=True,
            bar_format="{desc} {bar} {percentage:3.0f}%  {remaining} left{postfix}",
        )

    def step(self, state: TrainingState) -> None:
        """See `runs.run.Display`."""
        if self.bar.disable:
            return
        if state.cost != self.cost:  # a new sample
            self.cost = state.cost
            self.bar.set_description_str(f"epoch {state.epoch + 1}/{self.epochs}", refresh=False)
            self.bar.set_postfix_str(f"batch cost {state.cost:.3f}", refresh=False)
        self.bar.update(state.epoch * self.batches + state.batch - self.bar.n)

    def epoch(self, history: History) -> None:
        """See `runs.run.Display`."""
        epoch = history[-1]
        scores = [f"{name} {_shown(name, value)}" for name, value in epoch.scores.items()]
        width = len(str(self.epochs))
        effort = [f"rate {epoch.learning_rate:.3g}", f"{epoch.seconds:.2f} s"] if epoch.number else []
        parts = [f"epoch {epoch.number:{width}}/{self.epochs}", *scores, *effort]
        if sys.stderr.isatty() and shows(sys.stderr, BARS):
            so_far = [each.scores[DRAWN] for each in history if DRAWN in each.scores]
            parts += filter(None, [sparkline(so_far)])
        self.note("   ".join(parts))

    def end(self) -> None:
        """See `runs.run.Display`."""
        self.bar.close()


def _shown(name: str, value: float) -> str:
    if name.endswith("accuracy"):
        return f"{value:.2%}"
    return f"{value:.4f}" if name.endswith("cost") else f"{value:.3g}"
