"""The runs in a folder: what each directory says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from nnbp_cli.errors import NnbpError, reason
from nnbp_cli.run_directory import read_log, read_summary


@dataclass(frozen=True)
class Run:
    """A run: when it began, how many epochs it has, the accuracies (0 to 1) of the weights that it kept, and
    the seconds it took. `state` is "complete", "stopped by SIGINT" or "unfinished": still running, or killed.
    """

    name: str
    path: Path
    began: datetime
    state: str
    epochs: int
    validation: float | None
    test: float | None
    seconds: float | None


def runs(folder: Path) -> list[Run]:
    """The runs in `folder`, the newest first. Raises NnbpError when it cannot be read."""
    try:
        paths = [path for path in folder.iterdir() if (path / "config.toml").is_file()]
    except FileNotFoundError:
        raise NnbpError(f"{folder}: no such folder; 'nnbp train' makes runs") from None
    except OSError as error:
        raise NnbpError(f"{folder}: cannot be read: {reason(error)}; name a folder of runs") from error
    return sorted(map(read, paths), key=lambda run: (run.began, run.name), reverse=True)


def read(path: Path) -> Run:
    """The run in a directory that has a config.toml."""
    logged = _epochs_logged(path)
    try:
        finished = _finished(path, read_summary(path))
    except (NnbpError, LookupError, TypeError, ValueError):  # none yet, or not one of ours
        began = datetime.fromtimestamp((path / "config.toml").stat().st_mtime).astimezone()
        return Run(path.name, path, began, "unfinished", logged, None, None, None)
    if logged > finished.epochs:  # it goes on after all
        return replace(finished, state="unfinished", epochs=logged, validation=None, test=None, seconds=None)
    return finished


def _finished(path: Path, summary: Mapping[str, Any]) -> Run:
    return Run(
        path.name,
        path,
        datetime.fromisoformat(summary["began"]).astimezone(),
        f"stopped by {summary['stopped_by']}" if summary["stopped_by"] else "complete",
        int(summary["epochs"]),
        _accuracy(summary["validation"]),
        _accuracy(summary["test"]),
        float(summary["seconds"]["total"]),
    )


def _accuracy(score: Mapping[str, float] | None) -> float | None:
    return float(score["accuracy"]) if score else None


def _epochs_logged(path: Path) -> int:
    try:
        return int(max(read_log(path)["epoch"], default=0))
    except (NnbpError, ValueError, OverflowError):  # nan and inf are numbers, but of no epoch
        return 0
