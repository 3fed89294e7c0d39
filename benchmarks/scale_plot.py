"""Draws docs/scale.png, from what `benchmarks.scale` measured."""

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator

PICTURE = Path(__file__).parent.parent / "docs" / "scale.png"
STYLES = {
    "nnbp": {"label": "nnbp", "color": "#c1440e", "marker": "o"},
    "pytorch_eager": {"label": "PyTorch, eager, fastest form", "color": "#35618f", "marker": "s"},
}


def draw(points: list[dict[str, Any]]) -> None:
    """A column for each thing that grows: above the time, with its range shaded; below the memory."""
    columns = list(dict.fromkeys((point["grows"], point["rest"]) for point in points))
    figure, axes = plt.subplots(2, len(columns), figsize=(3.6 * len(columns), 6.2), layout="constrained")
    for (grows, rest), (above, below) in zip(columns, axes.T):
        for name, style in STYLES.items():
            mine = [point for point in points if (point["grows"], point["contender"]) == (grows, name)]
            values = [point["value"] for point in mine]
            times = [[each / 1000 for each in point["microseconds per step"]] for point in mine]
            above.plot(values, [median(each) for each in times], markersize=4, **style)
            low, high = zip(*((min(each), max(each)) for each in times))
            above.fill_between(values, low, high, color=style["color"], alpha=0.2, linewidth=0)
            below.plot(values, [point["peak megabytes"] for point in mine], markersize=4, **style)
        above.set_title(rest, fontsize=10)
        above.set_yscale("log")
        below.set_ylim(bottom=0)
        below.set_xlabel(grows)
        for axis in (above, below):
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1, 3) if max(values) < 100 * min(values) else (1,)))
            axis.grid(True, which="major", color="#dddddd", linewidth=0.7)
            axis.spines[["top", "right"]].set_visible(False)
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axis.minorticks_off()
        above.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    for row in axes:
        bottom, top = zip(*(axis.get_ylim() for axis in row))
        for axis in row:
            axis.set_ylim(min(bottom), max(top))
    axes[0][0].set_ylabel("milliseconds per step")
    axes[1][0].set_ylabel("peak memory of the process, MB")
    axes[0][0].legend(frameon=False, fontsize=9)
    figure.savefig(PICTURE, dpi=130)
    plt.close(figure)
