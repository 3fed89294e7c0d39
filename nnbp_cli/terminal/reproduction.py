"""The table of a reproduction, for a terminal and for a page of documentation."""

from collections.abc import Sequence
from math import inf
from statistics import mean

from nnbp_cli.reproduction.experiments import Experiment, Figure
from nnbp_cli.reproduction.results import Row
from nnbp_cli.wording import counted

HEAD = ("experiment", "figure", "the book", "median", "mean", "smallest to largest", "band", "", "seconds")
SEEDS_OF_BANDS = 5  # whose median a band is for; fewer may be outside, or inside, by chance
TO_THE_RIGHT = {"the book", "median", "mean", "seconds"}


def listing(experiments: Sequence[Experiment], as_markdown: bool) -> list[str]:
    """The experiments there are, a line each; in Markdown with the command that runs one."""
    lines = [
        each.about + (f"; a run takes {each.minutes} min of one core" if each.minutes else "")
        for each in experiments
    ]
    if as_markdown:
        head = ["| experiment | what | one run of it |", "| --- | --- | --- |"]
        return head + [
            f"| `{each.id}` | {line} | `{each.command}` |"
            for each, line in zip(experiments, lines, strict=True)
        ]
    width = max(len(each.id) for each in experiments)
    return [f"{each.id:{width}}  {line}" for each, line in zip(experiments, lines, strict=True)]


def text(rows: Sequence[Row]) -> list[str]:
    """The lines of the table in columns of spaces."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(map(_padded, HEAD, line, widths)).rstrip() for line in cells]


def _padded(head: str, cell: str, width: int) -> str:
    return cell.rjust(width) if head in TO_THE_RIGHT else cell.ljust(width)


def markdown(rows: Sequence[Row]) -> list[str]:
    """The lines of the table in Markdown, with what each experiment is."""
    head = (HEAD[0], "what", *HEAD[1:])
    rule = ["---:" if name in TO_THE_RIGHT else "---" for name in head]
    body = ((f"`{row.experiment.id}`", row.experiment.about, *_cells(row)[1:]) for row in rows)
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *body)]


def _cells(row: Row) -> tuple[str, ...]:
    figure = row.figure
    if row.values:
        low, high = _shown(figure, min(row.values)), _shown(figure, max(row.values))
        ours = (
            _shown(figure, row.median),
            _shown(figure, mean(row.values)),
            f"{low} to {high}" if high != low else low,
        )
    else:
        ours = ("failed", "", "")
    verdict = {True: "inside", False: "OUTSIDE", None: ""}[row.inside]
    if verdict and row.experiment.config and len(row.values) < SEEDS_OF_BANDS:
        verdict += f", of {counted(len(row.values), 'seeds')}"
    return (row.experiment.id, figure.name, figure.book, *ours, _band(figure), verdict, f"{row.seconds:.1f}")


def _shown(figure: Figure, value: float) -> str:
    if value == inf:
        return "never"
    if figure.take == "perfect":
        return f"{value:.0f}"
    if figure.of.endswith("accuracy"):
        return f"{value:.2f}"
    return f"{value:.3f}" if figure.of.endswith("cost") else f"{value:.2g}"


def _band(figure: Figure) -> str:
    if not figure.band:
        return ""
    low, high = figure.band
    if low == high:
        return f"{low:g} exactly"
    if low == 0:
        return f"below {high:g}"
    if high in (100, inf):
        return f"above {low:g}"
    return f"{low:g} to {high:g}"
