"""`nnbp runs`: what was trained, and what came of it."""

from dataclasses import asdict
from pathlib import Path

import click

from nnbp_cli.commands.options import json_option


@click.command(name="runs")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"), metavar="[DIR]")
@json_option
def command(folder: Path, as_json: bool) -> None:
    """List runs, the newest first.

    DIR is the folder that the run directories are in, runs/ if left out. Shown are when a run began, its
    epochs, the accuracy of the weights that it kept, and its seconds; of several seeds, each is a run. One
    whose log or summary is damaged is named, and left out.

    \b
    nnbp runs
    nnbp runs book-runs --json
    """
    from nnbp_cli.runs.listing import runs
    from nnbp_cli.terminal.output import log, print_json, print_result
    from nnbp_cli.terminal.tables import run_lines

    listed, refusals = runs(folder)
    for refusal in refusals:
        log(f"left out: {refusal}")
    if as_json:
        print_json([asdict(run) for run in listed])
    elif not listed:
        print_result(f"{folder}: no runs; 'nnbp train' makes them")
    else:
        print_result(*run_lines(listed))
