"""The curves of runs, a panel of axes for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli.errors import printable
from nnbp_cli.plots.logs import Panel
from nnbp_cli.plots.picture import picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = ("-", "--", ":", "-.")
MARKED = 20  # epochs at most, for which each one is marked


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Draw `panels`, two in a row, into the file `path`. Raises NnbpError as `Output.write` does."""
    columns = min(2, len(panels))
    rows = ceil(len(panels) / columns)
    with picture(path, 5.6 * columns, 3.6 * rows) as figure:
        for number, panel in enumerate(panels, start=1):
            _draw_panel(figure.add_subplot(rows, columns, number), panel)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for line in panel.lines:
        axes.plot(
            line.curve.epochs,
            line.curve.values,
            color=f"C{line.color % 10}",
            linestyle=STYLES[line.style % len(STYLES)],
            linewidth=1.4,
            marker="." if len(line.curve.epochs) <= MARKED else "",
        )
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel=panel.label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    # Set afterwards, a label is text and nothing else: neither mathematics nor, with a _ before it, no label.
    legend = axes.legend(
        axes.get_lines(), [str(number) for number, _ in enumerate(panel.lines)], frameon=False
    )
    for shown, line in zip(legend.get_texts(), panel.lines):
        shown.set_parse_math(False)
        shown.set_text(printable(line.label))
