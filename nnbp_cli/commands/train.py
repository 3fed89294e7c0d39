"""`nnbp train`: a config in, a run directory and weights out."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from nnbp_cli.commands.options import (
    Count,
    OutputFile,
    cluster_option,
    config_argument,
    config_option,
    data_dir_option,
    data_option,
    json_option,
    named_config,
    overrides_option,
    quiet_option,
)

if TYPE_CHECKING:
    from nnbp_cli.jobs.seeds import Seeds
    from nnbp_cli.runs.summary import Summary

Given = Callable[..., list[str]]  # of the options of these names, the words of those that were given


@click.command(name="train")
@config_argument
@config_option
@click.option(
    "--resume",
    "run",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Instead: the directory of a run that was left, or of several seeds.",
)
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    metavar="WEIGHTS",
    help="Begin with these weights instead of drawn ones; a weights file or a run directory.",
)
@click.option(
    "--seeds",
    type=Count(1000),
    metavar="N",
    help="Train N runs, with training.seed and the seeds that follow it.",
)
@click.option("--jobs", type=Count(1000), metavar="N", help="Runs at a time.  [default: one for each core]")
@cluster_option
@click.option("--mpi", is_flag=True, help="Train with all processes that mpirun or srun has started.")
@click.option(
    "--mpi-timeout",
    type=Count(86_400),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="With --mpi: how long a process waits for another, which may be gone.",
)
@overrides_option
@data_option("With --resume: where the run's data set is now.")
@data_dir_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run directory, or that of the seeds, new or empty.  [default: runs/...]",
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
    start: Path | None,
    seeds: int | None,
    jobs: int | None,
    cluster: str | None,
    mpi: bool,
    mpi_timeout: int,
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
    nnbp train configs/mnist.toml --seeds 5
    nnbp train configs/mnist.toml --seeds 40 --cluster tcp://HOST:8786
    nnbp train configs/mnist.toml --from weights.npz --set data.name=fashion-mnist
    nnbp train --resume runs/mnist-20260131-120000
    mpirun -n 4 nnbp train configs/mnist.toml --mpi

    CONFIG is a TOML or YAML file. The data set is downloaded first if it is missing. Ctrl-C stops the run
    after the batch at hand, and keeps what it has learned; a second Ctrl-C stops it at once. However a run
    was stopped, --resume goes on with it to the very same end; with --set training.epochs=N, to a later one.

    With --from, training begins with weights that are there, of this program or imported from the book's: for
    other data, another rate or another cost. The layers must be the same; the summary and the new weights say
    what they came from.

    With --seeds, each run has a process and a directory of its own for its weights and all else: seed-1,
    seed-2, ... in --out. The table at the end has the mean, standard deviation, smallest and largest of their
    accuracies. Several at a time have one thread each where training.threads is "auto"; where it is more,
    fewer go on at a time, so that there are no more threads than cores, and no more go on than the memory of
    this machine holds. With --cluster they go to the workers of a Dask scheduler, which needs
    pip install 'nnbp-cli[cluster]'. A run that fails stops no other. Whatever stopped them, --resume with
    their directory goes on with those that are not done, and trains anew those that were deleted.

    With --mpi, the processes of an mpirun or srun learn one network together, each from its rows of every
    batch, which pays for large networks in large batches: docs/scaling.md. The one of rank 0 alone reads,
    writes and prints. It needs pip install 'nnbp-cli[mpi]'.
    """
    from nnbp_cli.engines.communicator import ALONE
    from nnbp_cli.engines.join import join
    from nnbp_cli.system.launcher import launched

    ranks = join(mpi_timeout) if mpi else ALONE
    if ranks.rank:
        from nnbp_cli.runs.run import follow

        ctx.exit(follow(ranks))
    if not mpi and (count := launched()) > 1:
        many = f"mpirun or srun has started {count} processes, and each would train the whole network"
        raise click.UsageError(f"{many}; add '--mpi', or 'env -u PMI_SIZE' before nnbp if that is meant")
    named = named_config(config_argument, config_option)
    config_path = run / "config.toml" if run else named
    if not config_path:
        raise click.UsageError("missing argument 'CONFIG', or '--resume' to go on with a run")
    from nnbp_cli import config
    from nnbp_cli.jobs import seeds as several
    from nnbp_cli.runs.resume import resume
    from nnbp_cli.runs.run import run as begin
    from nnbp_cli.runs.setup import Paths
    from nnbp_cli.system import signals
    from nnbp_cli.terminal.output import print_json, print_result, printer
    from nnbp_cli.terminal.progress import TerminalReporter
    from nnbp_cli.terminal.tables import seed_lines, summary_lines

    begun = several.jobs_in(run) if run else []
    many_runs = seeds or begun

    def given(*names: str) -> list[str]:
        typed = [name for name in names if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        return [word for name in typed for word in (f"--{name.replace('_', '-')}", str(ctx.params[name]))]

    for is_wrong, why in (
        (
            run and (named or out or seeds),
            "a run that is resumed has its config and its directory; leave the others out",
        ),
        (run and start, "a run that is resumed has its weights; leave '--from' out"),
        (not run and data_name, "'--data' is for '--resume'; with '--config', --set data.name=NAME"),
        (many_runs and mpi, "'--mpi' is for one run; many runs share nothing, and go to '--cluster'"),
        (many_runs and start, "'--from' is for one run; seeds begin with weights of their own"),
        (
            many_runs and given("weights"),
            "'--weights' is for one run; of several, each has its own in its directory",
        ),
        (
            begun and (overrides or data_name),
            "'--set' and '--data' are for one run; name the directory of one seed",
        ),
        (not many_runs and jobs, "'--jobs' is for '--seeds'; one run has one process"),
        (not many_runs and cluster, "'--cluster' is for '--seeds'; one run has one process"),
    ):
        if is_wrong:
            raise click.UsageError(why)
    paths = Paths(config_path, data_dir, out, weights, offline, data_name, start=start)
    reporter = TerminalReporter(quiet)
    if mpi and ranks.size == 1:
        reporter.note("note: --mpi, and one process alone; 'mpirun -n 4' before nnbp starts four")
    if many_runs:
        if begun:
            runs = several.resume(begun, paths, jobs, reporter, cluster)
        else:
            runs = several.train(paths, overrides, seeds or 1, jobs, reporter, cluster)
        if as_json:
            print_json(runs.plain())
        else:
            print_result(*seed_lines(runs), *_after_seeds(runs, given))
        runs.check()
        stopped_by = runs.stopped_by
    else:
        if run:
            summary = resume(run, overrides, paths, reporter, communicator=ranks)
        else:
            summary = begin(config.load(config_path, overrides), paths, reporter, communicator=ranks)
        lines = [*summary_lines(summary), *_after_run(summary, weights, given, ranks.size)]
        for line in [summary.to_json()] if as_json else lines:
            printer(weights)(line)
        stopped_by = summary.stopped_by
    if stopped_by:
        ctx.exit(signals.EXIT_STATUS[stopped_by])


def _after_seeds(seeds: Seeds, given: Given) -> Iterator[str]:
    if seeds.may_go_on:
        yield f"go on: {_shown('train', '--resume', seeds.directory, *given('jobs', 'cluster', 'data_dir'))}"
    if seeds.runs and not seeds.stopped_by:
        yield f"next: {_shown('eval', *(each.run for each in seeds.runs), *given('data_dir'))}"


def _after_run(summary: Summary, weights: Path, given: Given, ranks: int) -> Iterator[str]:
    if summary.stopped_by:
        mpirun, mpi = (f"mpirun -n {ranks} ", ["--mpi"]) if ranks > 1 else ("", [])
        words = ("train", "--resume", summary.run, *given("weights", "data_dir"), *mpi)
        yield f"go on: {mpirun}{_shown(*words)}"
    if weights.is_file():
        yield f"next: {_shown('eval', weights, *given('data_dir'))}"


def _shown(*words: object) -> str:
    return shlex.join(["nnbp", *map(str, words)])
