"""As lines: a run, several seeds, a search, all runs of a folder, and a gradient check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nnbp_cli.errors import printable
from nnbp_cli.wording import counted, percent

if TYPE_CHECKING:
    from nnbp_cli.jobs.seeds import Seeds
    from nnbp_cli.runs.listing import Run
    from nnbp_cli.runs.summary import Summary
    from nnbp_cli.search.result import Search
    from nnbp_cli.training.gradcheck import Checked


BEST_TRIALS_SHOWN = 5


def summary_lines(summary: Summary) -> Iterator[str]:
    """How a run ended, and what it kept."""
    if summary.stopped_by:
        yield f"stopped by {summary.stopped_by} after {counted(summary.epochs, 'epochs')}"
    elif summary.test:
        yield f"test accuracy {summary.test.accuracy:.2%}, cost {summary.test.cost:.4f}"
        if summary.times_tested > 1:
            yield f"note: this run was scored on the test set {summary.times_tested} times"
    if started := summary.started_from:
        yield f"began with {started.path}, epoch {started.epoch}"
    if summary.epochs < summary.epochs_at_most and summary.ended:
        yield f"ended after {counted(summary.epochs, 'epochs')}: {summary.ended}"
    kept = f"the weights of epoch {summary.kept_epoch}" if summary.kept_epoch else "the weights so far"
    yield f"kept {kept}: {summary.weights} and {summary.run}"


def seed_lines(seeds: Seeds) -> Iterator[str]:
    """A line a seed, then how those lie that came to their end."""
    yield f"{'seed':>9}  validation    test  kept epoch  seconds"
    scored = {run.seed: run for run in seeds.runs}
    for seed in sorted([*scored, *seeds.failures]):
        if run := scored.get(seed):
            validation, test = (
                percent(score.accuracy if score else None) for score in (run.validation, run.test)
            )
            effort = f"{run.kept_epoch:10}  {run.seconds.total:7.1f}"
            yield f"{seed:9}  {validation:>10}  {test:>6}  {effort}"
        else:
            stopped = seeds.failures[seed].startswith("stopped")
            yield f"{seed:9}  {'stopped' if stopped else 'failed':>10}"
    for name in ("mean", "deviation", "smallest", "largest") if scored else ():
        validation, test = (
            percent(getattr(spread, name) if spread else None) for spread in (seeds.validation, seeds.test)
        )
        yield f"{name:>9}  {validation:>10}  {test:>6}"
    runs = counted(len(scored) + len(seeds.failures), "runs")
    of = f"{len(scored)} of " if seeds.failures else ""
    yield f"{of}{runs}, in {seeds.directory}; nothing was chosen by the test set"


def search_lines(search: Search) -> Iterator[str]:
    """The best trials with their values, how much each key mattered, how the others ended, and the best."""
    complete = [trial for trial in search.trials if trial.state == "complete"]
    best = sorted(complete, key=lambda trial: -(trial.accuracy or 0))[:BEST_TRIALS_SHOWN]
    if best:
        keys = list(best[0].values)
        widths = [max(len(key), 9) for key in keys]
        yield "  ".join(["trial  validation", *(f"{key:>{width}}" for key, width in zip(keys, widths))])
        for trial in best:
            values = (_value(trial.values[key], width) for key, width in zip(keys, widths))
            yield "  ".join([f"{trial.number:5}  {percent(trial.accuracy):>10}", *values])
        if search.importances:
            shares = (
                f"{percent(search.importances.get(key), 0):>{width}}" for key, width in zip(keys, widths)
            )
            yield "  ".join([f"{'importance':17}", *shares])
    counts = ", ".join(f"{number} {state}" for state, number in search.counts.items() if number)
    trials, epochs = counted(search.search.trials, "trials"), counted(search.epochs, "epochs")
    of_all = f" of {trials}" if len(search.trials) <= search.search.trials else " trials"
    yield f"{len(search.trials)}{of_all}, {epochs}: {counts}"
    if search.stopped_by:
        yield f"stopped by {search.stopped_by}; the same command goes on"
    if search.test and search.best:
        score = f"test accuracy {search.test.accuracy:.2%}, cost {search.test.cost:.4f}"
        yield f"trial {search.best.number}, the best on the validation images: {score}"
    if search.tested > 1:
        yield f"note: {search.tested} trials of this study were scored on the test set"
    if search.best:
        report = f", or nnbp report {search.study}" if search.test else ""
        yield f"next: nnbp train {search.best_config}{report}"


def _value(value: int | float | str, width: int) -> str:
    return f"{value:{width}.4g}" if isinstance(value, float) else f"{value!s:>{width}}"


def run_lines(runs: Sequence[Run]) -> Iterator[str]:
    """A line a run, its state where it is not complete."""
    names = [printable(run.name) for run in runs]
    width = max(4, *map(len, names))
    yield f"{'name':{width}}  {'began':16}  epochs  validation    test  seconds"
    for name, run in zip(names, runs):
        cells = [
            f"{name:{width}}",
            f"{run.began:%Y-%m-%d %H:%M}",
            f"{run.epochs:6}",
            f"{percent(run.validation_accuracy, missing=''):>10}",
            f"{percent(run.test_accuracy, missing=''):>6}",
            f"{run.seconds:7.1f}" if run.seconds is not None else " " * 7,
            run.state if run.state != "complete" else "",
        ]
        yield "  ".join(cells).rstrip()


def gradient_lines(checked: Checked) -> Iterator[str]:
    """What was compared, and how it agrees, window by window."""
    how = "each moved by itself" if checked.one_by_one else "moved along ten random directions in each layer"
    engine = f", engine {checked.engine}" if checked.engine != "numpy" else ""
    parameters, images = counted(checked.parameters, "parameters"), counted(checked.images, "images")
    yield f"{checked.network}: {parameters}, {how}; {images}, float64{engine}"
    yield "              largest slope   difference    relative"
    for check in checked.checks:
        numbers = f"{check.largest:13.3e}{check.difference:13.1e}{check.error:12.1e}"
        yield f"{check.name:14}{numbers}   {'holds' if check.holds else 'WRONG'}"
