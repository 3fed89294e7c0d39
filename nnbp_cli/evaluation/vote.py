"""The vote of several networks on images that each of them has answered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnbp_cli.errors import NnbpError
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.score import Score, confusion_matrix
from nnbp_cli.models.ensemble import Ensemble, average
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.costs import Cost

SIGMOID_STEP = 2.0**-25  # no float32 sigmoid is nearer to 0 or 1 than this without being 0 or 1


def vote(ensemble: Ensemble, answers: Sequence[Predictions]) -> Predictions:
    """The predictions of an ensemble, from those of each of its members.

    The cost is that of the mean outputs, without a penalty. Raises NnbpError where the members were asked
    about different images.
    """
    first = answers[0]
    if len(answers) == 1:
        return first
    for (path, _), each in zip(ensemble.members, answers):
        ours, theirs = ((split.images, split.labels) for split in (first.split, each.split))
        if not all(map(np.array_equal, ours, theirs)):
            both = f"{ensemble.members[0].path}, {path}"
            raise NnbpError(f"{both}: have different images to be scored on; score each by itself")
    labels = first.split.labels
    outputs = average([each.outputs for each in answers])
    costs = costs_of_outputs(ensemble.cost, outputs, np.eye(outputs.shape[1])[labels])
    score = Score(float(costs.mean()), confusion_matrix(labels, outputs))
    return replace(first, outputs=outputs, score=score)


def costs_of_outputs(cost: Cost, outputs: Array, y: Array) -> Array:
    """The cost of every example, (m,), from outputs that have no z, as a mean has none, and targets y; both
    are (m, outputs). In float64, and finite: a sigmoid of 0 or 1 counts as SIGMOID_STEP away from it.
    """
    a = outputs.astype(np.float64)
    match cost.partner.name:  # the z at which it gives a
        case "softmax":
            z = np.log(a)
        case "sigmoid":
            a = np.clip(a, SIGMOID_STEP, 1 - SIGMOID_STEP)
            z = np.log(a) - np.log1p(-a)
        case _:
            z = a
    return cost.values(z, a, y)
