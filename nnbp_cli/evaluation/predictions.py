"""Predictions for each image of a split, their confidence, and which are wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.evaluation.calibration import Calibration, calibration
from nnbp_cli.evaluation.score import Score, complete, evaluate
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.wording import called

MAX_DIGITS_SHOWN = 40  # digits that a figure shows: of the worst mistakes, of a cell of the confusion matrix
PROBABILITY_ACTIVATIONS = ("sigmoid", "softmax")  # of an output layer, whose values are from 0 to 1


@dataclass(frozen=True)
class Predictions:
    """The `outputs` of a network for the images of a split, (images, classes); `shape` is (rows, columns) of
    an image, `is_probability` says whether outputs are from 0 to 1, `class_names` is empty where classes have
    none but their numbers.
    """

    split: Split
    shape: tuple[int, int]
    score: Score
    outputs: Array
    is_probability: bool
    class_names: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """What each class is called."""
        return called(self.class_names, self.outputs.shape[1])

    @property
    def predicted(self) -> Array:
        """The class that each image was taken for, (images,)."""
        predicted: Array = self.outputs.argmax(axis=1)
        return predicted

    @property
    def confidence(self) -> Array:
        """The output that was the largest, for each image, (images,)."""
        largest: Array = self.outputs.max(axis=1)
        return largest

    @property
    def correct(self) -> Array:
        """Whether each image was recognized, (images,)."""
        same: Array = self.predicted == self.split.labels
        return same

    @property
    def calibration(self) -> Calibration | None:
        """How often answers are right by how sure they are, where outputs are probabilities."""
        return calibration(self.confidence, self.correct) if self.is_probability else None

    def worst_mistakes(self, limit: int) -> Array:
        """The mistakes, the surest first, `limit` of them at most: numbers of images."""
        wrong = np.flatnonzero(~self.correct)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")][:limit]

    def plain_mistakes(self, limit: int) -> list[dict[str, Any]]:
        """The worst mistakes as values that JSON can hold."""
        return [
            {
                "image": image,
                "true": self.split.labels[image],
                "predicted": self.predicted[image],
                "classes": [self.classes[k] for k in (self.split.labels[image], self.predicted[image])],
                "confidence": self.confidence[image],
                "outputs": self.outputs[image],
            }
            for image in self.worst_mistakes(limit)
        ]

    def cells(self, limit: int) -> Iterator[tuple[int, int, Array]]:
        """The cells of the confusion matrix that are not empty: true class, what was said, and the numbers
        of their images, `limit` at most: of wrong answers the surest, of right ones the least sure.
        """
        predicted, confidence = self.predicted, self.confidence
        for true, said in np.argwhere(self.score.confusion):
            images = np.flatnonzero((self.split.labels == true) & (predicted == said))
            order = np.argsort(confidence[images] if true == said else -confidence[images], kind="stable")
            yield int(true), int(said), images[order][:limit]


def predictions(
    learned: Weights, split: Split, *, where: str = "evaluation", seen: str = "on these images"
) -> Predictions:
    """What the network of `learned` says to every image of a split. Raises Diverged as `evaluate` does."""
    params = learned.params
    outputs = np.empty((len(split.labels), learned.network.outputs), params.theta.dtype)
    with threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        steps = evaluate(learned.network, params, split, learned.penalty, outputs, where=where, seen=seen)
        score = complete(steps)
    is_probability = outputs_are_probabilities(learned)
    return Predictions(split, learned.shape, score, outputs, is_probability, learned.class_names)


def outputs_are_probabilities(learned: Weights) -> bool:
    """Whether the outputs of a network are from 0 to 1, and may be read as probabilities."""
    output_layer = learned.config.layers[-1]
    return output_layer.activation in PROBABILITY_ACTIVATIONS and not output_layer.override


def format_confidence(confidence: float, is_probability: bool) -> str:
    """An output in words: in percent where it is a share, never more than is known; else as it is."""
    if not is_probability:
        return f"{confidence:.2f}"
    return f"{min(confidence, 0.9999):.2%}" if confidence > 0.9995 else f"{confidence:.1%}"
