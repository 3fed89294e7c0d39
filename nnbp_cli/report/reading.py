"""What a report is made of: a run directory, read whole, and the test images where they are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnbp_cli import config, runs, weights
from nnbp_cli.answers import Answers, answers
from nnbp_cli.config import Config
from nnbp_cli.errors import MissingData, NnbpError
from nnbp_cli.run_directory import existing, read_log, read_summary
from nnbp_cli.runs import Run
from nnbp_cli.scoring import changed, fitting_data
from nnbp_cli.weights import Weights


@dataclass(frozen=True)
class Ending:
    """What the summary of a run that has ended says beyond what `nnbp runs` tells."""

    why: str
    epochs_at_most: int
    test_cost: float | None
    test_set_watched: bool
    times_tested: int
    digest: str
    versions: Mapping[str, str]
    training_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Material:
    """A run as a report tells it: under this name, with what `nnbp runs` knows of it, its log and its config.

    `ending` and `learned` are None where the run has not ended, `answers` where there are no weights or no
    test images. `notes` say what is missing and what to do, a line each.
    """

    name: str
    path: Path
    run: Run
    log: Mapping[str, list[float]]
    config: Config
    ending: Ending | None
    learned: Weights | None
    answers: Answers | None
    notes: tuple[str, ...]


def read(paths: tuple[Path, ...], data_name: str | None, data_dir: Path) -> list[Material]:
    """The material of each run, named by its directory, or by its path where two are called the same.
    Its test images are those that it was trained with, or those of `data_name`.

    Raises NnbpError for what is no run, or damaged. That a run has not ended, or that its test images are
    not at hand, is no error: notes say so.
    """
    distinct = list({existing(path).path.resolve(): path for path in paths}.values())
    names = [path.resolve().name for path in distinct]
    return [
        _read(name if names.count(name) == 1 else str(path), path, data_name, data_dir)
        for name, path in zip(names, distinct)
    ]


def _read(name: str, path: Path, data_name: str | None, data_dir: Path) -> Material:
    directory = existing(path)
    log = read_log(path)
    decided = config.load(directory.config)
    ending = _ending(path) if (path / "summary.json").exists() else None
    learned, answered = None, None
    notes: list[str] = []
    if directory.weights.exists():
        learned = weights.load(path)
        answered, notes = _answered(path, learned, data_name, data_dir)
    else:
        notes.append(f"{path}: no weights yet, only curves; 'nnbp train --resume {path}' goes on with it")
    return Material(name, path, runs.read(path), log, decided, ending, learned, answered, tuple(notes))


def _answered(
    path: Path, learned: Weights, data_name: str | None, data_dir: Path
) -> tuple[Answers | None, list[str]]:
    """The answers to the test images, where they are at hand, and what there is to note of them."""
    try:
        data = fitting_data(path, learned, data_name, data_dir)
    except MissingData as error:
        return None, [f"without test images no confusion matrix, mistakes and calibration: {error}"]
    notes = [changed(data, learned)]
    if data.name != learned.data.name and data.digest != learned.digest:
        notes.append(
            f"note: the test images of {path} are those of {data.name}, it knows {learned.data.name}"
        )
    answered = answers(learned, data.test, where=str(path), seen="on the test images")
    return answered, list(filter(None, notes))


def _ending(path: Path) -> Ending:
    summary: dict[str, Any] = read_summary(path)
    try:
        test = summary["test"]
        return Ending(
            why=f"stopped by {summary['stopped_by']}" if summary["stopped_by"] else str(summary["ended"]),
            epochs_at_most=int(summary["epochs_at_most"]),
            test_cost=float(test["cost"]) if test else None,
            test_set_watched=bool(summary["test_set_watched"]),
            times_tested=int(summary["times_tested"]),
            digest=str(summary["data"]["digest"]),
            versions={str(name): str(version) for name, version in summary["versions"].items()},
            training_seconds=float(summary["seconds"]["training"]),
            cpu_seconds=float(summary["seconds"]["total_cpu"]),
        )
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        file = path / "summary.json"
        raise NnbpError(f"{file}: damaged: not the summary that nnbp writes; run it again") from error
