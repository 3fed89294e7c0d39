"""What a report shows: a run directory, read whole, and what its network says to the test images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nnbp_cli.config import Config
from nnbp_cli.errors import MissingData
from nnbp_cli.evaluation.predictions import Predictions, predictions
from nnbp_cli.evaluation.saved import doubts, fitting_data
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.runs import listing, summary
from nnbp_cli.runs.directory import existing
from nnbp_cli.runs.listing import Run, each_readable
from nnbp_cli.runs.log import read_log
from nnbp_cli.runs.summary import Summary
from nnbp_cli.system.reporter import Note


@dataclass(frozen=True)
class RunData:
    """A run under the name that a report gives it; `listed` is what `nnbp runs` knows of it.

    `summary` and `learned` are None where the run has not ended, `predictions` where there are no weights or
    no test images. `notes` say what is missing and what to do, a line each.
    """

    name: str
    path: Path
    listed: Run
    log: Mapping[str, list[float]]
    config: Config
    summary: Summary | None
    learned: Weights | None
    predictions: Predictions | None
    notes: tuple[str, ...]


def read(paths: tuple[Path, ...], data_name: str | None, data_dir: Path, note: Note) -> list[RunData]:
    """Each run, named by its directory, or by its path where two are called the same, with the test images
    that it was trained with, or those of `data_name`.

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
    log, config, listed = read_log(path), directory.read_config(), listing.read(path)
    ended = summary.read(path) if directory.summary_file.exists() else None
    learned = weights.load(path) if directory.weights_file.exists() else None
    predicted, notes = _predictions(path, learned, data_name, data_dir) if learned else (None, [])
    if ended and ended.diverged:
        notes.insert(0, f"{path}: diverged: {ended.diverged}")
    elif not learned:
        notes = [f"{path}: no weights yet, only curves; 'nnbp train --resume {path}' goes on with it"]
    return RunData(name, path, listed, log, config, ended, learned, predicted, tuple(notes))


def _predictions(
    path: Path, learned: Weights, data_name: str | None, data_dir: Path
) -> tuple[Predictions | None, list[str]]:
    """What the network says to the test images, where they are at hand, and what there is to note of them."""
    try:
        data = fitting_data(path, learned, data_name, data_dir)
    except MissingData as error:
        return None, [f"without test images no confusion matrix, mistakes and calibration: {error}"]
    notes = doubts(data, learned)
    if data.name != learned.data.name and data.digest != learned.digest:
        known = f"those of {data.name}, it knows {learned.data.name}"
        notes.append(f"note: the test images of {path} are {known}")
    named = learned.named(data.class_names)
    predicted = predictions(named, data.test, where=str(path), seen="on the test images")
    return predicted, notes
