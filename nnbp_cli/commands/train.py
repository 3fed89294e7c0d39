"""`nnbp train`: a config in, a run directory and weights out."""

import shlex
from pathlib import Path

import click
from click.core import ParameterSource

from nnbp_cli.commands.options import (
    OutputFile,
    config_argument,
    config_option,
    data_dir_option,
    data_option,
    json_option,
    named_config,
    overrides_option,
    quiet_option,
)


@click.command(name="train")
@config_argument
@config_option
@click.option(
    "--resume",
    "run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Instead: the directory of a run that was left.",
)
@overrides_option
@data_option("With --resume: where the run's data set is now.")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run directory, new or empty.  [default: runs/...]",
)
@click.option(
    "--weights",
    type=OutputFile(),
    default=Path("weights.npz"),
    show_default=True,
    metavar="FILE",
    help="Where else to leave the weights, of a run that goes on, too; replaced if they are nnbp's.",
)
@click.option("--offline", is_flag=True, help="Download nothing.")
@json_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    config_argument: Path | None,
    config_option: Path | None,
    run: Path | None,
    overrides: tuple[str, ...],
    data_name: str | None,
    data_dir: Path,
    out: Path | None,
    weights: Path,
    offline: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train the network that a config describes.

    \b
    nnbp train configs/mnist.toml
    nnbp train configs/mnist.toml --set training.epochs=5 --set training.seed=2
    nnbp train --resume runs/mnist-20260131-120000

    CONFIG is a TOML or YAML file. The data set is downloaded first if it is missing. Ctrl-C stops the run
    after the batch at hand, and keeps what it has learned; a second Ctrl-C stops it at once. However a run
    was stopped, --resume goes on with it to the very same end; with --set training.epochs=N, to a later one.
    """
    config_path = named_config(config_argument, config_option)
    if not config_path and not run:
        raise click.UsageError("missing argument 'CONFIG', or '--resume' to go on with a run")
    if run and (config_path or out):
        raise click.UsageError("a run that is resumed has its config and its directory; leave the others out")
    if data_name and not run:
        raise click.UsageError("'--data' is for '--resume'; with '--config', --set data.name=NAME")
    from nnbp_cli import config
    from nnbp_cli.runs.resume import resume
    from nnbp_cli.runs.run import run as start
    from nnbp_cli.runs.setup import Paths
    from nnbp_cli.system import signals
    from nnbp_cli.terminal.output import printer
    from nnbp_cli.terminal.progress import TerminalReporter
    from nnbp_cli.terminal.tables import summary_lines

    reporter = TerminalReporter(quiet)
    if run:
        paths = Paths(run / "config.toml", data_dir, None, weights, offline, data_name)
        summary = resume(run, overrides, paths, reporter)
    else:
        assert config_path
        paths = Paths(config_path, data_dir, out, weights, offline)
        summary = start(config.load(config_path, overrides), paths, reporter)
    tell = printer(weights)
    if as_json:
        tell(summary.to_json())
    else:
        for line in summary_lines(summary):
            tell(line)
        given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
        where = ["--data-dir", str(data_dir)] if "data_dir" in given else []
        if summary.stopped_by:
            also = ["--weights", str(weights)] if "weights" in given else []
            tell("go on: " + shlex.join(["nnbp", "train", "--resume", summary.run, *where, *also]))
        if weights.is_file():
            tell("next: " + shlex.join(["nnbp", "eval", str(weights), *where]))
    if summary.stopped_by:
        ctx.exit(signals.EXIT_STATUS[summary.stopped_by])
