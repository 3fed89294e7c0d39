"""`nnbp runs`: what was trained, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnbp_cli.commands.options import json_option
from nnbp_cli.errors import printable
from nnbp_cli.system import json_text

if TYPE_CHECKING:
    from nnbp_cli.runs.listing import Run


@click.command(name="runs")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"), metavar="[DIR]")
@json_option
def command(folder: Path, as_json: bool) -> None:
    """List runs, the newest first.

    DIR is the folder that the run directories are in, runs/ if left out. Shown are when a run began, its
    epochs, the accuracy of the weights that it kept, and its seconds. One whose log or summary is damaged is
    named, and left out.

    \b
    nnbp runs
    nnbp runs book-runs --json
    """
    from nnbp_cli.runs.listing import runs
    from nnbp_cli.terminal.output import log, print_result

    found, odd = runs(folder)
    for error in odd:
        log(f"left out: {error}")
    if as_json:
        print_result(json_text.dumps([_as_json(run) for run in found]))
    elif not found:
        print_result(f"{folder}: no runs; 'nnbp train' makes them")
    else:
        for line in _answer(found):
            print_result(line)


def _as_json(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "path": str(run.path),
        "began": run.began.isoformat(timespec="seconds"),
        "state": run.state,
        "epochs": run.epochs,
        "validation_accuracy": run.validation,
        "test_accuracy": run.test,
        "seconds": run.seconds,
    }


def _answer(found: Sequence[Run]) -> Iterator[str]:
    names = [printable(run.name) for run in found]
    width = max(4, *map(len, names))
    yield f"{'name':{width}}  {'began':16}  epochs  validation    test  seconds"
    for name, run in zip(names, found):
        cells = [
            f"{name:{width}}",
            f"{run.began:%Y-%m-%d %H:%M}",
            f"{run.epochs:6}",
            f"{_percent(run.validation):>10}",
            f"{_percent(run.test):>6}",
            f"{run.seconds:7.1f}" if run.seconds is not None else " " * 7,
            run.state if run.state != "complete" else "",
        ]
        yield "  ".join(cells).rstrip()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.2%}"
