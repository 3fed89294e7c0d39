"""`nnbp import`: a network that the book's program saved, as weights of this one."""

from dataclasses import replace
from pathlib import Path

import click

from nnbp_cli.commands.options import output_option


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@output_option("The weights; replaced if they are nnbp's.", Path("weights.npz"))
def command(file: Path, output: Path) -> None:
    """Read a network of the book's program.

    FILE is what `save` of the book's network2.py wrote, JSON. The book's pixels are byte / 256 and those here
    byte / 255, so the weights of the first layer are multiplied by 255/256: the answers stay the same.

    \b
    nnbp import network.json
    nnbp import network.json -o book.npz
    """
    from nnbp_cli.models import nielsen, weights
    from nnbp_cli.terminal.output import wrote

    own = replace(weights.OUTPUT, remedy="name another file with -o")
    own.check(output)
    learned = nielsen.load(file)
    weights.save(output, learned, own.check_replaceable)
    cost = learned.config.cost
    what = f"{learned.network.title}, cost {cost}; its first weights times 255/256"
    wrote(output, f"wrote {output}: {what}", f"next: nnbp eval {output}")
