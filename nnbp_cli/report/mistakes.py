"""What a network takes for what: the matrix, the digits behind each of its cells, the worst mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnbp_cli.evaluation.calibration import calibration
from nnbp_cli.evaluation.predictions import MAX_DIGITS_SHOWN, Predictions, format_confidence
from nnbp_cli.report import charts, sprites
from nnbp_cli.report.markup import Markup, joined, tag
from nnbp_cli.report.overview import table
from nnbp_cli.report.sprites import Sprites
from nnbp_cli.report.wording import percent

HEATS = 9  # how many shades page.css has for a cell


def matrix(predictions: Predictions) -> Markup:
    """The confusion matrix, with a button in each cell that is not empty."""
    score = predictions.score
    counts = score.confusion
    classes = range(len(counts))
    heat = score.heat
    said = tag("th", "said", scope="colgroup", colspan=len(classes), class_="said")
    head = tag("tr", tag("td", class_="corner"), said, tag("td", class_="share"))
    names = (tag("th", str(k), scope="col") for k in classes)
    recall = tag("th", "recall", scope="col", class_="share")
    names_row = tag("tr", tag("th", "true", scope="col", class_="corner"), *names, recall)
    rows = (
        tag(
            "tr",
            tag("th", str(true), scope="row"),
            *(_cell(true, said, int(counts[true, said]), heat[true, said]) for said in classes),
            tag("td", percent(score.recall[true], 1), class_="share"),
        )
        for true in classes
    )
    precision = tag(
        "tr",
        tag("th", "precision", scope="row", class_="corner"),
        *(tag("td", percent(each, 0), class_="share") for each in score.precision),
        tag("td", class_="share"),
    )
    caption = "Confusion matrix: a row is the true class, a column what the network said"
    return tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", head, names_row),
        tag("tbody", *rows),
        tag("tfoot", precision),
        class_="confusion",
        id="confusion",
    )


def confusion(predictions: Predictions) -> Markup:
    """The matrix, and the place where the digits of a cell are shown."""
    how = "Choose a number to see its digits; the arrow keys go from one to the next."
    title = tag("h3", id="cell-title", aria_live="polite")
    digits = tag("div", title, tag("ol", id="cell-digits", class_="gallery small"), class_="cell-panel")
    table = tag("div", tag("p", how), tag("div", matrix(predictions), class_="wide"))
    return tag("div", table, digits, class_="beside")


def cells(predictions: Predictions) -> tuple[Sprites, dict[str, Any]]:
    """The digits of each cell, as a sheet, and where in it they are: for "true,said" the first place, the
    numbers of the test images, and how sure the network was of each.
    """
    found = list(predictions.cells(_most_of_a_cell(predictions)))
    places, first = {}, 0
    for true, said, images in found:
        confidence = [
            format_confidence(each, predictions.is_probability) for each in predictions.confidence[images]
        ]
        places[f"{true},{said}"] = {"first": first, "images": images.tolist(), "sure": confidence}
        first += len(images)
    chosen = np.concatenate([images for _, _, images in found])
    return sprites.digits("cell", predictions.split.images[chosen], predictions.shape), places


def worst(predictions: Predictions) -> tuple[Sprites, Markup] | None:
    """The mistakes that the network was surest of; None where it made none."""
    chosen = predictions.worst_mistakes(sprites.room(predictions.split.images.shape[1], MAX_DIGITS_SHOWN))
    if not len(chosen):
        return None
    sheet = sprites.digits("worst", predictions.split.images[chosen], predictions.shape)
    said, confidence, labels = predictions.predicted, predictions.confidence, predictions.split.labels
    shown = []
    for place, image in enumerate(chosen):
        sure = format_confidence(confidence[image], predictions.is_probability)
        label = f"test image {image}: a {labels[image]}, taken for a {said[image]}"
        caption = tag(
            "figcaption", tag("b", f"{said[image]}"), f" {sure}", tag("span", f"is {labels[image]}")
        )
        shown.append(tag("li", tag("figure", sheet.picture(place, label), caption)))
    said_so = "The wrong answers that it was surest of: what it said and how surely, and what the digit is."
    return sheet, tag("div", tag("p", said_so), tag("ol", *shown, class_="gallery"))


def reliability(predictions: Predictions) -> Markup:
    """The reliability diagram, its table, and what it comes to."""
    bins = calibration(predictions.confidence, predictions.correct)
    width = 1 / len(bins.counts)
    rows = [
        [f"{percent(k * width, 0)} to {percent((k + 1) * width, 0)}", f"{count:,}",
         percent(sure, 1) if count else "", percent(right) if count else ""]
        for k, (count, sure, right) in enumerate(zip(bins.counts, bins.confidence, bins.accuracy))
    ]  # fmt: skip
    head = ("how sure", "answers", "on average", "right")
    mean, accuracy = predictions.confidence.mean(), predictions.score.accuracy
    which = "more often than it is sure" if accuracy > mean else "less often than it is sure"
    said = (
        f"On average it is {percent(mean, 1)} sure and right in {percent(accuracy, 1)}: it is right {which}. "
        f"The expected calibration error, how far the two are apart from bin to bin, is "
        f"{percent(bins.error)}."
    )
    values = tag("div", tag("p", said), table(head, rows, "The values of the reliability diagram"))
    return tag("div", tag("figure", charts.reliability(bins), class_="chart"), values, class_="beside")


def _cell(true: int, said: int, count: int, heat: float) -> Markup:
    if not count:
        nothing = joined(
            [tag("span", "\N{MIDDLE DOT}", aria_hidden="true"), tag("span", "0", class_="unseen")]
        )
        return tag("td", nothing, class_="none")
    shade = "right" if true == said else f"h{max(1, round(HEATS * heat))}"
    images = "image" if count == 1 else "images"
    label = f"{count:,} {images} of a {true} taken for a {said}"
    button = tag("button", f"{count}", type="button", data_cell=f"{true},{said}", aria_label=label)
    return tag("td", button, class_=shade)


def _most_of_a_cell(predictions: Predictions) -> int:
    """So many, none if it must be, that all cells together fit into a sheet."""
    counts = predictions.score.confusion.ravel()
    room = sprites.room(predictions.split.images.shape[1], len(predictions.split.labels))
    fitting = (most for most in range(MAX_DIGITS_SHOWN, 0, -1) if np.minimum(counts, most).sum() <= room)
    return next(fitting, 0)
