"""What a network takes for what: the matrix, the digits behind each of its cells, the worst mistakes."""

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


def confusion(predictions: Predictions) -> Markup:
    """The confusion matrix: a button in each cell that is not empty, and where its digits are shown."""
    score = predictions.score
    classes = range(len(score.confusion))
    rows = (
        tag(
            "tr",
            tag("th", str(true), scope="row"),
            *(_cell(true, k, score.confusion[true, k], heat[k]) for k in classes),
            tag("td", percent(score.recall[true], 1), class_="share"),
        )
        for true, heat in enumerate(score.heat)
    )
    return filled(
        "confusion.html",
        count=str(len(classes)),
        classes=joined(tag("th", str(k), scope="col") for k in classes),
        rows=joined(rows),
        precision=joined(tag("td", percent(share, 0), class_="share") for share in score.precision),
    )


def cells(predictions: Predictions) -> tuple[Sprites, dict[str, Any]]:
    """The digits of each cell, as a sheet, and where in it they are: for "true,predicted" the first place,
    the numbers of the test images, and how sure the network was of each.
    """
    places: dict[str, Any] = {}
    shown: list[int] = []
    for true, predicted, images in predictions.cells(_max_digits_per_cell(predictions)):
        confidence = predictions.confidence[images]
        places[f"{true},{predicted}"] = {
            "first": len(shown),
            "images": images.tolist(),
            "confidence": [format_confidence(each, predictions.is_probability) for each in confidence],
        }
        shown += images.tolist()
    return sprites.digits("cell", predictions.split.images[shown], predictions.shape), places


def worst(predictions: Predictions) -> tuple[Sprites, Markup] | None:
    """The mistakes that the network was surest of; None where it made none."""
    images = predictions.split.images
    chosen = predictions.worst_mistakes(min(MAX_DIGITS_SHOWN, sprites.capacity(images.shape[1])))
    if not len(chosen):
        return None
    sheet = sprites.digits("worst", images[chosen], predictions.shape)
    shown = []
    for place, image in enumerate(chosen):
        predicted, true = predictions.predicted[image], predictions.split.labels[image]
        sure = format_confidence(predictions.confidence[image], predictions.is_probability)
        picture = sheet.picture(place, f"test image {image}: a {true}, taken for a {predicted}")
        caption = tag("figcaption", tag("b", str(predicted)), f" {sure}", tag("span", f"is {true}"))
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
    which = "more often than it is sure" if accuracy > mean else "less often than it is sure"
    summary = (
        f"On average it is {percent(mean, 1)} sure and right in {percent(accuracy, 1)}: it is right {which}. "
        f"The expected calibration error, how far the two are apart from bin to bin, is "
        f"{percent(bins.error)}."
    )
    values = tag("div", tag("p", summary), table(head, rows, "The values of the reliability diagram"))
    return tag("div", tag("figure", charts.reliability(bins), class_="chart"), values, class_="beside")


def _cell(true: int, predicted: int, count: int, heat: float) -> Markup:
    if not count:
        dot = tag("span", "\N{MIDDLE DOT}", aria_hidden="true")
        return tag("td", dot, tag("span", "0", class_="unseen"), class_="none")
    shade = "right" if true == predicted else f"h{max(1, round(HEATS * heat))}"
    label = f"{counted(count, 'images')} of a {true} taken for a {predicted}"
    button = tag("button", str(count), type="button", data_cell=f"{true},{predicted}", aria_label=label)
    return tag("td", button, class_=shade)


def _max_digits_per_cell(predictions: Predictions) -> int:
    """So many, none if it must be, that all cells together fit into a sheet."""
    counts = predictions.score.confusion
    room = sprites.capacity(predictions.split.images.shape[1])
    fitting = (k for k in range(MAX_DIGITS_SHOWN, 0, -1) if np.minimum(counts, k).sum() <= room)
    return next(fitting, 0)
