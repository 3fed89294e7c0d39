"""What a run leaves on disk: config.toml, log.csv, checkpoint.npz, weights.npz and summary.json, in a
directory of its own.

It is written here, and here it is read again, as it was or as somebody left it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from nnbp_cli import files, json_text, locks
from nnbp_cli.errors import NnbpError, reason
from nnbp_cli.training.history import Epoch


@dataclass(frozen=True)
class RunDirectory:
    """The directory of one run, which exists and belongs to it alone."""

    path: Path

    @property
    def weights(self) -> Path:
        """Where the weights of the run are."""
        return self.path / "weights.npz"

    @property
    def config(self) -> Path:
        """Where its config is, complete."""
        return self.path / "config.toml"

    @property
    def times_tested(self) -> int:
        """How often the run was finished and scored on the test set."""
        try:
            return int(read_summary(self.path)["times_tested"])
        except (NnbpError, LookupError, TypeError, ValueError):
            return 0

    def finished_after(self, epochs: int) -> bool:
        """Whether the run was finished when it had so many epochs; it may have gone on since."""
        try:
            summary = read_summary(self.path)
        except NnbpError:
            return False
        return summary.get("stopped_by", "") is None and summary.get("epochs") == epochs

    @property
    def checkpoint(self) -> Path:
        """Where its checkpoint is."""
        return self.path / "checkpoint.npz"

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes from training into it, while the context lasts."""
        refusal = NnbpError(f"{self.path}: another process is training into it; wait for it, or stop it")
        return locks.alone(self.path, refusal)

    def write_config(self, toml: str) -> None:
        """Keep the config with everything that was left open in it decided: it runs again as it is."""
        files.write(self.config, toml)

    def write_log(self, watch: Iterable[str], history: Iterable[Epoch]) -> None:
        """Make log.csv of the names of its columns and the epochs so far, whatever it was before."""
        columns = ["epoch", "learning_rate", "seconds", *(name.replace(" ", "_") for name in watch)]
        files.write(self.path / "log.csv", _row(columns) + "".join(map(_logged, history)))

    def log(self, epoch: Epoch) -> None:
        """Add an epoch to log.csv, which a power cut may take away again."""
        files.append(self.path / "log.csv", _logged(epoch))

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Keep what came out, as JSON."""
        files.write(self.path / "summary.json", json_text.dumps(summary, indent=2) + "\n")


def create(path: Path | None, name: str) -> RunDirectory:
    """The run directory `path`, or a new runs/NAME-DATE-TIME. Raises NnbpError if it is in use already."""
    if path:
        check_free(path)
        files.make_directory(path)
        return RunDirectory(path)
    first = Path("runs") / f"{files.shortened(name)}-{datetime.now():%Y%m%d-%H%M%S}"
    files.make_directory(first.parent)
    for k in count(1):  # -2, -3, ... where other runs were begun in the same second
        own = first if k == 1 else first.with_name(f"{first.name}-{k}")
        try:
            files.make_directory(own, exist_ok=False)
            break
        except FileExistsError:
            continue
    return RunDirectory(own)


def existing(path: Path) -> RunDirectory:
    """The run directory that is at `path`. Raises NnbpError if none is."""
    if not path.is_dir():
        raise NnbpError(f"{path}: no such run directory; 'nnbp runs' lists what there is")
    return RunDirectory(path)


def read_summary(path: Path) -> dict[str, Any]:
    """The summary of the run in the directory `path`. Raises NnbpError where there is none to be read."""
    file = path / "summary.json"
    try:
        summary = json.loads(_text(file))
    except (ValueError, RecursionError) as error:
        raise NnbpError(f"{file}: damaged: not the JSON that nnbp writes; run it again") from error
    if not isinstance(summary, dict):
        raise NnbpError(f"{file}: damaged: not the summary of a run; run it again")
    return summary


def read_log(path: Path) -> dict[str, list[float]]:
    """The columns of log.csv in the directory `path`, by name ("epoch", "validation accuracy").

    A last line that was not written to its end is left out. Raises NnbpError for what is no log.
    """
    file = path / "log.csv"
    head, *lines = _text(file).split("\n")
    names = [name.replace("_", " ") for name in head.split(",")]
    if names[:3] != ["epoch", "learning rate", "seconds"]:
        raise NnbpError(f"{file}: not the log of a run; name a run directory of nnbp")
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, line in enumerate(lines[:-1], start=2):
        values = line.split(",")
        try:
            for name, value in zip(names, values, strict=True):
                columns[name].append(float(value))
        except ValueError as error:
            raise NnbpError(f"{file}: line {number}: damaged; delete the line or run it again") from error
    return columns


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise NnbpError(f"{file}: no such file; name a run directory, as 'nnbp runs' lists them") from None
    except UnicodeDecodeError as error:
        raise NnbpError(f"{file}: damaged: not text; run it again") from error
    except OSError as error:
        raise NnbpError(f"{file}: cannot be read: {reason(error)}; make it readable") from error


def check_free(path: Path) -> None:
    """Raise NnbpError unless `path` is not there yet, or a directory with nothing but temporary files."""
    if path.exists() and not (path.is_dir() and all(map(files.is_temporary, path.iterdir()))):
        raise NnbpError(f"{path}: is there already, and not an empty directory; name another with --out")


def _logged(epoch: Epoch) -> str:
    """The line of an epoch: costs and accuracies (0 to 1) in the order of the columns."""
    scores = (f"{value:.6g}" for value in epoch.scores.values())
    return _row([epoch.number, f"{epoch.learning_rate:.6g}", f"{epoch.seconds:.3f}", *scores])


def _row(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()
