"""The trials of a search: what there is to draw, as plain values; and by matplotlib, a panel of axes each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from nnbp_cli.config import ParameterConfig
from nnbp_cli.errors import NnbpError
from nnbp_cli.plots.picture import picture
from nnbp_cli.search.result import Search, Trial
from nnbp_cli.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN = ("complete", "pruned", "diverged")  # how those ended that are
MIN_ERROR = 0.01  # percent, one image of 10,000: a scale of errors has no 0
SPREAD = 0.6  # of the room of a value that many trials share


class Point(NamedTuple):
    """Where a trial stands: x, and its error on the validation images in percent; None where it diverged."""

    trial: Trial
    x: float
    error: float | None


@dataclass(frozen=True)
class Slice:
    """Trials beside each other by what `label` says: their number, or the value of a key; where values have
    `names`, they are 0, 1, 2. The `steps` are the corners of a line, x and error: the best so far.

    The scale of errors is logarithmic: from 96 to 97% right is as far as from 92 to 94.
    """

    label: str
    logarithmic: bool
    names: Sequence[str]
    points: Sequence[Point]
    best: Trial | None
    steps: Sequence[tuple[float, float]] = ()


def slices(search: Search) -> list[Slice]:
    """The trials in their order, and by each of the keys that were searched."""
    trials = [trial for trial in search.trials if trial.state in DRAWN]
    points = [Point(trial, trial.number, _error(trial)) for trial in trials]
    steps = list[tuple[float, float]]()
    for trial, number, error in points:
        if trial.state == "complete" and error and (not steps or error < steps[-1][1]):
            steps += [*((number, before) for _, before in steps[-1:]), (number, error)]
    if steps:
        steps.append((search.trials[-1].number, steps[-1][1]))
    drawn = [Slice("trial", False, (), points, search.best, steps)]
    for key, parameter in search.search.parameters.items():
        share = search.importances.get(key)
        label = key if share is None else f"{key}, importance {percent(share, 0)}"
        names = [str(value) for value in parameter.values or ()]
        points = [Point(trial, _place(trial, key, parameter), _error(trial)) for trial in trials]
        drawn.append(Slice(label, parameter.scale == "log", names, points, search.best))
    return drawn


def accuracy_label(error: float) -> str:
    """What stands at the height of an error: the accuracy."""
    return f"{100 - error:.6g}%"


def draw(search: Search, path: Path) -> None:
    """Draw the `slices` of a search, two in a row, into the file `path`. Raises NnbpError where no trial has
    a score yet, and as `Output.write` does.
    """
    drawn = slices(search)
    if not any(point.error for point in drawn[0].points):
        raise NnbpError(f"{search.study}: no trial has a score yet; wait for one")
    rows = ceil(len(drawn) / 2)
    with picture(path, 11.2, 3.6 * rows) as figure:
        for number, each in enumerate(drawn, start=1):
            axes = figure.add_subplot(rows, 2, number)
            _draw_slice(axes, each)
            if number == 1:
                axes.legend(frameon=False)


def _place(trial: Trial, key: str, parameter: ParameterConfig) -> float:
    """Where a trial stands among others: at its value, or beside those that have the same."""
    value = trial.values[key]
    if parameter.values is None:
        return float(value)
    golden = trial.number * 0.618034 % 1  # which fills the room evenly, however many there are
    return parameter.values.index(value) + SPREAD * (golden - 0.5)


def _error(trial: Trial) -> float | None:
    if trial.state == "diverged" or trial.accuracy is None:
        return None
    return max(MIN_ERROR, 100 * (1 - trial.accuracy))


def _draw_slice(axes: Axes, drawn: Slice) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    styles: dict[str, dict[str, Any]] = {"complete": {"color": "C0"}, "pruned": {"mfc": "none", "mec": "0.6"}}
    for state, style in styles.items():
        points = [(x, error) for trial, x, error in drawn.points if trial.state == state]
        axes.plot(*_columns(points), "o", ms=4, label=state, **style)
    at_bottom: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    if diverged := [(x, 0.0) for _, x, error in drawn.points if error is None]:
        axes.plot(*_columns(diverged), "x", ms=5, color="C3", label="diverged", **at_bottom)
    axes.plot(*_columns(drawn.steps), color="C1", label="the best so far")
    best = [(x, error) for trial, x, error in drawn.points if trial == drawn.best]
    axes.plot(*_columns(best), "o", ms=9, mfc="none", mec="C1", label="the best")
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda error, _: accuracy_label(error)))
    axes.yaxis.set_minor_locator(NullLocator())
    if drawn.logarithmic:
        axes.set_xscale("log")
    if drawn.names:
        axes.set_xticks(range(len(drawn.names)), drawn.names)
        axes.set_xlim(-0.5, len(drawn.names) - 0.5)
    axes.set(xlabel=drawn.label, ylabel="validation accuracy")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _columns(points: Sequence[tuple[float, float | None]]) -> tuple[list[float], list[Any]]:
    return [x for x, _ in points], [y for _, y in points]
