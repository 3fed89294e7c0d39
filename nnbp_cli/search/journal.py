"""The file of a study, a line for each operation of Optuna, and who may write into it and has which trial.

That is told by locks, which go with their process, however it ends, on this machine or on others that share
the folder.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from nnbp_cli.errors import InUse, NnbpError, reason
from nnbp_cli.system import files
from nnbp_cli.system.locks import ByteLocks

BEGINNING = b'{"op_code":'  # of a journal of Optuna


def is_journal(path: Path) -> bool:
    """Whether a file begins as a journal does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(BEGINNING)) == BEGINNING


def check(path: Path) -> None:
    """Raise NnbpError where the file `path` may not become a study: it is something else, or the trials of
    another one are beside it.
    """
    if not os.path.lexists(path):
        if any(path.parent.glob("trial-*")):
            raise NnbpError(f"{path}: there are trials of another study beside it; name another folder")
    elif not is_journal(path) and not (path.is_file() and path.stat().st_size == 0):
        raise NnbpError(f"{path}: is there already, and no study; name another file")


class Journal:
    """The journal in the file `path`, which has been `check`ed, and the locks of those who work with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        files.make_directory(path.parent)
        self._locks = ByteLocks(path.with_name(f"{path.name}.locks"))

    def close(self) -> None:
        """Let go of all that is held."""
        self._locks.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the one who reads and writes it while the block lasts; what a process that died has left of a
        line is taken off before. Raises NnbpError where the disk refuses.
        """
        with self._locks.held(0):
            try:
                if self.path.exists() and self.path.stat().st_size:
                    with self.path.open("r+b") as file:
                        file.seek(-1, os.SEEK_END)
                        if file.read() != b"\n":
                            file.seek(0)
                            file.truncate(file.read().rfind(b"\n") + 1)
                yield
            except OSError as error:
                why = f"cannot be written: {reason(error)}"
                raise NnbpError(f"{self.path}: {why}; the same command goes on, once it can be") from error

    def trial(self, number: int) -> AbstractContextManager[None]:
        """Have a trial while the block lasts. Raises InUse where another process has it."""
        return self._locks.held(1 + number, InUse(f"{self.path}: another process has trial {number}"))
