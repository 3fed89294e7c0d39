"""The table of a reproduction: for a terminal, for a page of documentation, for another program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from nnbp_cli.reproduction.experiments import Experiment, Figure
from nnbp_cli.reproduction.results import Row
from nnbp_cli.system.json_text import finite

HEAD = ("experiment", "figure", "the book", "median", "mean", "smallest to largest", "band", "", "seconds")
TO_THE_RIGHT = {"the book", "median", "mean", "seconds"}


def listing(experiments: Sequence[Experiment], as_markdown: bool) -> list[str]:
    """The experiments there are, a line each; in Markdown with the command that runs one."""
    if as_markdown:
        head = ["| experiment | what | one run of it |", "| --- | --- | --- |"]
        return head + [f"| `{each.id}` | {each.about} | `{each.command}` |" for each in experiments]
    width = max(len(each.id) for each in experiments)
    return [f"{each.id:{width}}  {each.about}" for each in experiments]


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


def plain(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as plain values that JSON can hold; null for an epoch that never was, a bound that is none."""
    return [
        {
            "experiment": row.experiment.id,
            "what": row.experiment.about,
            "command": row.experiment.command,
            "figure": row.figure.name,
            "book": row.figure.book or None,
            "values": [finite(value) for value in row.values],
            "median": finite(row.median) if row.values else None,
            "band": [finite(bound) for bound in row.figure.band] if row.figure.band else None,
            "inside": row.inside,
            "seconds": row.seconds,
            "failures": list(row.failures),
        }
        for row in rows
    ]


def _cells(row: Row) -> tuple[str, ...]:
    figure = row.figure
    if row.values:
        low, high = _shown(figure, min(row.values)), _shown(figure, max(row.values))
        ours = (
            _shown(figure, row.median),
            _shown(figure, row.mean),
            f"{low} to {high}" if high != low else low,
        )
    else:
        ours = ("failed", "", "")
    verdict = {True: "inside", False: "OUTSIDE", None: ""}[row.inside]
    return (
        row.experiment.id,
        figure.name,
        figure.book,
        *ours,
        _band(figure),
        verdict,
        f"{row.seconds:.1f}",
    )


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
