"""`nnbp search`: hyper-parameters, by many runs of one config."""

from pathlib import Path

import click

from nnbp_cli.commands.options import (
    Count,
    OutputFile,
    config_argument,
    config_option,
    data_dir_option,
    json_option,
    overrides_option,
    quiet_option,
    required_config,
)


@click.command(name="search")
@config_argument
@config_option
@click.option(
    "--study",
    type=OutputFile(),
    metavar="FILE",
    help="The study; its runs are beside it.  [default: runs/NAME-search/study.journal]",
)
@click.option("--trials", type=Count(10**6), metavar="N", help="How many runs, instead of search.trials.")
@overrides_option
@data_dir_option
@json_option
@quiet_option
@click.pass_context
def command(
    ctx: click.Context,
    config_argument: Path | None,
    config_option: Path | None,
    study: Path | None,
    trials: int | None,
    overrides: tuple[str, ...],
    data_dir: Path,
    as_json: bool,
    quiet: bool,
) -> None:
    """Search for the best values of a config's keys.

    \b
    nnbp search configs/search/book.toml
    nnbp search configs/search/book.toml --trials 160
    nnbp search configs/search/book.toml --study /shared/book/study.journal

    CONFIG is one with a table [search], which says what may be drawn. Each trial is a run with values of its
    own, and ends early where its validation accuracy is behind that of the others. The same command goes on
    with a study that was left; and typed once for each core, or on several machines that share the folder,
    all work on one. At the end the best config is a file that nnbp train takes, and its weights are scored on
    the test images, once. Needs pip install 'nnbp-cli[search]'; docs/search.md has more.
    """
    config_path = required_config(config_argument, config_option)
    from nnbp_cli.system import signals
    from nnbp_cli.terminal.output import print_json, print_result
    from nnbp_cli.terminal.progress import TerminalReporter
    from nnbp_cli.terminal.tables import search_lines

    reporter = TerminalReporter(quiet)
    from nnbp_cli.search.search import search  # after it: Optuna imports tqdm, too, and lets it fail

    settings = [*overrides, *([f"search.trials={trials}"] if trials else [])]
    found = search(config_path, settings, study, data_dir, reporter)
    if as_json:
        print_json(found.plain())
    else:
        print_result(*search_lines(found))
    found.check()
    if found.stopped_by:
        ctx.exit(signals.EXIT_STATUS[found.stopped_by])
