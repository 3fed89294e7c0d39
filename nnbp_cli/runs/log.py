"""log.csv: a row for each epoch, written as it ends, and read again as somebody may have left it."""

import re
from collections.abc import Iterable
from pathlib import Path

from nnbp_cli.errors import NnbpError
from nnbp_cli.runs.load import load_bytes
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.metrics import SCORE
from nnbp_cli.wording import quoted

MAX_FILE_BYTES = 32 << 20  # some hundred thousand epochs

# What the columns of a log may hold, by the last word of their names; those of layers end with a number.
BOUNDS = {"epoch": (0, 1e9), "rate": (0, 1e100), "seconds": (0, 1e12), "accuracy": (0, 1)}


def head(scores: Iterable[str]) -> str:
    """The first line: the names of the columns, as the watched scores are called."""
    columns = ["epoch", "learning_rate", "seconds", *(name.replace(" ", "_") for name in scores)]
    return ",".join(columns) + "\n"


def row(epoch: Epoch) -> str:
    """The line of an epoch: costs and accuracies (0 to 1) in the order of the columns."""
    scores = (f"{value:.6g}" for value in epoch.scores.values())
    return ",".join([str(epoch.number), f"{epoch.learning_rate:.6g}", f"{epoch.seconds:.3f}", *scores]) + "\n"


def read_log(path: Path) -> dict[str, list[float]]:
    """The columns of log.csv in the directory `path`, by name ("epoch", "validation accuracy").

    A last line that was not written to its end is left out. Raises NnbpError for what is no log, and for
    columns and numbers that the log of no run has.
    """
    file = path / "log.csv"
    try:
        head, *lines = load_bytes(file, MAX_FILE_BYTES).decode().replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise NnbpError(f"{file}: damaged: not text; run it again") from error
    names = [name.replace("_", " ") for name in head.split(",")]
    if names[:3] != ["epoch", "learning rate", "seconds"]:
        raise NnbpError(f"{file}: not the log of a run; name a run directory of nnbp")
    for k, name in enumerate(names[3:], start=3):
        if not re.fullmatch(SCORE, name) or name in names[:k]:
            raise NnbpError(f"{file}: damaged: column {quoted(name)} is none of a log; delete it")
    columns: dict[str, list[float]] = {name: [] for name in names}
    for number, line in enumerate(lines[:-1], start=2):
        try:
            for name, value in zip(names, line.split(","), strict=True):
                columns[name].append(_bounded(name, float(value)))
            if columns["epoch"][-2:-1] >= columns["epoch"][-1:]:
                raise ValueError("not a later epoch")
        except ValueError as error:
            raise NnbpError(f"{file}: line {number}: damaged; delete the line or run it again") from error
    return columns


def _bounded(name: str, value: float) -> float:
    """A value of a log. Raises ValueError for one that no column of this name has."""
    low, high = BOUNDS.get(name.split()[-1], (-1e100, 1e100))
    no_rate_yet = name == "learning rate" and value != value
    if not (low <= value <= high or no_rate_yet) or (name == "epoch" and not value.is_integer()):
        raise ValueError("a number that no run has")
    return value
