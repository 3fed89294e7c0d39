"""The runs in a folder: what each directory says of itself."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from nnbp_cli.errors import NnbpError, cannot_read, reason
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.log import read_log
from nnbp_cli.runs.summary import Summary
from nnbp_cli.system.reporter import Note
from nnbp_cli.system.schema import YEARS

T = TypeVar("T")


@dataclass(frozen=True)
class Run:
    """A run: when it began, how many epochs it has, the accuracies (0 to 1) of the weights that it kept, and
    the seconds it took. `state` is "complete", "diverged", "stopped by SIGINT", "stopped by pruning" or
    "unfinished": still running, or killed.
    """

    name: str
    path: Path
    began: datetime
    state: str
    epochs: int
    validation_accuracy: float | None
    test_accuracy: float | None
    seconds: float | None


def runs(folder: Path) -> tuple[list[Run], list[NnbpError]]:
    """The runs in `folder`, those of several seeds and of searches in folders of their own included, the
    newest first; and why others that are there are left out. Raises NnbpError when it cannot be read.
    """
    try:
        paths = sorted([*folder.iterdir(), *folder.glob("*/seed-*"), *folder.glob("*/trial-*")])
    except FileNotFoundError:
        raise NnbpError(f"{folder}: no such folder; 'nnbp train' makes runs") from None
    except OSError as error:
        raise NnbpError(f"{folder}: cannot be read: {reason(error)}; name a folder of runs") from error
    found, refusals = [], []
    for path in paths:
        try:
            if (path / "config.toml").is_file():
                found.append(replace(read(path), name=str(path.relative_to(folder))))
        except NnbpError as error:
            refusals.append(error)
        except OSError as error:
            refusals.append(cannot_read(path, error))
    return sorted(found, key=lambda run: (run.began, run.name), reverse=True), refusals


def read(path: Path) -> Run:
    """The run in a directory that has a config.toml. Raises NnbpError where its log or summary is odd."""
    directory = RunDirectory(path)
    logged = int(max(read_log(path)["epoch"], default=0)) if os.path.lexists(directory.log_file) else 0
    if not os.path.lexists(directory.summary_file):
        return Run(path.name, path, _modified(directory.config_file), "unfinished", logged, None, None, None)
    saved = summary.read(path)
    began = datetime.fromisoformat(saved.began).astimezone()
    if logged > saved.epochs:  # it goes on after all
        return Run(path.name, path, began, "unfinished", logged, None, None, None)
    validation = saved.validation.accuracy if saved.validation else saved.kept.get("validation accuracy")
    test = saved.test.accuracy if saved.test else None
    return Run(path.name, path, began, _state(saved), saved.epochs, validation, test, saved.seconds.total)


def _state(summary: Summary) -> str:
    if summary.stopped_by:
        return f"stopped by {summary.stopped_by}"
    return "complete" if summary.finished else "diverged"


def _modified(file: Path) -> datetime:
    """When a file was last written."""
    try:
        when = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        if when.year in YEARS:
            return when
    except (ValueError, OverflowError):  # there are file systems with longer times
        pass
    raise NnbpError(f"{file}: was written at a time that no calendar has; touch it")


def each_readable(runs: Iterable[tuple[str, Path]], read: Callable[[str, Path], T], note: Note) -> list[T]:
    """What `read` makes of each run, a name and a directory. A run that it refuses is left out, and `note` is
    told so: a shell's `runs/*` names whatever is there. Raises NnbpError for a path where nothing is, and
    where no run is left.
    """
    made, refusals = [], []
    for name, path in runs:
        try:
            made.append(read(name, path))
        except NnbpError as error:
            if not os.path.lexists(path):
                raise
            refusals.append(error)
    if refusals and not made:
        raise refusals[0]
    for refusal in refusals:
        note(f"left out: {refusal}")
    return made
