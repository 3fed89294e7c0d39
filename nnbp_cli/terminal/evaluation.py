"""What a network says to images, as text: its score, its worst mistakes, the digits that it read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from nnbp_cli.errors import printable
from nnbp_cli.evaluation.predictions import Predictions, format_confidence
from nnbp_cli.evaluation.saved import EvaluationResult, MemberScore
from nnbp_cli.evaluation.score import Score
from nnbp_cli.terminal.output import shows
from nnbp_cli.terminal.pictures import BLOCKS, crop, image_lines, side_by_side
from nnbp_cli.wording import counted, percent

if TYPE_CHECKING:
    from nnbp_cli.evaluation.pictures import PictureResult, Prediction

BAR_WIDTH = 24  # characters of an output of 1
MAX_BARS = 10  # of the outputs for a digit
MAX_CLASSES_IN_MATRIX = 20
MAX_CLASSES_LISTED = 20
MAX_CONFUSIONS_LISTED = 15


def score_lines(result: EvaluationResult, whole_matrix: bool = False) -> Iterator[str]:
    """The score, before it those of the members of a vote, and what is taken for what: the confusion matrix,
    or of many classes, where the whole matrix is not asked for, what goes wrong the most.
    """
    score, classes = result.predictions.score, result.predictions.classes
    yield f"{result.network} on {counted(score.images, f'{result.split} images')} of {result.data}"
    if result.members:
        yield from _member_lines(result.members)
        yield ""
    yield f"accuracy {score.accuracy:.2%}, cost {score.cost:.4f}"
    yield ""
    if len(classes) <= MAX_CLASSES_IN_MATRIX or whole_matrix:
        yield from _matrix_lines(score, classes)
    else:
        yield from _worst_lines(score, classes)


def _matrix_lines(score: Score, classes: Sequence[str]) -> Iterator[str]:
    """The confusion matrix with each class's recall at its row, precision at its column."""
    yield "confusion matrix: a row is the true class, a column what the network said"
    side, width = max(9, *map(len, classes)), max(7, len(str(score.confusion.max())) + 1)
    heads = [name[: width - 1] for name in classes]
    if len({*heads}) < len(classes):  # class_1 and class_2
        heads = [name[1 - width :] for name in classes]
    yield f"{'':{side}}{''.join(f'{head:>{width}}' for head in heads)}    recall"
    for name, row, recall in zip(classes, score.confusion, score.recall):
        counts = "".join(f"{count or '.':>{width}}" for count in row)
        yield f"{name:>{side}}{counts}{percent(recall, 1, '-'):>10}"
    precisions = "".join(f"{percent(precision, 1, '-'):>{width}}" for precision in score.precision)
    yield f"{'precision':{side}}{precisions}"


def _worst_lines(score: Score, classes: Sequence[str]) -> Iterator[str]:
    """The classes by how many of their images are not recognized, and what is most often taken for what."""
    side, images, mistakes = max(9, *map(len, classes)), score.confusion.sum(axis=1), score.mistakes
    wrong = mistakes.sum(axis=1)
    order = np.argsort(-wrong, kind="stable")[:MAX_CLASSES_LISTED]
    yield f"{'class':{side}}   images    wrong  recall  precision"
    for k in order:
        shares = f"{percent(score.recall[k], 1, '-'):>6}  {percent(score.precision[k], 1, '-'):>9}"
        yield f"{classes[k]:{side}}{images[k]:9,}{wrong[k]:9,}  {shares}"
    if len(order) < len(classes):
        rest = len(classes) - len(order)
        yield f"and {rest} more, with {wrong.sum() - wrong[order].sum():,} wrong; --matrix shows all of them"
    yield ""
    yield "most often taken for another"
    for place in np.argsort(-mistakes, axis=None, kind="stable")[:MAX_CONFUSIONS_LISTED]:
        true, said = divmod(int(place), len(classes))
        if count := mistakes[true, said]:
            share = percent(count / images[true], 1)
            yield f"{count:9,}  {classes[true]} taken for {classes[said]}, {share} of its images"


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
    classes, is_probability = predictions.classes, predictions.is_probability
    predicted, confidence, labels = predictions.predicted, predictions.confidence, predictions.split.labels
    yield from side_by_side(
        [
            [
                f"said {classes[predicted[k]]}, {format_confidence(confidence[k], is_probability)} sure",
                f"is {classes[labels[k]]}, image {k}",
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
        yield f"{which}{digit.name}, {format_confidence(digit.confidence, is_probability)} sure"
        picture = [f"|{line}|" for line in image_lines(digit.image, blocks=blocks)]
        bars = ["", "", *_bars(digit, is_probability, full=BLOCKS[-1] if blocks else "#")]
        for line, bar in zip_longest(picture, bars, fillvalue=""):
            yield f"{line:{len(picture[0])}}   {bar}".rstrip()


def picture_notes(result: PictureResult) -> Iterator[str]:
    """What to know of a picture that was read."""
    if result.note:
        yield f"note: {result.where}: {result.note}"
    if result.left_out:
        yield f"note: {result.where}: {counted(len(result.left_out), 'marks')} left out as hardly digits"


def _bars(digit: Prediction, is_probability: bool, full: str) -> Iterator[str]:
    """Of many classes those with the largest outputs."""
    side = max(3, *map(len, digit.classes))
    order = np.arange(len(digit.classes))
    if len(order) > MAX_BARS:
        order = np.argsort(-digit.outputs, kind="stable")[:MAX_BARS]
    for k in order:
        output = float(digit.outputs[k])
        length = round(BAR_WIDTH * min(max(output, 0.0), 1.0))
        yield f"{digit.classes[k]:>{side}} {format_confidence(output, is_probability):>7} {full * length}"
