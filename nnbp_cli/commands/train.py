"""`nnbp train`: a config in, a run directory and weights out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from nnbp_cli.commands.options import (
    config_option,
    data_dir_option,
    json_option,
    overrides_option,
    quiet_option,
)


@click.command(name="train")
@config_option
@overrides_option
@data_dir_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run directory, new or empty.  [default: runs/...]",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    default=Path("weights.npz"),
    show_default=True,
    metavar="FILE",
    help="Where else to leave the weights; replaced if they are nnbp's.",
)
@click.option("--offline", is_flag=True, help="Download nothing.")
@json_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    config_path: Path,
    overrides: tuple[str, ...],
    data_dir: Path,
    out: Path | None,
    weights: Path,
    offline: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train the network that a config describes.

    \b
    nnbp train --config configs/mnist.toml
    nnbp train --config configs/mnist.toml --set training.epochs=5 --set training.seed=2

    The data set is downloaded first if it is missing. Ctrl-C stops the run after the batch at hand, and
    keeps the best weights so far; a second Ctrl-C stops it at once.
    """
    from nnbp_cli import config, experiment, interrupts
    from nnbp_cli.commands.training_display import TrainingDisplay

    paths = experiment.Paths(config_path, data_dir, out, weights, offline)
    summary = experiment.run(config.load(config_path, overrides), paths, TrainingDisplay(quiet))
    if as_json:
        click.echo(json.dumps(summary))
    else:
        for line in _answer(summary):
            click.echo(line)
        given = ctx.get_parameter_source("data_dir") is ParameterSource.COMMANDLINE
        where = ["--data-dir", str(data_dir)] if given else []
        click.echo("next: " + shlex.join(["nnbp", "eval", str(weights), *where]))
    if summary["stopped_by"]:
        ctx.exit(interrupts.EXIT_STATUS[summary["stopped_by"]])


def _answer(summary: dict[str, Any]) -> Iterator[str]:
    if summary["stopped_by"]:
        epochs = summary["epochs"]
        yield f"stopped by {summary['stopped_by']} after {epochs} epoch{'s' * (epochs != 1)}"
    elif summary["test"]:
        yield f"test accuracy {summary['test']['accuracy']:.2%}, cost {summary['test']['cost']:.4f}"
    if summary["epochs"] < summary["epochs_at_most"] and summary["ended"]:
        yield f"ended after {summary['epochs']} epochs: {summary['ended']}"
    kept = f"the weights of epoch {summary['kept_epoch']}" if summary["kept_epoch"] else "the weights so far"
    yield f"kept {kept}: {summary['weights']} and {summary['run']}"
