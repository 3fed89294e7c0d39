"""What a run leaves on disk: config.toml, log.csv, checkpoint.npz, weights.npz and summary.json, in a
directory of its own.

It is written here, and here it is read again, as it was or as somebody left it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import ConfigError, InUse, NnbpError
from nnbp_cli.models import weights
from nnbp_cli.runs import checkpoint, log, summary
from nnbp_cli.runs.summary import Summary
from nnbp_cli.system import files, json_text, locks
from nnbp_cli.training.history import Epoch

DYING_SECONDS = 10  # that a process which was killed may take to let go of its run


class _File:
    """Where a file of a run is, by the name that it has in every run directory."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, run: RunDirectory, kind: type) -> Path:
        return run.path / self.name


@dataclass(frozen=True)
class RunDirectory:
    """The directory of one run, which exists and belongs to it alone, for sure while it has a `hold`."""

    path: Path
    hold: locks.Hold | None = None

    config_file = _File("config.toml")  # complete
    log_file = _File("log.csv")
    checkpoint_file = _File("checkpoint.npz")
    weights_file = _File("weights.npz")
    summary_file = _File("summary.json")  # once it has ended

    @property
    def all_files(self) -> list[Path]:
        """Where all of them are, the summary last: it says that a run is done."""
        return [
            self.config_file,
            self.log_file,
            self.checkpoint_file,
            self.weights_file,
            self.summary_file,
        ]

    @property
    def summary(self) -> Summary | None:
        """Its summary, if there is one that can be read: a run goes on without it."""
        try:
            return summary.read(self.path)
        except NnbpError:
            return None

    def finished_after(self, epochs: int) -> bool:
        """Whether the run was finished when it had so many epochs; it may have gone on since."""
        saved = self.summary
        return saved is not None and saved.finished and saved.epochs == epochs

    @property
    def begun(self) -> bool:
        """Whether there is a run in it: at least its config."""
        return self.config_file.exists() or self.checkpoint_file.exists()

    def read_config(self) -> Config:
        """Its config, that of the checkpoint where config.toml is gone. Raises ConfigError for whatever else
        that is.
        """
        if self.checkpoint_file.exists() and not os.path.lexists(self.config_file):
            return checkpoint.load(self.checkpoint_file).config
        if self.config_file.exists() and not self.config_file.is_file():
            raise ConfigError(f"{self.config_file}: not a regular file; move it away")
        return config.load(self.config_file)

    @contextmanager
    def locked(self, patience: float = 0) -> Iterator[RunDirectory]:
        """This directory, and no other process trains into it while the context lasts.

        Raises InUse where another one does, after so many seconds of patience, NnbpError where one of its
        files could not be written.
        """
        refusal = InUse(f"{self.path}: another process is training into it; wait for it, or stop it")
        with locks.alone(self.path, refusal, patience) as hold:
            held = replace(self, hold=hold)
            for path in self.all_files:
                held.check(path)
            yield held

    def check(self, path: Path) -> None:
        """The `files.Check` of all that is written here: raises NnbpError where this is no longer the
        directory that was locked, and where what is at `path` is not the run's: a link, which would lead out
        of it, no file at all, or another program's.
        """
        if self.hold and not self.hold.lasts:
            raise self._lost(self.hold)
        if not os.path.lexists(path):
            return
        arrays = {self.weights_file: weights.is_weights, self.checkpoint_file: checkpoint.is_checkpoint}
        known = arrays.get(path)
        if path.is_symlink() or not path.is_file() or (known and not known(path)):
            raise NnbpError(f"{path}: is there already, and not a file of the run; move it away")

    def _lost(self, hold: locks.Hold) -> NnbpError:
        now = hold.moved_to
        resume = shlex.join(["nnbp", "train", "--resume", str(now or "RUN")])
        what = f"moved to {now}" if now else "moved, replaced or deleted"
        where = "" if now else ", if it is still somewhere"
        return NnbpError(
            f"{self.path}: the directory was {what} while it was trained into; "
            f"nothing more is written, and '{resume}' goes on with it{where}"
        )

    def write(self, path: Path, content: str) -> None:
        """Make `content` one of its files, whole or not at all."""
        files.write(path, content, self.check)

    def contents(self) -> dict[str, bytes]:
        """The files of the run that are there, by their names."""
        return {path.name: path.read_bytes() for path in self.all_files if path.is_file()}

    def receive(self, content: Mapping[str, bytes]) -> None:
        """Take the files of a run that was elsewhere for a while; the summary, which says that it is done,
        comes last, and with the place where the run is now.
        """
        for path in (path for path in self.all_files if path.name in content):
            text = content[path.name]
            if path == self.summary_file:
                plain = json_text.loads(text)
                here = {"run": self.path, "weights": plain["weights"] and self.weights_file}
                text = f"{json_text.dumps(plain | here, indent=2)}\n".encode()
            files.write(path, text, self.check)

    def log(self, epoch: Epoch) -> None:
        """Add an epoch to log.csv, which a power cut may take away again."""
        files.append(self.log_file, log.row(epoch), self.check)


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
    if path.is_file() and path.suffix == ".npz":
        raise NnbpError(
            f"{path}: weights have no log; name the run directory that they are from, "
            "or draw what they have with 'nnbp plot --what confusion'"
        )
    if path.is_file():
        raise NnbpError(f"{path}: a file, and no run directory; 'nnbp runs' lists what there is")
    if not path.is_dir():
        raise NnbpError(f"{path}: no such run directory; 'nnbp runs' lists what there is")
    directory = RunDirectory(path)
    if not directory.begun and any(RunDirectory(each).begun for each in path.glob("*/")):
        raise NnbpError(f"{path}: no run, but there are runs in it; name one, or several")
    return directory


def check_free(path: Path) -> None:
    """Raise NnbpError unless `path` is not there yet, or a directory with nothing but temporary files."""
    if path.exists() and not (path.is_dir() and all(map(files.is_temporary, path.iterdir()))):
        raise NnbpError(f"{path}: is there already, and not an empty directory; name another with --out")
