"""`nnbp predict`: what a network reads on people's own pictures."""

from itertools import takewhile
from pathlib import Path

import click

from nnbp_cli.commands.options import json_option, quiet_option


@click.command(name="predict")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="[WEIGHTS...] IMAGE..."
)
@click.option(
    "--save-input",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep what the network saw: a PNG of 28x28 for each digit.",
)
@json_option
@quiet_option
def command(paths: tuple[Path, ...], folder: Path | None, as_json: bool, quiet: bool) -> None:
    """Read the digits on pictures.

    Each IMAGE is a PNG, JPEG, WebP, TIFF, HEIC, BMP or GIF file, or a folder of them: a scan, a photograph, a
    drawing, dark on light or light on dark, with one digit or several. Each digit is fitted into 28x28 pixels
    as MNIST's are. Each of WEIGHTS is a weights file or a run directory, and several vote by the mean of
    their outputs; without any it is ./weights.npz, or the network that comes with nnbp where there is none.
    Shown are the digits in reading order, and for each of them what the network saw and its outputs; with
    --quiet the digits alone.

    \b
    nnbp predict photo.jpg
    nnbp predict weights.npz photo.jpg scans/
    nnbp predict runs/mnist-20260131-120000 one.png two.png --save-input seen
    nnbp predict weights.npz photo.jpg --json
    nnbp predict runs/mnist-20260131-120000/seed-* photo.jpg
    """
    from nnbp_cli.errors import NnbpError
    from nnbp_cli.evaluation.pictures import check_readable, files_of, predict, save_inputs
    from nnbp_cli.evaluation.predictions import outputs_are_probabilities
    from nnbp_cli.models.ensemble import load
    from nnbp_cli.presets import default_network
    from nnbp_cli.terminal.evaluation import digit_lines, picture_notes
    from nnbp_cli.terminal.output import log, print_json, print_result

    def is_network(path: Path) -> bool:
        files = ("weights.npz", "checkpoint.npz", "summary.json")
        return path.suffix == ".npz" or any((path / name).exists() for name in files)

    weights = list(takewhile(is_network, paths))
    pictures = paths[len(weights) :]
    if not pictures:
        raise click.UsageError("name the pictures, after the weights if any are named")
    for path in pictures:
        if is_network(path):
            raise click.UsageError(f"'{path}' is no picture; name all weights before the first one")
    chosen = "" if weights else f"note: no weights are named; {default_network()} answers"
    weights = weights or [default_network()]
    voters = load(weights)
    notes = chosen, check_readable(voters), voters.note
    for note in filter(None, () if quiet else notes):
        log(note)
    results = list(predict(voters, files_of(pictures, str if quiet else log)))
    if folder:
        save_inputs(results, folder)
    good = [result for result in results if result.predictions]
    if as_json:
        named = weights if len(weights) > 1 else weights[0]
        print_json({"weights": named, "pictures": [result.plain() for result in good]})
    else:
        for number, result in enumerate(good):
            if number and not quiet:
                print_result("")
            print_result(f"{result.where}: {' '.join(digit.name for digit in result.predictions)}")
            if not quiet:
                print_result(*digit_lines(result.predictions, outputs_are_probabilities(voters.first)))
                for note in picture_notes(result):
                    log(note)
    if problems := [result.problem for result in results if result.problem]:
        raise NnbpError(*problems)
