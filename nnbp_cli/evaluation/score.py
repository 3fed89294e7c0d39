"""Accuracy, cost and confusion matrix of a network on a set of images."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar, overload

import numpy as np

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.divergence import diverged
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled

T = TypeVar("T")


@dataclass(frozen=True)
class Score:
    """The mean cost, penalty included, and the confusion matrix: counts of true (rows) x predicted."""

    cost: float
    confusion: Array

    @property
    def images(self) -> int:
        """How many images were scored."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of images that were recognized, 0 to 1."""
        return int(self.confusion.trace()) / self.images

    @property
    def precision(self) -> list[float | None]:
        """Of the images taken for each class, the share that was of that class; None where there are none."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=0))

    @property
    def recall(self) -> list[float | None]:
        """Of the images of each class, the share that was recognized; None where there are none."""
        return _shares(self.confusion.diagonal(), self.confusion.sum(axis=1))

    @property
    def mistakes(self) -> Array:
        """The confusion matrix without what is right."""
        mistakes: Array = self.confusion - np.diag(self.confusion.diagonal())
        return mistakes

    @property
    def heat(self) -> Array:
        """How common each mistake is beside the most common one, (classes, classes), from 0 to 1: the root,
        so that rare ones are seen too; 0 where there is none and where the answer is right.
        """
        mistakes = self.mistakes
        heat: Array = np.sqrt(mistakes / max(1, int(mistakes.max())))
        return heat


@overload
def complete(steps: Generator[None, None, T]) -> T: ...


@overload
def complete(steps: Generator[None, None, T], stop: Callable[[], object]) -> T | None: ...


def complete(steps: Generator[None, None, T], stop: Callable[[], object] = bool) -> T | None:
    """What a generator returns at its end; None where `stop` is true before one of its steps."""
    while not stop():
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
    return None


def evaluate(
    network: Network,
    params: Parameters,
    split: Split,
    penalty: Penalty,
    outputs: Array | None = None,
    *,
    where: str = "evaluation",
    seen: str = "on these images",
    communicator: Communicator = ALONE,
) -> Generator[None, None, Score]:
    """The score of the network on a whole split; `outputs`, (images, classes), gets what it says to each. The
    processes of a `communicator` take their shares of each block.

    In blocks of well under half a second, yielding after each, so that a run can stop there. Raises Diverged,
    in the words of `where` and `seen`, when a cost or an output is not finite.
    """
    classes = network.outputs
    confusion = np.zeros((classes, classes), dtype=np.int64)
    one_hot = np.eye(classes, dtype=params.theta.dtype)
    total = 0.0
    block, images = network.images_at_once * communicator.size, len(split.labels)
    for start in range(0, images, block):
        own = communicator.share(start, min(start + block, images))
        labels = split.labels[own]
        x = scaled(split.images[own], params.theta.dtype)
        z, a, _ = network.feedforward(params, x)[-1]
        if communicator.any(not np.isfinite(a).all()):
            raise diverged(where, params, seen, "the outputs are")
        total += float(network.cost.values(z, a, one_hot[labels]).sum(dtype=np.float64))
        confusion += confusion_matrix(labels, a)
        if outputs is not None:
            outputs[own] = a
        yield
    communicator.allreduce(confusion)
    cost = communicator.sum(total) / images + penalty.cost(params)
    if not isfinite(cost):
        raise diverged(where, params, seen)
    return Score(cost, confusion)


def confusion_matrix(labels: Array, outputs: Array) -> Array:
    """Counts of true (rows) x predicted, (classes, classes), of labels, (m,), and outputs, (m, classes)."""
    confusion = np.zeros((outputs.shape[1],) * 2, np.int64)
    np.add.at(confusion, (labels, outputs.argmax(axis=1)), 1)
    return confusion


def _shares(counts: Array, totals: Array) -> list[float | None]:
    return [count / total if total else None for count, total in zip(counts.tolist(), totals.tolist())]
