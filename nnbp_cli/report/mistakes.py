"""What a network takes for what: the matrix, the digits behind each of its cells, the worst mistakes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nnbp_cli.evaluation.calibration import Calibration
from nnbp_cli.evaluation.predictions import MAX_DIGITS_SHOWN, Predictions, format_confidence
from nnbp_cli.report import charts, sprites
from nnbp_cli.report.markup import Markup, filled, joined, tag
from nnbp_cli.report.overview import table
from nnbp_cli.report.sprites import Sprites
from nnbp_cli.wording import counted, percent

HEATS = 9  # how many shades page.css has for a cell
MANY = 20  # classes, for which cells are small
MAX_CLASSES_SHOWN = 64
LONG = 3  # characters of a name that stands on its end above a column


def confusion(predictions: Predictions) -> Markup:
    """The confusion matrix: a button in each cell that is not empty, and where its digits are shown."""
    score, names, shown = predictions.score, predictions.classes, classes_shown(predictions)
    rows = (
        tag(
            "tr",
            tag("th", names[true], scope="row"),
            *(_cell(true, k, names, score.confusion[true, k], score.heat[true, k]) for k in shown),
            tag("td", percent(score.recall[true], 1), class_="share"),
        )
        for true in shown
    )
    some = f"Of {len(names)} classes the {len(shown)} that the most mistakes are about."
    return filled(
        "confusion.html",
        some=tag("p", some) if len(shown) < len(names) else "",
        size=" many" if len(shown) > MANY else "",
        count=str(len(shown)),
        classes=joined(
            tag("th", names[k], scope="col", class_="upright" if len(names[k]) > LONG else None)
            for k in shown
        ),
        rows=joined(rows),
        precision=joined(tag("td", percent(score.precision[k], 0), class_="share") for k in shown),
    )


def classes_shown(predictions: Predictions) -> list[int]:
    """The classes in the matrix: of very many those that the most mistakes are about, from or to."""
    mistakes = predictions.score.mistakes
    wrong = mistakes.sum(axis=0) + mistakes.sum(axis=1)
    return sorted(np.argsort(-wrong, kind="stable")[:MAX_CLASSES_SHOWN].tolist())


def cells(predictions: Predictions) -> tuple[Sprites, dict[str, Any]]:
    """The digits of each cell, as a sheet, and where in it they are: for "true,predicted" the first place,
    the numbers of the test images, and how sure the network was of each.
    """
    places: dict[str, Any] = {}
    digits: list[int] = []
    shown = {*classes_shown(predictions)}
    for true, predicted, images in predictions.cells(_max_digits_per_cell(predictions)):
        if not {true, predicted} <= shown:
            continue
        confidence = predictions.confidence[images]
        places[f"{true},{predicted}"] = {
            "first": len(digits),
            "images": images.tolist(),
            "confidence": [format_confidence(each, predictions.is_probability) for each in confidence],
        }
        digits += images.tolist()
    return sprites.digits("cell", predictions.split.images[digits], predictions.shape), places


def worst(predictions: Predictions) -> tuple[Sprites, Markup] | None:
    """The mistakes that the network was surest of; None where it made none."""
    images = predictions.split.images
    chosen = predictions.worst_mistakes(min(MAX_DIGITS_SHOWN, sprites.capacity(images.shape[1])))
    if not len(chosen):
        return None
    sheet = sprites.digits("worst", images[chosen], predictions.shape)
    shown = []
    for place, image in enumerate(chosen):
        classes = predictions.predicted[image], predictions.split.labels[image]
        predicted, true = (predictions.classes[k] for k in classes)
        sure = format_confidence(predictions.confidence[image], predictions.is_probability)
        picture = sheet.picture(place, f"test image {image}: a {true}, taken for a {predicted}")
        caption = tag("figcaption", tag("b", predicted), f" {sure}", tag("span", f"is {true}"))
        shown.append(tag("li", tag("figure", picture, caption)))
    what = "The wrong answers that it was surest of: what it said and how surely, and what the digit is."
    return sheet, tag("div", tag("p", what), tag("ol", *shown, class_="gallery"))


def reliability(predictions: Predictions, bins: Calibration) -> Markup:
    """The reliability diagram, its table, and what it comes to."""
    rows = [
        [f"{percent(low, 0)} to {percent(high, 0)}", f"{count:,}",
         percent(confidence, 1) if count else "", percent(accuracy) if count else ""]
        for (low, high), count, confidence, accuracy in zip(
            pairwise(bins.edges), bins.counts, bins.confidence, bins.accuracy
        )
    ]  # fmt: skip
    head = ("how sure", "answers", "on average", "right")
    mean, accuracy = predictions.confidence.mean(), predictions.score.accuracy
    which = "more often than" if accuracy > mean else "less often than" if accuracy < mean else "as often as"
    summary = (
        f"On average it is {percent(mean, 1)} sure and right in {percent(accuracy, 1)}: it is right {which} "
        "it is sure. The expected calibration error, how far the two are apart from bin to bin, is "
        f"{percent(bins.error)}."
    )
    values = tag("div", tag("p", summary), table(head, rows, "The values of the reliability diagram"))
    return tag("div", tag("figure", charts.reliability(bins), class_="chart"), values, class_="beside")


def _cell(true: int, predicted: int, names: Sequence[str], count: int, heat: float) -> Markup:
    if not count:
        dot = tag("span", "\N{MIDDLE DOT}", aria_hidden="true")
        return tag("td", dot, tag("span", "0", class_="unseen"), class_="none")
    shade = "right" if true == predicted else f"h{max(1, round(HEATS * heat))}"
    label = f"{counted(count, 'images')} of a {names[true]} taken for a {names[predicted]}"
    button = tag("button", str(count), type="button", data_cell=f"{true},{predicted}", aria_label=label)
    return tag("td", button, class_=shade)


def _max_digits_per_cell(predictions: Predictions) -> int:
    """So many, none if it must be, that all cells together fit into a sheet."""
    counts = predictions.score.confusion
    room = sprites.capacity(predictions.split.images.shape[1])
    fitting = (k for k in range(MAX_DIGITS_SHOWN, 0, -1) if np.minimum(counts, k).sum() <= room)
    return next(fitting, 0)
