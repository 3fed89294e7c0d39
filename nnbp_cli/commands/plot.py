"""`nnbp plot`: a run as a picture: its curves, or one of the other figures of its report."""

from pathlib import Path

import click

from nnbp_cli.commands.options import data_dir_option, data_option, output_option
from nnbp_cli.wording import counted

# Said here a second time, so that a help text imports no more than it needs; a test holds the two equal.
KINDS = ("cost", "accuracy", "learning rate", "layer speed")

FIGURES = ("curves", "confusion", "mistakes", "weights", "calibration", "search")


@click.command(name="plot")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--what", type=click.Choice(FIGURES), help="Which figure.  [default: curves; of a study, search]"
)
@output_option("The picture: .png, .svg or .pdf.  [default: curves.png, ...]")
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="Of the curves just this; repeatable.")
@click.option(
    "--label", "labels", multiple=True, metavar="TEXT", help="What to call the next run; repeatable."
)
@data_option("The data set of the run, where it has moved, or another.")
@data_dir_option
def command(
    runs: tuple[Path, ...],
    what: str | None,
    output: Path | None,
    only: tuple[str, ...],
    labels: tuple[str, ...],
    data_name: str | None,
    data_dir: Path,
) -> None:
    """Draw the figures of runs.

    Each RUN is a run directory; what is none is left out, and said. Drawn are the curves of its log: cost,
    accuracy, the learning rate where it changes, and how fast each layer learns; training.watch says what is
    logged. Or, of one run, which may be a weights file: what it confuses with what, its worst mistakes, its
    first weights or its calibration. Or, of the file of a study, the trials of its search: the best so far,
    and how good they are by each key that was searched.

    \b
    nnbp plot runs/mnist-20260131-120000
    nnbp plot runs/* --only accuracy -o compared.svg
    nnbp plot runs/a runs/b --label "eta 0.25" --label "eta 2.5"
    nnbp plot weights.npz --what confusion -o confusion.pdf
    nnbp plot runs/book-search/study.journal
    """
    from nnbp_cli.search.journal import is_journal

    what = what or ("search" if len(runs) == 1 and is_journal(runs[0]) else "curves")
    if what != "curves" and (len(runs) > 1 or only or labels):
        raise click.UsageError(f"'--what {what}' is of one run, and has no curves to choose or to label")
    if len(labels) > len(runs):
        raise click.UsageError(
            f"{len(labels)} times '--label', but {counted(len(runs), 'runs')}; leave some out"
        )
    if data_name and what in ("curves", "weights", "search"):
        raise click.UsageError(f"'--what {what}' looks at no images; leave '--data' out")
    from nnbp_cli.evaluation import saved
    from nnbp_cli.models import weights
    from nnbp_cli.plots import curves, network, trials
    from nnbp_cli.plots.picture import check_drawable
    from nnbp_cli.terminal.output import log, wrote

    output = output or Path(f"{what}.png")
    check_drawable(output)
    if what == "curves":
        curves.draw(curves.logs(runs, labels, note=log), only, output, log)  # type: ignore[arg-type]
    elif what == "search":
        from nnbp_cli.search.storage import read

        trials.draw(read(runs[0]), output)
    elif what == "weights":
        network.weights(weights.load(runs[0]), output)
    else:
        result = saved.evaluate_saved(runs, data_name, data_dir, "test")
        for note in result.notes:
            log(note)
        draw = {
            "confusion": network.confusion,
            "mistakes": network.mistakes,
            "calibration": network.reliability,
        }[what]
        draw(result.predictions, output, log)
    wrote(output, f"wrote {output}")
