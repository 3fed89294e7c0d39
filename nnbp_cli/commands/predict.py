"""`nnbp predict`: what a network reads on people's own pictures."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnbp_cli.commands.options import json_option, quiet_option
from nnbp_cli.system import json_text

if TYPE_CHECKING:
    from nnbp_cli.digits.predict import PictureResult, Prediction

BAR = 24  # characters of an output of 1


@click.command(name="predict")
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
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

    WEIGHTS is a weights file or a run directory; each IMAGE is a PNG, JPEG, BMP or GIF file: a scan, a
    photograph, a drawing, dark on light or light on dark, with one digit or several. Each digit is fitted
    into 28x28 pixels as MNIST's are. Shown are the digits in reading order, and for each of them what the
    network saw and its outputs; with --quiet the digits alone.

    \b
    nnbp predict weights.npz photo.jpg
    nnbp predict runs/mnist-20260131-120000 one.png two.png --save-input seen
    nnbp predict weights.npz photo.jpg --json
    """
    from nnbp_cli.digits.predict import check_readable, predict, save_inputs
    from nnbp_cli.errors import NnbpError
    from nnbp_cli.evaluation.predictions import outputs_are_probabilities
    from nnbp_cli.models import weights as saved
    from nnbp_cli.terminal.output import log, print_result

    learned = saved.load(weights)
    note = check_readable(weights, learned)
    if note and not quiet:
        log(note)
    results = list(predict(learned, images, str(weights)))
    if folder:
        save_inputs(results, folder)
    if as_json:
        plain = [_plain(result) for result in results if result.predictions]
        print_result(json_text.dumps({"weights": str(weights), "pictures": plain}))
    else:
        shares = outputs_are_probabilities(learned)
        for number, result in enumerate(result for result in results if result.predictions):
            if number and not quiet:
                print_result("")
            print_result(f"{result.path}: {' '.join(str(digit.predicted) for digit in result.predictions)}")
            for line in () if quiet else _details(result.predictions, shares):
                print_result(line)
    problems = [result.problem for result in results if result.problem]
    if problems:
        raise NnbpError(*problems)


def _plain(result: PictureResult) -> dict[str, Any]:
    return {
        "picture": str(result.path),
        "digits": [
            {
                "predicted": prediction.predicted,
                "confidence": prediction.confidence,
                "outputs": prediction.outputs.tolist(),
                "box": [
                    prediction.digit.left,
                    prediction.digit.top,
                    prediction.digit.width,
                    prediction.digit.height,
                ],
            }
            for prediction in result.predictions
        ],
    }


def _details(predictions: Sequence[Prediction], shares: bool) -> Iterator[str]:
    """What the network saw of each digit, and beside it its outputs as bars."""
    from nnbp_cli.evaluation.predictions import format_confidence
    from nnbp_cli.terminal.encoding import shows
    from nnbp_cli.terminal.pictures import BLOCKS, drawn

    blocks = shows(sys.stdout, BLOCKS)
    for number, prediction in enumerate(predictions, start=1):
        which = f"digit {number} of {len(predictions)}: " if len(predictions) > 1 else ""
        yield ""
        yield f"{which}{prediction.predicted}, {format_confidence(prediction.confidence, shares)} sure"
        picture = [f"|{line}|" for line in drawn(prediction.image, blocks=blocks)]
        bars = ["", "", *_bars(prediction, shares, full=BLOCKS[-1] if blocks else "#")]
        for line, bar in zip_longest(picture, bars, fillvalue=""):
            yield f"{line:{len(picture[0])}}   {bar}".rstrip()


def _bars(prediction: Prediction, shares: bool, full: str) -> Iterator[str]:
    from nnbp_cli.evaluation.predictions import format_confidence

    for k, output in enumerate(prediction.outputs):
        length = round(BAR * min(max(float(output), 0.0), 1.0))
        yield f"{k:3} {format_confidence(float(output), shares):>7} {full * length}"
