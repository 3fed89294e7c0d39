"""Saved weights held against a data set, their own or another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nnbp_cli.config import DataConfig, load_data, moved
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.datasets.sources import absolute, check_there
from nnbp_cli.errors import ConfigError, MissingData, NnbpError
from nnbp_cli.evaluation.predictions import Predictions, predictions
from nnbp_cli.evaluation.score import Score, evaluate
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights


@dataclass(frozen=True)
class EvaluationResult:
    """The score of saved weights on a split of a data set; `note` says what the reader should know of it."""

    network: str
    data: str
    split: str
    score: Score
    note: str


def evaluate_saved(path: Path, data_name: str | None, data_dir: Path, split: str) -> EvaluationResult:
    """Score the weights at `path` on "test", "validation" or "train" of their own data set or of another.

    Raises NnbpError where weights or data are not sound, or do not fit each other, and Diverged.
    """
    asked = _asked(path, data_name, data_dir, split)
    learned = asked.learned
    with threadpool_limits(1, user_api="blas"), np.errstate(all="ignore"):
        return asked.scored(
            evaluate(
                learned.network,
                learned.params,
                asked.images,
                learned.penalty,
                where=str(path),
                seen=f"on the {split} images",
            )
        )


def predict_saved(
    path: Path, data_name: str | None, data_dir: Path, split: str
) -> tuple[EvaluationResult, Predictions]:
    """What `score` gives, and what the network says to each image."""
    asked = _asked(path, data_name, data_dir, split)
    predicted = predictions(asked.learned, asked.images, where=str(path), seen=f"on the {split} images")
    return asked.scored(predicted.score), predicted


@dataclass(frozen=True)
class _Asked:
    """Weights, and the images that they are asked about."""

    learned: Weights
    images: Split
    data: str
    split: str
    note: str

    def scored(self, score: Score) -> EvaluationResult:
        return EvaluationResult(self.learned.network.title, self.data, self.split, score, self.note)


def _asked(path: Path, data_name: str | None, data_dir: Path, split: str) -> _Asked:
    learned = weights.load(path)
    data = fitting_data(path, learned, data_name, data_dir)
    chosen = {"test": data.test, "validation": data.validation, "train": data.training}[split]
    if not len(chosen.labels):
        raise NnbpError(f"{data.name}: no {split} images; choose another --split")
    return _Asked(learned, chosen, data.name, split, changed(data, learned))


def fitting_data(path: Path, learned: Weights, data_name: str | None, data_dir: Path) -> Dataset:
    """The data set that the weights at `path` were trained on, or the one that --data names instead.

    That may be the same one in another place: then it is shared out as it was. Raises what `load_data`
    raises, MissingData where what it was trained on has gone, NnbpError when images and network do not fit.
    """
    name = absolute(data_name or learned.data.name)
    if name == absolute(learned.data.name):
        data = _own_data(path, learned.data, data_dir)
    else:
        data = load_data(DataConfig(name=name), data_dir, where="--data")
        if data.digest == learned.digest:
            data = load_data(moved(learned.data, name), data_dir, where="--data")
    classes = learned.network.outputs
    if (data.shape, data.classes) != (learned.shape, classes):
        due, found = (
            f"{n} classes of {s[0]}x{s[1]}" for n, s in ((classes, learned.shape), (data.classes, data.shape))
        )
        raise NnbpError(
            f"{path}: was trained for {due}, '{data.name}' has {found}; name fitting data with --data"
        )
    return data


def _own_data(path: Path, config: DataConfig, data_dir: Path) -> Dataset:
    check_there(config.name, path)
    try:
        return load_data(config, data_dir, where=str(path))
    except ConfigError as error:
        less = f"'{config.name}' is not what it was, and cannot be shared out in the same way"
        raise MissingData(f"{path}: {less}; name what it was trained on with --data") from error


def changed(data: Dataset, learned: Weights) -> str:
    """A note where the data set of this name is not what the weights were learned from, if that is known."""
    if learned.digest in ("", data.digest) or data.name != learned.data.name:
        return ""
    return f"note: {data.name} is not what it was when these weights were trained"
