"""`nnbp plot`: the curves of runs, from their logs, as a picture."""

from __future__ import annotations

from pathlib import Path

import click

# Said here a second time, so that a help text imports no more than it needs; a test holds the two equal.
KINDS = ("cost", "accuracy", "learning rate", "layer speed")


@click.command(name="plot")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("curves.png"),
    show_default=True,
    metavar="FILE",
    help="The picture: .png, .svg or .pdf.",
)
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="Draw just this; repeatable.")
@click.option(
    "--label", "labels", multiple=True, metavar="TEXT", help="What to call the next run; repeatable."
)
def command(runs: tuple[Path, ...], output: Path, only: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """Draw the curves of runs.

    Each RUN is a run directory. Drawn is what its log has: cost, accuracy, the learning rate where it
    changes, and how fast each layer learns; training.watch says what is logged.

    \b
    nnbp plot runs/mnist-20260131-120000
    nnbp plot runs/* --only accuracy -o compared.svg
    nnbp plot runs/a runs/b --label "eta 0.25" --label "eta 2.5"
    """
    from nnbp_cli import curves, plotting

    plotting.check_drawable(output)
    plotting.draw(curves.panels(runs, only, labels), output)  # type: ignore[arg-type]
    click.echo(f"wrote {output}")
