"""Charts as inline SVG: curves, trials, a reliability diagram. Colours are classes of page.css."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import isfinite

from nnbp_cli.evaluation.calibration import Calibration
from nnbp_cli.plots.curves import Line, Panel
from nnbp_cli.plots.trials import Slice, accuracy_label
from nnbp_cli.report import axes
from nnbp_cli.report.axes import Axis
from nnbp_cli.report.markup import Markup, tag
from nnbp_cli.wording import counted, percent

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 450, 12, 230  # of the field between the axes
COLORS, STYLES = 8, 4  # how many page.css has
MAX_MARKED_EPOCHS = 60  # of a line, for each of them to be marked
MAX_VALUE = 1e100  # nothing is drawn beyond it: the file may say anything

STRIP_TOP, STRIP_BOTTOM = 258, 300  # of the counts under the reliability diagram


def curves(panel: Panel, kept_epoch: int | None = None) -> Markup:
    """A panel as a figure with its legend; a line marks the epoch whose weights were kept."""
    drawn = [(line, points) for line in panel.lines if (points := _points(line, panel))]
    if not drawn:
        return Markup("")
    x = axes.integer([epoch for _, points in drawn for epoch, _ in points], LEFT + 8, RIGHT - 8)
    scale = axes.logarithmic if panel.logarithmic else axes.linear
    y = scale([value for _, points in drawn for _, value in points], BOTTOM, TOP)
    parts = [*_grid(x, y, "{:.6g}".format), _text("epoch", (x.start + x.end) / 2, HEIGHT - 4, "middle")]
    if kept_epoch is not None and x.low <= kept_epoch <= x.high:
        tip = tag("title", f"the weights that were kept are those of epoch {kept_epoch}")
        at = x.at(kept_epoch)
        parts.append(tag("line", tip, class_="kept", x1=at, y1=TOP, x2=at, y2=BOTTOM))
    parts += [_line(line, points, x, y) for line, points in drawn]
    title = panel.label[:1].upper() + panel.label[1:]
    words = [f"{title} by epoch.", *(_in_words(line, points) for line, points in drawn)]
    legend = tag("ul", *(tag("li", _key(line), line.label) for line, _ in drawn), class_="legend")
    svg = _svg(HEIGHT, " ".join(words), parts)
    return tag("figure", tag("figcaption", title), legend, svg, class_="chart")


def reliability(bins: Calibration) -> Markup:
    """How often answers are right by how sure they are, with the number of answers in each bin."""
    x, y = (Axis(0, 1, *ends, tuple(k / 5 for k in range(6))) for ends in ((LEFT, RIGHT), (BOTTOM, TOP)))
    parts = [
        *_grid(x, y, "{:.0%}".format),
        tag("line", class_="ideal", x1=x.start, y1=y.start, x2=x.end, y2=y.end),
    ]
    for (low, high), count, confidence, accuracy in zip(
        pairwise(bins.edges), bins.counts, bins.confidence, bins.accuracy
    ):
        if count:
            box = {"x": x.at(low) + 2, "width": x.at(high) - x.at(low) - 4}
            tip = f"{count:,} answers, {confidence:.1%} sure on average, {accuracy:.2%} right"
            top = y.at(accuracy)
            height = max(1.0, (STRIP_BOTTOM - STRIP_TOP - 14) * count / bins.counts.max())
            parts += [
                tag("rect", tag("title", tip), class_="bar", y=top, height=BOTTOM - top, **box),
                tag("circle", class_="mean", cx=x.at(confidence), cy=top, r=3),
                tag("rect", class_="count", y=STRIP_BOTTOM - height, height=height, **box),
            ]
    parts.append(_text("how sure the network was, and how many answers", (LEFT + RIGHT) / 2, 321, "middle"))
    label = "Reliability diagram: right answers by how sure the network was. The table has its values."
    return _svg(327, label, parts)


def trials(drawn: Slice) -> Markup:
    """The trials of a search as a figure; those that diverged stand on the axis below."""
    xs, errors = [point.x for point in drawn.points], [error for *_, error in drawn.points if error]
    if drawn.names:
        x = Axis(-0.5, len(drawn.names) - 0.5, LEFT, RIGHT, tuple(map(float, range(len(drawn.names)))))
    elif drawn.logarithmic:
        x = axes.logarithmic(xs, LEFT + 8, RIGHT - 8)
    else:
        whole = all(float(value).is_integer() for value in xs)
        x = (axes.integer if whole else axes.linear)(xs, LEFT + 8, RIGHT - 8)
    y = axes.logarithmic(errors, TOP, BOTTOM)

    def value(place: float) -> str:
        return drawn.names[round(place)] if drawn.names else f"{place:.6g}"

    line = " ".join(f"{x.at(number):.1f},{y.at(error):.1f}" for number, error in drawn.steps)
    parts = [*_grid(x, y, value, accuracy_label), tag("polyline", points=line, class_="line c1")]
    for trial, place, error in drawn.points:
        tip = tag("title", f"trial {trial.number}, {value(place)}: {percent(trial.accuracy)}, {trial.state}")
        center = {"cx": x.at(place), "cy": BOTTOM if error is None else y.at(error)}
        parts.append(tag("circle", tip, class_=f"trial {trial.state}", r=3, **center))
        if trial == drawn.best:
            parts.append(tag("circle", class_="trial best", r=6, **center))
    words = f"Validation accuracy of {counted(len(drawn.points), 'trials')} by {drawn.label}."
    return tag("figure", tag("figcaption", drawn.label), _svg(BOTTOM + 20, words, parts), class_="chart")


def trials_legend() -> Markup:
    """How a trial looks that ended in one way or another."""
    kinds = ("complete", "pruned", "diverged", "best")
    circles = (
        tag("circle", class_=f"trial {kind}", cx=12, cy=6, r=3 + 2 * (kind == "best")) for kind in kinds
    )
    keys = (tag("svg", circle, viewBox="0 0 24 12", class_="key", aria_hidden="true") for circle in circles)
    return tag("ul", *(tag("li", key, kind) for key, kind in zip(keys, kinds)), class_="legend")


def _points(line: Line, panel: Panel) -> list[tuple[float, float]]:
    """The points of a curve that can be drawn.

    Before the first epoch a network knows nothing, and how little would leave no room for what it learned;
    only where a step is a factor there is room for both.
    """
    return [
        (epoch, value)
        for epoch, value in zip(line.epochs, line.values)
        if isfinite(epoch)
        and isfinite(value)
        and max(abs(epoch), abs(value)) < MAX_VALUE
        and (value > 1 / MAX_VALUE if panel.logarithmic else epoch > 0)
    ]


def _line(line: Line, points: Sequence[tuple[float, float]], x: Axis, y: Axis) -> Markup:
    path = " ".join(f"{x.at(epoch):.1f},{y.at(value):.1f}" for epoch, value in points)
    parts = [tag("polyline", points=path, class_=f"line {_classes(line)}")]
    if len(points) <= MAX_MARKED_EPOCHS:
        parts += [
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
    return tag("g", *parts)


def _in_words(line: Line, points: Sequence[tuple[float, float]]) -> str:
    """A curve for those who do not see it."""
    (first, begins), (last, ends) = points[0], points[-1]
    return f"{line.label}: {begins:.4g} at epoch {first:g}, {ends:.4g} at epoch {last:g}."


def _classes(line: Line) -> str:
    return f"c{line.color % COLORS} d{line.style % STYLES}"


def _key(line: Line) -> Markup:
    stroke = tag("line", x1=1, y1=6, x2=23, y2=6, class_=f"line {_classes(line)}")
    return tag("svg", stroke, viewBox="0 0 24 12", class_="key", aria_hidden="true")


def _grid(
    x: Axis, y: Axis, number: Callable[[float], str], height: Callable[[float], str] | None = None
) -> Iterator[Markup]:
    """Grid, axes and ticks, with what `number` says of them, or `height` of those at the left."""
    for tick in y.ticks:
        yield tag("line", class_="grid", x1=LEFT, y1=y.at(tick), x2=RIGHT, y2=y.at(tick))
        yield _text((height or number)(tick), LEFT - 8, y.at(tick) + 4, "end")
    yield tag("line", class_="axis", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM)
    for tick in x.ticks:
        yield tag("line", class_="axis", x1=x.at(tick), y1=BOTTOM, x2=x.at(tick), y2=BOTTOM + 4)
        yield _text(number(tick), x.at(tick), BOTTOM + 18, "middle")


def _text(text: str, x: float, y: float, anchor: str) -> Markup:
    return tag("text", text, x=x, y=y, text_anchor=anchor)


def _svg(height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {height}", class_="plot", role="img", aria_label=label)
