"""`nnbp report`: a run as one HTML file, or several compared."""

import webbrowser
from pathlib import Path

import click

from nnbp_cli.commands.options import data_dir_option, data_option, output_option, quiet_option


@click.command(name="report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@output_option("The page.", Path("report.html"))
@data_option("The data set of the runs, where it has moved, or another.")
@data_dir_option
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@click.option("--vote", "as_vote", is_flag=True, help="One page of the vote of the runs.")
@quiet_option
def command(
    runs: tuple[Path, ...],
    output: Path,
    data_name: str | None,
    data_dir: Path,
    open_it: bool,
    as_vote: bool,
    quiet: bool,
) -> None:
    """Show runs as one HTML page.

    Each RUN is a run directory; what is none is left out, and said. The page of one run has its figures and
    curves, what it confuses with what, its worst mistakes, its weights, and a pad to draw digits on for it.
    Of several runs the page compares figures, configs and curves; with --vote it is about their vote, which
    answers with the mean of their outputs. Of the file of a study it is the page of the best trial, with its
    search. It is one file, and works wherever it is copied to, without a network.

    \b
    nnbp report runs/mnist-20260131-120000 --open
    nnbp report runs/* -o compared.html
    nnbp report --vote runs/mnist-20260131-120000/seed-* -o vote.html
    nnbp report runs/book-search/study.journal
    """
    from nnbp_cli.report import OUTPUT, finished_search, page, read, vote
    from nnbp_cli.terminal.output import log, wrote

    OUTPUT.check(output)
    search = finished_search(runs)
    read_runs = read((search.best_run,) if search else runs, data_name, data_dir, log)
    for note in () if quiet else [note for run in read_runs for note in run.notes]:
        log(note)
    OUTPUT.write(output, page(read_runs, vote(read_runs) if as_vote else None, search))
    wrote(output, f"wrote {output}")
    if open_it and not webbrowser.open(output.resolve().as_uri()):
        log(f"no browser was found; open {output} in one")
