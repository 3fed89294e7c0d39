"""`nnbp predict`: what a network reads on people's own pictures."""

from itertools import takewhile
from pathlib import Path

import click

from nnbp_cli.commands.options import json_option, quiet_option


@click.command(name="predict")
@click.argument("weights", type=click.Path(path_type=Path), metavar="WEIGHTS...")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option(
    "--save-input",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep what the network saw: a PNG of 28x28 for each digit.",
)
@json_option
@quiet_option
def command(weights: Path, images: tuple[Path, ...], folder: Path | None, as_json: bool, quiet: bool) -> None:
    """Read the digits on pictures.

    Each of WEIGHTS is a weights file or a run directory, and several vote by the mean of their outputs; each
    IMAGE is a PNG, JPEG, BMP or GIF file: a scan, a photograph, a drawing, dark on light or light on dark,
    with one digit or several. Each digit is fitted into 28x28 pixels as MNIST's are. Shown are the digits in
    reading order, and for each of them what the network saw and its outputs; with --quiet the digits alone.

    \b
    nnbp predict weights.npz photo.jpg
    nnbp predict runs/mnist-20260131-120000 one.png two.png --save-input seen
    nnbp predict weights.npz photo.jpg --json
    nnbp predict runs/mnist-20260131-120000/seed-* photo.jpg
    """
    from nnbp_cli.errors import NnbpError
    from nnbp_cli.evaluation.pictures import check_readable, predict, save_inputs
    from nnbp_cli.evaluation.predictions import outputs_are_probabilities
    from nnbp_cli.models.ensemble import load
    from nnbp_cli.terminal.evaluation import digit_lines
    from nnbp_cli.terminal.output import log, print_json, print_result

    def is_network(path: Path) -> bool:
        return path.suffix == ".npz" or (path / "weights.npz").exists()

    more = list(takewhile(is_network, images))
    named, pictures = [weights, *more], images[len(more) :]
    if not pictures:
        raise click.UsageError("name the weights, and after them the pictures")
    for path in pictures:
        if is_network(path):
            raise click.UsageError(f"'{path}' is no picture; name all weights before the first one")
    voters = load(named)
    notes = check_readable(voters), voters.note
    for note in filter(None, () if quiet else notes):
        log(note)
    results = list(predict(voters, pictures))
    if folder:
        save_inputs(results, folder)
    good = [result for result in results if result.predictions]
    if as_json:
        print_json({"weights": named if more else weights, "pictures": [result.plain() for result in good]})
    else:
        for number, result in enumerate(good):
            if number and not quiet:
                print_result("")
            print_result(f"{result.path}: {' '.join(digit.name for digit in result.predictions)}")
            if not quiet:
                print_result(*digit_lines(result.predictions, outputs_are_probabilities(voters.first)))
    if problems := [result.problem for result in results if result.problem]:
        raise NnbpError(*problems)
