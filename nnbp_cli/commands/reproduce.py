"""`nnbp reproduce`: the book's experiments, run again, beside what the book reports."""

from pathlib import Path

import click

from nnbp_cli.commands.options import Count, cluster_option, data_dir_option, json_option, quiet_option


@click.command(name="reproduce")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--seeds", type=Count(1000), default=5, show_default=True, help="Runs of each experiment.")
@click.option("--jobs", type=Count(1000), help="Runs at a time.  [default: one for each core]")
@click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("book-runs"),
    show_default=True,
    metavar="DIR",
    help="Where the runs are kept; what is there already is not run again.",
)
@cluster_option
@data_dir_option
@click.option("--list", "listing", is_flag=True, help="Show the experiments, and run nothing.")
@click.option("--markdown", is_flag=True, help="Print the table in Markdown.")
@json_option
@quiet_option
def command(
    ids: tuple[str, ...],
    seeds: int,
    jobs: int | None,
    runs: Path,
    cluster: str | None,
    data_dir: Path,
    listing: bool,
    markdown: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run the book's experiments again.

    Each ID is an experiment, or what several begin with: ch1, ch3-l2. Without any, all are run that take
    no more than five minutes: on two cores, five seeds take about eight minutes where numba is installed,
    and else half an hour. The convolutions of chapter 6 have to be named; --list says how many minutes of one
    core a run of them takes. The table at the end has the book's figure, ours, and the band that the median
    of five seeds should be in; status 3 says that one is outside. What trains nothing, ch1-darkness, is
    measured each time.

    \b
    nnbp reproduce --list
    nnbp reproduce ch1-30
    nnbp reproduce ch1 ch5 --seeds 5 --markdown
    nnbp reproduce ch6-one-convolution --seeds 2
    """
    from nnbp_cli.reproduction import experiments
    from nnbp_cli.reproduction.reproduce import check, reproduce
    from nnbp_cli.terminal import reproduction
    from nnbp_cli.terminal.output import print_json, print_result
    from nnbp_cli.terminal.progress import TerminalReporter

    every = experiments.load()
    selected = every if listing and not ids else experiments.select(ids, every)
    if listing and as_json:
        print_json([experiment.plain() for experiment in selected])
        return
    if listing:
        print_result(*reproduction.listing(selected, markdown))
        return
    rows = reproduce(selected, seeds, jobs, runs, data_dir, TerminalReporter(quiet), cluster)
    if as_json:
        print_json([row.plain() for row in rows])
    else:
        print_result(*(reproduction.markdown(rows) if markdown else reproduction.text(rows)))
    check(rows)
