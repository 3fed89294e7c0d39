"""Charts as inline SVG: the curves of a panel, and a reliability diagram. Colours are classes of page.css."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from nnbp_cli.evaluation.calibration import Calibration
from nnbp_cli.plots.logs import Line, Panel
from nnbp_cli.report import axes
from nnbp_cli.report.axes import Axis
from nnbp_cli.report.markup import Content, Markup, joined, tag

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 450, 12, 230  # of the field between the axes
COLORS, STYLES = 8, 4  # how many page.css has
MARKED = 60  # epochs at most, for which each one is marked
LARGEST = 1e100  # no value is drawn beyond it: the file may say anything

STRIP_TOP, STRIP_BOTTOM = 258, 300  # of the counts under the reliability diagram


def curves(panel: Panel, kept_epoch: int | None = None) -> Markup:
    """A panel as a figure with its legend; a line marks the epoch whose weights were kept."""
    lines = [line for line in panel.lines if _points(line, panel)]
    if not lines:
        return Markup("")
    epochs = [epoch for line in lines for epoch, _ in _points(line, panel)]
    values = [value for line in lines for _, value in _points(line, panel)]
    x = axes.whole(epochs, LEFT + 8, RIGHT - 8)
    y = (axes.logarithmic if panel.logarithmic else axes.linear)(values, BOTTOM, TOP)
    title = panel.label[:1].upper() + panel.label[1:]
    inside = [*_grid(x, y), _words("epoch", (x.start + x.end) / 2, HEIGHT - 4, "middle")]
    if kept_epoch is not None and x.low <= kept_epoch <= x.high:
        inside += _kept(x.at(kept_epoch), kept_epoch)
    inside += [_line(line, _points(line, panel), x, y) for line in lines]
    legend = tag("ul", *(tag("li", _key(line), line.label) for line in lines), class_="legend")
    picture = _picture(HEIGHT, f"{title} by epoch. {_described(lines, panel)}", inside)
    return tag("figure", tag("figcaption", title), legend, picture, class_="chart")


def reliability(bins: Calibration) -> Markup:
    """How often answers are right by how sure they are, with the number of answers in each bin."""
    width = len(bins.counts)
    x = Axis(0, 1, LEFT, RIGHT, tuple(k / 5 for k in range(6)))
    y = Axis(0, 1, BOTTOM, TOP, tuple(k / 5 for k in range(6)))
    inside = [*_grid(x, y, percent=True)]
    inside.append(tag("line", class_="ideal", x1=x.start, y1=y.start, x2=x.end, y2=y.end))
    most = bins.counts.max()
    for k, (count, right, sure) in enumerate(zip(bins.counts, bins.accuracy, bins.confidence)):
        left, right_edge = x.at(k / width) + 2, x.at((k + 1) / width) - 2
        size = {"x": left, "width": right_edge - left}
        if count:
            told = f"{count:,} answers, {sure:.1%} sure on average, {right:.2%} right"
            bar = tag(
                "rect", tag("title", told), class_="bar", y=y.at(right), height=BOTTOM - y.at(right), **size
            )
            mean = tag("circle", class_="mean", cx=x.at(sure), cy=y.at(right), r=3)
            height = max(1.0, (STRIP_BOTTOM - STRIP_TOP - 14) * count / most)
            counted = tag("rect", class_="count", y=STRIP_BOTTOM - height, height=height, **size)
            inside += [bar, mean, counted]
    inside.append(_words("how sure the network was, and how many answers", (LEFT + RIGHT) / 2, 321, "middle"))
    label = "Reliability diagram: right answers by how sure the network was. The table has its values."
    return _picture(327, label, inside)


def _points(line: Line, panel: Panel) -> list[tuple[float, float]]:
    """The points of a curve that can be drawn.

    Before the first epoch a network knows nothing, and how little would leave no room for what it learned;
    only where a step is a factor there is room for both.
    """
    return [
        (epoch, value)
        for epoch, value in zip(line.curve.epochs, line.curve.values)
        if isfinite(epoch)
        and isfinite(value)
        and max(abs(epoch), abs(value)) < LARGEST
        and (value > 1 / LARGEST if panel.logarithmic else epoch > 0)
    ]


def _line(line: Line, points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Markup:
    path = " ".join(f"{x.at(epoch):.1f},{y.at(value):.1f}" for epoch, value in points)
    drawn = [tag("polyline", points=path, class_=f"line {_classes(line)}")]
    if len(points) <= MARKED:
        drawn += [
            tag(
                "circle",
                tag("title", f"{line.label}, epoch {epoch:g}: {value:.6g}"),
                class_=f"point {_classes(line)}",
                cx=x.at(epoch),
                cy=y.at(value),
                r=2.5 if len(points) <= 20 else 1.75,
            )
            for epoch, value in points
        ]
    return tag("g", *drawn)


def _classes(line: Line) -> str:
    return f"c{line.color % COLORS} d{line.style % STYLES}"


def _key(line: Line) -> Markup:
    stroke = tag("line", x1=1, y1=6, x2=23, y2=6, class_=f"line {_classes(line)}")
    return tag("svg", stroke, viewBox="0 0 24 12", class_="key", aria_hidden="true")


def _grid(x: Axis, y: Axis, *, percent: bool = False) -> Iterator[Markup]:
    for tick in y.ticks:
        yield tag("line", class_="grid", x1=LEFT, y1=y.at(tick), x2=RIGHT, y2=y.at(tick))
        yield _words(_number(tick, percent), LEFT - 8, y.at(tick) + 4, "end")
    yield tag("line", class_="axis", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM)
    for tick in x.ticks:
        yield tag("line", class_="axis", x1=x.at(tick), y1=BOTTOM, x2=x.at(tick), y2=BOTTOM + 4)
        yield _words(_number(tick, percent), x.at(tick), BOTTOM + 18, "middle")


def _kept(x: float, epoch: int) -> list[Markup]:
    told = tag("title", f"the weights that were kept are those of epoch {epoch}")
    return [tag("line", told, class_="kept", x1=x, y1=TOP, x2=x, y2=BOTTOM)]


def _number(value: float, percent: bool) -> str:
    return f"{value:.0%}" if percent else f"{value:.6g}"


def _words(text: str, x: float, y: float, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def _picture(height: float, label: str, inside: Sequence[Content]) -> Markup:
    view = f"0 0 {WIDTH} {height}"
    return tag("svg", joined(inside), viewBox=view, class_="plot", role="img", aria_label=label)


def _described(lines: Sequence[Line], panel: Panel) -> str:
    """The curves in words, for those who do not see them."""
    told = []
    for line in lines:
        points = _points(line, panel)
        (first, begins), (last, ends) = points[0], points[-1]
        told.append(f"{line.label}: {begins:.4g} at epoch {first:g}, {ends:.4g} at epoch {last:g}.")
    return " ".join(told)
