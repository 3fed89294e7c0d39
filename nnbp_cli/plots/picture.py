"""Pictures, PNG, SVG or PDF, by matplotlib, which is an extra; and the panels of curves in one."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli import files
from nnbp_cli.curves import Panel
from nnbp_cli.errors import ConfigError, NnbpError, printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")
STYLES = ("-", "--", ":", "-.")
MARKED = 20  # epochs at most, for which each one is marked


def check_drawable(path: Path) -> None:
    """Raise NnbpError unless a picture can be drawn, and `path` names one of a known kind."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"{path}: not a picture that is drawn here; name a .png, .svg or .pdf file")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp plot: needs matplotlib; pip install 'nnbp-cli[plot]'") from None


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches to draw on, which becomes the file `path` when the block ends well. Raises
    NnbpError as `files.write` does.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # Text stays text in an SVG, and the same values give the same file.
    with (
        rc_context({"svg.fonttype": "none", "svg.hashsalt": "nnbp", "font.size": 9}),
        warnings.catch_warnings(action="ignore", category=UserWarning),  # a letter that the font has not
    ):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        content = io.BytesIO()
        suffix = path.suffix.lower()[1:]
        dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(suffix, {})
        figure.savefig(content, format=suffix, dpi=150, metadata=dateless)
    files.write(path, content.getvalue())


def draw(panels: Sequence[Panel], path: Path) -> None:
    """Draw `panels`, two in a row, into the file `path`. Raises NnbpError as `files.write` does."""
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
