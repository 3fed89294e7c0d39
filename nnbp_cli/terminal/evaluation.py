"""What a network says to images, as text: its score, its worst mistakes, the digits that it read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from nnbp_cli.errors import printable
from nnbp_cli.evaluation.predictions import Predictions, format_confidence
from nnbp_cli.evaluation.saved import EvaluationResult, MemberScore
from nnbp_cli.terminal.output import shows
from nnbp_cli.terminal.pictures import BLOCKS, crop, image_lines, side_by_side
from nnbp_cli.wording import counted, percent

if TYPE_CHECKING:
    from nnbp_cli.evaluation.pictures import Prediction

BAR_WIDTH = 24  # characters of an output of 1


def score_lines(result: EvaluationResult) -> Iterator[str]:
    """The score, before it those of the members of a vote, and the confusion matrix with each class's recall
    at its row, precision at its column.
    """
    score = result.predictions.score
    yield f"{result.network} on {counted(score.images, f'{result.split} images')} of {result.data}"
    if result.members:
        yield from _member_lines(result.members)
        yield ""
    yield f"accuracy {score.accuracy:.2%}, cost {score.cost:.4f}"
    yield ""
    yield "confusion matrix: a row is the true class, a column what the network said"
    width = max(7, len(str(score.confusion.max())) + 1)
    yield " " * 9 + "".join(f"{k:{width}}" for k in range(len(score.confusion))) + "    recall"
    for k, (row, recall) in enumerate(zip(score.confusion, score.recall)):
        counts = "".join(f"{count or '.':>{width}}" for count in row)
        yield f"{k:9}{counts}{percent(recall, 1, '-'):>10}"
    yield "precision" + "".join(f"{percent(precision, 1, '-'):>{width}}" for precision in score.precision)


def _member_lines(members: Sequence[MemberScore]) -> Iterator[str]:
    names = [printable(str(member.path)) for member in members]
    width = max(6, *map(len, names))
    yield ""
    yield f"{'member':{width}}  accuracy      cost  network"
    for name, (_, network, score) in zip(names, members):
        yield f"{name:{width}}  {score.accuracy:8.2%}  {score.cost:8.4f}  {network}"


def mistake_lines(predictions: Predictions, limit: int) -> Iterator[str]:
    """The worst mistakes: what was said, how surely, what is right, and the number of the image."""
    worst = predictions.worst_mistakes(limit)
    yield ""
    if not len(worst):
        yield "no mistakes"
        return
    yield f"of {counted((~predictions.correct).sum(), 'mistakes')} those that it was surest of"
    yield ""
    images = crop(predictions.split.images[worst].reshape(-1, *predictions.shape))
    blocks = shows(sys.stdout, BLOCKS)
    predicted, confidence = predictions.predicted, predictions.confidence
    yield from side_by_side(
        [
            [
                f"said {predicted[k]}, {format_confidence(confidence[k], predictions.is_probability)} sure",
                f"is {predictions.split.labels[k]}, image {k}",
                *image_lines(image, blocks=blocks),
            ]
            for k, image in zip(worst, images)
        ]
    )


def digit_lines(digits: Sequence[Prediction], is_probability: bool) -> Iterator[str]:
    """What the network saw of each digit of a picture, and beside it its outputs as bars."""
    blocks = shows(sys.stdout, BLOCKS)
    for number, digit in enumerate(digits, start=1):
        which = f"digit {number} of {len(digits)}: " if len(digits) > 1 else ""
        yield ""
        yield f"{which}{digit.predicted}, {format_confidence(digit.confidence, is_probability)} sure"
        picture = [f"|{line}|" for line in image_lines(digit.image, blocks=blocks)]
        bars = ["", "", *_bars(digit, is_probability, full=BLOCKS[-1] if blocks else "#")]
        for line, bar in zip_longest(picture, bars, fillvalue=""):
            yield f"{line:{len(picture[0])}}   {bar}".rstrip()


def _bars(digit: Prediction, is_probability: bool, full: str) -> Iterator[str]:
    for k, output in enumerate(digit.outputs.tolist()):
        length = round(BAR_WIDTH * min(max(output, 0.0), 1.0))
        yield f"{k:3} {format_confidence(output, is_probability):>7} {full * length}"
