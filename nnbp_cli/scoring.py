"""Saved weights held against a data set, their own or another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nnbp_cli import weights
from nnbp_cli.answers import Answers, answers
from nnbp_cli.config import DataConfig, load_data
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.evaluation import Score, evaluate
from nnbp_cli.weights import Weights


@dataclass(frozen=True)
class Scored:
    """The score of saved weights on a split of a data set; `note` says what the reader should know of it."""

    network: str
    data: str
    split: str
    score: Score
    note: str


def score(path: Path, data_name: str | None, data_dir: Path, split: str) -> Scored:
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


def answered(path: Path, data_name: str | None, data_dir: Path, split: str) -> tuple[Scored, Answers]:
    """What `score` gives, and what the network says to each image."""
    asked = _asked(path, data_name, data_dir, split)
    said = answers(asked.learned, asked.images, where=str(path), seen=f"on the {split} images")
    return asked.scored(said.score), said


@dataclass(frozen=True)
class _Asked:
    """Weights, and the images that they are asked about."""

    learned: Weights
    images: Split
    data: str
    split: str
    note: str

    def scored(self, score: Score) -> Scored:
        return Scored(self.learned.sizes, self.data, self.split, score, self.note)


def _asked(path: Path, data_name: str | None, data_dir: Path, split: str) -> _Asked:
    learned = weights.load(path)
    other = data_name not in (None, learned.data.name)
    config = DataConfig(name=str(data_name)) if other else learned.data
    try:
        remedy = "name fitting data with --data"
        data = fitting_data(path, learned, config, data_dir, remedy=remedy)
    except ConfigError as error:
        raise ConfigError(f"--data: {str(error).removeprefix('data.name: ')}") from error
    chosen = {"test": data.test, "validation": data.validation, "train": data.training}[split]
    if not len(chosen.labels):
        raise NnbpError(f"{config.name}: no {split} images; choose another --split")
    note = "" if other else changed(data, learned)
    return _Asked(learned, chosen, config.name, split, note)


def fitting_data(path: Path, learned: Weights, config: DataConfig, data_dir: Path, *, remedy: str) -> Dataset:
    """The data set of `config`, on which the weights at `path` can be scored. Raises what `load_data` raises,
    and NnbpError when the two do not fit each other.
    """
    data = load_data(config, data_dir)
    classes = learned.config.layers[-1].neurons
    if (data.shape, data.classes) != (learned.shape, classes):
        due, found = (
            f"{n} classes of {s[0]}x{s[1]}" for n, s in ((classes, learned.shape), (data.classes, data.shape))
        )
        raise NnbpError(f"{path}: was trained for {due}, '{config.name}' has {found}; {remedy}")
    return data


def changed(data: Dataset, learned: Weights) -> str:
    """A note where the data set is not what the weights were learned from, as far as that is known."""
    if learned.digest in ("", data.digest):
        return ""
    return f"note: {data.name} is not what it was when these weights were trained"
