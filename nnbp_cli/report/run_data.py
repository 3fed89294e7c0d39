"""What a report is made of: a run directory, read whole, and the test images where they are at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nnbp_cli.config import Config
from nnbp_cli.errors import MissingData
from nnbp_cli.evaluation.predictions import Predictions, predictions
from nnbp_cli.evaluation.saved import changed, fitting_data
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.runs import listing as runs
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import existing
from nnbp_cli.runs.listing import Run, each_readable
from nnbp_cli.runs.log import read_log
from nnbp_cli.runs.summary import Summary


@dataclass(frozen=True)
class RunData:
    """A run as a report tells it: under this name, with what `nnbp runs` knows of it, its log and its config.

    `summary` and `learned` are None where the run has not ended, `answers` where there are no weights or no
    test images. `notes` say what is missing and what to do, a line each.
    """

    name: str
    path: Path
    run: Run
    log: Mapping[str, list[float]]
    config: Config
    summary: Summary | None
    learned: Weights | None
    predictions: Predictions | None
    notes: tuple[str, ...]


def read(
    paths: tuple[Path, ...], data_name: str | None, data_dir: Path, note: Callable[[str], object]
) -> list[RunData]:
    """The material of each run, named by its directory, or by its path where two are called the same. The
    test images are those that a run was trained with, or those of `data_name`.

    Raises NnbpError, and tells `note` what is left out, as `each_readable` does. That a run has not ended, or
    that its test images are not at hand, is no error: notes say so.
    """
    places = {path.resolve() if path.is_dir() else path: path for path in paths}
    names = [place.name for place in places]
    named = [
        (name if names.count(name) == 1 else str(path), path) for name, path in zip(names, places.values())
    ]
    return each_readable(named, lambda name, path: _read(name, path, data_name, data_dir), note)


def _read(name: str, path: Path, data_name: str | None, data_dir: Path) -> RunData:
    directory = existing(path)
    log = read_log(path)
    decided = directory.read_config()
    told = runs.read(path)
    ended = summary.read(path) if directory.summary_file.exists() else None
    learned, predicted = None, None
    notes: list[str] = []
    if ended and ended.diverged:
        notes.append(f"{path}: diverged: {ended.diverged}")
    if directory.weights.exists():
        learned = weights.load(path)
        predicted, more = _predictions(path, learned, data_name, data_dir)
        notes += more
    elif not notes:
        notes.append(f"{path}: no weights yet, only curves; 'nnbp train --resume {path}' goes on with it")
    return RunData(name, path, told, log, decided, ended, learned, predicted, tuple(notes))


def _predictions(
    path: Path, learned: Weights, data_name: str | None, data_dir: Path
) -> tuple[Predictions | None, list[str]]:
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
    found = predictions(learned, data.test, where=str(path), seen="on the test images")
    return found, list(filter(None, notes))
