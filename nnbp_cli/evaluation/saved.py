"""Saved weights held against a data set, their own or another; several of them vote."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from nnbp_cli.config import DataConfig, load_data, load_recorded, moved
from nnbp_cli.datasets import remarks
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.sources import absolute, check_there
from nnbp_cli.errors import ConfigError, MissingData, NnbpError
from nnbp_cli.evaluation.predictions import Predictions, predictions
from nnbp_cli.evaluation.score import Score
from nnbp_cli.evaluation.vote import vote
from nnbp_cli.models import ensemble
from nnbp_cli.models.weights import Weights
from nnbp_cli.wording import called


class MemberScore(NamedTuple):
    """How good one network of several is by itself."""

    path: Path
    network: str
    score: Score

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        path, network, score = self
        return {"weights": path, "network": network, "accuracy": score.accuracy, "cost": score.cost}


@dataclass(frozen=True)
class EvaluationResult:
    """What saved weights say to a split of a data set; `notes` are what the reader should know of it. Of a
    vote, `members` are the scores of each.
    """

    network: str
    data: str
    split: str
    predictions: Predictions
    notes: Sequence[str] = ()
    members: Sequence[MemberScore] = ()

    def plain(self) -> dict[str, Any]:
        """The score as values that JSON can hold."""
        score = self.predictions.score
        members = {"members": [each.plain() for each in self.members]} if self.members else {}
        return members | {
            "data": self.data,
            "split": self.split,
            "images": score.images,
            "classes": self.predictions.classes,
            "accuracy": score.accuracy,
            "cost": score.cost,
            "precision": score.precision,
            "recall": score.recall,
            "confusion": score.confusion,
        }


def evaluate_saved(
    paths: Sequence[Path], data_name: str | None, data_dir: Path, split: str
) -> EvaluationResult:
    """Evaluate the weights at `paths`, or where they are several their vote, on "test", "validation" or
    "train" of their own data set or of another.

    Raises NnbpError where weights or data are not sound, or do not fit each other, and Diverged.
    """
    voters = ensemble.load(paths)
    loaded: dict[tuple[DataConfig, str], Dataset] = {}
    notes, answers = [voters.note], []
    for path, learned in voters.members:
        which = learned.data, learned.digest
        data = loaded[which] = loaded.get(which) or fitting_data(path, learned, data_name, data_dir)
        images = {"test": data.test, "validation": data.validation, "train": data.training}[split]
        if not len(images.labels):
            raise NnbpError(f"{data.name}: no {split} images; choose another --split")
        notes += doubts(data, learned)
        named = learned.named(data.class_names)
        answers.append(predictions(named, images, where=str(path), seen=f"on the {split} images"))
    members = [
        MemberScore(path, learned.network.title, each.score)
        for (path, learned), each in zip(voters.members, answers)
    ]
    return EvaluationResult(
        voters.title,
        data.name,
        split,
        vote(voters, answers),
        tuple(dict.fromkeys(filter(None, notes))),
        members if len(members) > 1 else (),
    )


def fitting_data(path: Path, learned: Weights, data_name: str | None, data_dir: Path) -> Dataset:
    """The data set that the weights at `path` were trained on, or the one that --data names instead.

    That may be the same one in another place: then it is shared out as it was. Raises what `load_data`
    raises, MissingData where what it was trained on has gone, NnbpError when images and network do not fit.
    """
    name = absolute(data_name or learned.data.name)
    if name == absolute(learned.data.name):
        data = _own_data(path, learned, data_dir)
    else:
        data = load_data(DataConfig(name=name), data_dir, where="--data")
        if data.digest == learned.digest:
            data = load_data(moved(learned.data, name), data_dir, where="--data")
    classes = learned.network.outputs
    if (data.shape, data.classes) != (learned.shape, classes):
        known, given = (
            f"{n} classes of {s[0]}x{s[1]}" for n, s in ((classes, learned.shape), (data.classes, data.shape))
        )
        raise NnbpError(
            f"{path}: was trained for {known}, '{data.name}' has {given}; name fitting data with --data"
        )
    return data


def _own_data(path: Path, learned: Weights, data_dir: Path) -> Dataset:
    """By the name that it had, or by another that is recorded, if it is the same there."""

    def load(named: DataConfig) -> Dataset:
        check_there(named.name, path)
        wrong = f"{path}: '{named.name}' is not what it was"
        remedy = "name what it was trained on with --data"
        try:
            data = load_data(named, data_dir, where=str(path))
        except ConfigError as error:
            raise MissingData(f"{wrong}, and cannot be shared out in the same way; {remedy}") from error
        if named != learned.data and data.digest != learned.digest:
            raise MissingData(f"{wrong}; {remedy}")
        return data

    return load_recorded(learned.data, load)[1]


def doubts(data: Dataset, learned: Weights) -> list[str]:
    """What to note of a data set that may not be what the weights were trained for."""
    polarity = remarks.polarity(data) if data.digest != learned.digest else ""
    return list(
        filter(None, (changed(data, learned), other_names(data, learned), polarity and f"note: {polarity}"))
    )


def other_names(data: Dataset, learned: Weights) -> str:
    """A note where the classes of a data set are not called as those that the weights learned. Of the same
    images one of them may have no names.
    """
    if data.digest == learned.digest and not (data.class_names and learned.class_names):
        return ""
    for ours, theirs in zip(learned.classes, called(data.class_names, data.classes)):
        if ours != theirs:
            named = f"a class of {data.name} is called '{theirs}' where these weights know '{ours}'"
            return f"note: {named}; classes go by their order, whatever their names"
    return ""


def changed(data: Dataset, learned: Weights) -> str:
    """A note where the data set of this name is not what the weights were learned from, if that is known."""
    if learned.digest in ("", data.digest) or data.name != learned.data.name:
        return ""
    return f"note: {data.name} is not what it was when these weights were trained"
