"""`nnbp eval`: how good saved weights are, and what they confuse with what."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnbp_cli.commands.options import data_dir_option, data_option, json_option, quiet_option
from nnbp_cli.system import json_text

if TYPE_CHECKING:
    from nnbp_cli.evaluation.predictions import Predictions
    from nnbp_cli.evaluation.saved import EvaluationResult
    from nnbp_cli.evaluation.score import Score


@click.command(name="eval")
@click.argument("weights", type=click.Path(path_type=Path))
@data_option("Another data set than the one trained on, or where that is now.")
@data_dir_option
@click.option(
    "--split",
    type=click.Choice(["test", "validation", "train"]),
    default="test",
    show_default=True,
    help="Which images to score.",
)
@click.option(
    "--mistakes",
    "most",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Show the N worst mistakes, the surest first.",
)
@json_option
@quiet_option
def command(
    weights: Path,
    data_name: str | None,
    data_dir: Path,
    split: str,
    most: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score saved weights.

    WEIGHTS is a weights file or a run directory. Shown are the accuracy, the cost, and for each class the
    precision and the recall, with the confusion matrix; with --mistakes also the digits that it was surest of
    and wrong about, drawn as text.

    \b
    nnbp eval weights.npz
    nnbp eval weights.npz --mistakes 6
    nnbp eval runs/mnist-20260131-120000 --split validation --json
    """
    from nnbp_cli.evaluation import saved
    from nnbp_cli.terminal.output import log, print_result

    predictions = None
    if most:
        scored, predictions = saved.predict_saved(weights, data_name, data_dir, split)
    else:
        scored = saved.evaluate_saved(weights, data_name, data_dir, split)
    if scored.note and not quiet:
        log(scored.note)
    if as_json:
        worst = {"mistakes": list(_plain_mistakes(predictions, most))} if predictions and most else {}
        print_result(json_text.dumps(_as_json(weights, scored) | worst))
    else:
        print_result(f"{scored.network} on {scored.score.images:,} {scored.split} images of {scored.data}")
        for line in _answer(scored.score):
            print_result(line)
        if predictions and most:
            for line in _mistakes(predictions, most):
                print_result(line)


def _as_json(weights: Path, scored: EvaluationResult) -> dict[str, Any]:
    score = scored.score
    return {
        "weights": str(weights),
        "data": scored.data,
        "split": scored.split,
        "images": score.images,
        "accuracy": score.accuracy,
        "cost": score.cost,
        "precision": score.precision,
        "recall": score.recall,
        "confusion": score.confusion.tolist(),
    }


def _plain_mistakes(predictions: Predictions, most: int) -> Iterator[dict[str, Any]]:
    for image in predictions.worst_mistakes(most):
        yield {
            "image": int(image),
            "true": int(predictions.split.labels[image]),
            "predicted": int(predictions.predicted[image]),
            "confidence": float(predictions.confidence[image]),
            "outputs": predictions.outputs[image].tolist(),
        }


def _answer(score: Score) -> Iterator[str]:
    """The headline, and the confusion matrix with each class's recall at its row, precision at its column."""
    yield f"accuracy {score.accuracy:.2%}, cost {score.cost:.4f}"
    yield ""
    yield "confusion matrix: a row is the true class, a column what the network said"
    classes = range(len(score.confusion))
    width = max(7, len(str(score.confusion.max())) + 1)
    yield " " * 9 + "".join(f"{k:{width}}" for k in classes) + "    recall"
    for k, (row, recall) in enumerate(zip(score.confusion, score.recall)):
        yield f"{k:9}" + "".join(f"{count or '.':>{width}}" for count in row) + f"{_percent(recall):>10}"
    yield "precision" + "".join(f"{_percent(precision):>{width}}" for precision in score.precision)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _mistakes(predictions: Predictions, most: int) -> Iterator[str]:
    """The worst mistakes as text: what was said, how surely, what is right, and the number of the image."""
    from nnbp_cli.evaluation.predictions import format_confidence
    from nnbp_cli.terminal import pictures
    from nnbp_cli.terminal.encoding import shows

    worst = predictions.worst_mistakes(most)
    yield ""
    if not len(worst):
        yield "no mistakes"
        return
    yield f"of {(~predictions.correct).sum():,} mistakes those that it was surest of"
    yield ""
    images = pictures.cropped(predictions.split.images[worst].reshape(-1, *predictions.shape))
    blocks = shows(sys.stdout, pictures.BLOCKS)
    predicted, labels = predictions.predicted, predictions.split.labels

    def how_sure(image: int) -> str:
        return format_confidence(predictions.confidence[image], predictions.is_probability)

    yield from pictures.side_by_side(
        [
            [
                f"said {predicted[k]}, {how_sure(k)} sure",
                f"is {labels[k]}, image {k}",
                *pictures.drawn(image, blocks=blocks),
            ]
            for k, image in zip(worst, images)
        ]
    )
