"""Curves from the logs of runs: what there is to draw, as plain values; and by matplotlib, a panel of axes
for each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from nnbp_cli.errors import NnbpError, printable
from nnbp_cli.plots.picture import picture
from nnbp_cli.runs.directory import existing
from nnbp_cli.runs.listing import each_readable
from nnbp_cli.runs.log import read_log
from nnbp_cli.system.reporter import Note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Kind = Literal["cost", "accuracy", "learning rate", "layer speed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Log = Mapping[str, Sequence[float]]

STYLES = ("-", "--", ":", "-.")
MAX_MARKED_EPOCHS = 20  # of a line, for each of them to be marked


@dataclass(frozen=True)
class Line:
    """A curve: what it is called, the numbers of its colour and of its style, from 0, epochs and values."""

    label: str
    color: int
    style: int
    epochs: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """The lines of one kind, for one pair of axes. Accuracies are in percent."""

    kind: Kind
    lines: Sequence[Line]

    @property
    def label(self) -> str:
        """What stands at the axis of values."""
        labels = {"accuracy": "accuracy, %", "layer speed": "speed of a layer, |delta|"}
        return labels.get(self.kind, self.kind)

    @property
    def logarithmic(self) -> bool:
        """Whether values differ by orders of magnitude."""
        return self.kind == "layer speed"


def logs(runs: Sequence[Path], labels: Sequence[str] = (), *, note: Note) -> list[tuple[str, Log]]:
    """The logs of `runs`, each under its label, or else the name of its directory.

    Raises NnbpError, and tells `note` what is left out, as `each_readable` does.
    """

    def read(label: str, run: Path) -> tuple[str, Log]:
        log = read_log(existing(run).path)  # before its name is resolved: a link may lead to itself
        return label or run.resolve().name, log

    return each_readable(zip([*labels, *[""] * len(runs)], runs), read, note)


def panels(logs: Sequence[tuple[str, Log]], only: Sequence[Kind] = ()) -> list[Panel]:
    """A panel for each kind of curve that the logs of runs have, or of those that `only` names.

    A learning rate that never changes is no curve, unless it is asked for. One run: a colour for each curve.
    Several: a colour for each run, the same in all panels, and a style for each of its curves.
    """
    runs = list(dict.fromkeys(name for name, _ in logs))
    drawn = []
    for kind in only or KINDS:
        curves = [(name, *curve) for name, log in logs for curve in _curves(log, kind)]
        whats = list(dict.fromkeys(what for _, what, _, _ in curves))
        lines = []
        for name, what, epochs, values in curves:
            if len(runs) > 1:
                label = f"{name}, {what}" if len(whats) > 1 else name
                lines.append(Line(label, runs.index(name), whats.index(what), epochs, values))
            else:
                lines.append(Line(what, whats.index(what), 0, epochs, values))
        changes = len({value for line in lines for value in line.values}) > 1
        if lines and (kind != "learning rate" or only or changes):
            drawn.append(Panel(kind, lines))
    return drawn


def draw(logs: Sequence[tuple[str, Log]], only: Sequence[Kind], path: Path, note: Note = str) -> None:
    """Draw the `panels` of logs, two in a row, into the file `path`. Raises NnbpError where there are none,
    and as `Output.write` does.
    """
    drawn = panels(logs, only)
    if not drawn:
        what = f"no {' or '.join(only)}" if only else "no curves"
        raise NnbpError(f"{logs[0][0]}: {what} in the log; name in training.watch what is to be measured")
    columns = min(2, len(drawn))
    rows = ceil(len(drawn) / columns)
    with picture(path, 5.6 * columns, 3.6 * rows, note) as figure:
        for number, panel in enumerate(drawn, start=1):
            _draw_panel(figure.add_subplot(rows, columns, number), panel)


def _curves(log: Log, kind: Kind) -> list[tuple[str, Sequence[float], Sequence[float]]]:
    """What each curve of a kind shows ("validation", "layer 2"), its epochs and its values."""
    unit = 100 if kind == "accuracy" else 1
    curves: list[tuple[str, Sequence[float], Sequence[float]]] = []
    for column, values in log.items():
        if column == kind or column.endswith(f" {kind}") or column.startswith(f"{kind} "):
            known = [(e, unit * v) for e, v in zip(log["epoch"], values) if v == v]  # epoch 0 has no rate
            what = column.replace(kind, "").strip() or kind
            what = f"layer {what}" if kind == "layer speed" else what
            if known:
                epochs, shown = zip(*known)
                curves.append((what, epochs, shown))
    return curves


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for line in panel.lines:
        axes.plot(
            line.epochs,
            line.values,
            color=f"C{line.color % 10}",
            linestyle=STYLES[line.style % len(STYLES)],
            linewidth=1.4,
            marker="." if len(line.epochs) <= MAX_MARKED_EPOCHS else "",
        )
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel=panel.label)
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    # Set afterwards, a label is text and nothing else: neither mathematics nor, with a _ before it, no label.
    numbers = [str(number) for number, _ in enumerate(panel.lines)]
    legend = axes.legend(axes.get_lines(), numbers, frameon=False)
    for shown, line in zip(legend.get_texts(), panel.lines):
        shown.set_parse_math(False)
        shown.set_text(printable(line.label))
