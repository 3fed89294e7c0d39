"""What is measured after an epoch: only what `watch` names, so that watching nothing costs nothing."""

from collections.abc import Generator
from typing import Annotated

import numpy as np
from pydantic import Field, Strict

from nnbp_cli.config import TrainingConfig
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.engines import Communicator
from nnbp_cli.evaluation.score import evaluate
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled

SPEED = "layer speed"
SPEED_IMAGES = 1000  # as in the book's chapter 5

SCORE = r"^((training|validation|test) (cost|accuracy)|layer speed [1-9]\d{0,3})$"
ScoreName = Annotated[str, Strict(), Field(pattern=SCORE)]


def column_names(training: TrainingConfig, network: Network) -> list[str]:
    """The names of what `evaluate_watched` measures: of a speed for each layer that learns, from 1."""
    layers = sum(bool(layer.shapes) for layer in network.layers)
    return [
        name
        for watched in training.watch
        for name in ([f"{SPEED} {k}" for k in range(1, layers + 1)] if watched == SPEED else [watched])
    ]


def watches_test(training: TrainingConfig) -> bool:
    """Whether the test set is looked at while the network learns."""
    return any(name.startswith("test") for name in training.watch)


def evaluate_watched(
    network: Network,
    dataset: Dataset,
    training: TrainingConfig,
    params: Parameters,
    penalty: Penalty,
    targets: Array,
    communicator: Communicator,
    when: str,
) -> Generator[None, None, dict[str, float]]:
    """The scores that `watch` names. Yields after each block, so that a run can stop there.

    Raises Diverged, which says `when`, where a cost or an output is not finite.
    """
    scores: dict[str, float] = {}
    for name in ("training", "validation", "test"):
        if any(watched.startswith(name) for watched in training.watch):
            split, seen = getattr(dataset, name), f"on the {name} images {when}"
            score = yield from evaluate(
                network, params, split, penalty, where="training", seen=seen, communicator=communicator
            )
            scores |= {f"{name} cost": score.cost, f"{name} accuracy": score.accuracy}
    if SPEED in training.watch:
        speeds = yield from gradient_norms(network, params, dataset.training, targets)
        scores |= {f"{SPEED} {k}": speed for k, speed in enumerate(speeds, start=1)}
    names = column_names(training, network)
    values = np.array([scores[name] for name in names])
    communicator.broadcast(values)  # other machines may round otherwise, and all must go on, or end
    return dict(zip(names, values.tolist()))


def gradient_norms(
    network: Network, params: Parameters, split: Split, targets: Array
) -> Generator[None, None, list[float]]:
    """The norm of each layer's dC/db, averaged over the first 1,000 images of the split: how fast it learns,
    the book's chapter 5. Nothing is left out by dropout, and no penalty is part of it.
    """
    dtype, images = params.theta.dtype, min(SPEED_IMAGES, len(split.labels))
    gradient = network.parameters(dtype)
    deltas = [np.zeros_like(window) for _, name, window in gradient.named_parameters() if name == "b"]
    block = network.images_at_once
    for start in range(0, images, block):
        labels = split.labels[start : min(start + block, images)]
        x = scaled(split.images[start : start + len(labels)], dtype)
        network.backprop(params, x, targets[labels], out=gradient)
        db = (window for _, name, window in gradient.named_parameters() if name == "b")
        for delta, mean in zip(deltas, db, strict=True):
            delta += mean * (len(labels) / images)
        yield
    return [float(np.linalg.norm(delta)) for delta in deltas]
