"""A run that takes a moment: a small network on a few hundred synthetic digits."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.runs import checkpoint
from tests.command_line import Said, nnbp

CONFIG = """
[data]
name = "synthetic"
size = 600

[network]
cost = "log-likelihood"

[[network.layers]]
neurons = 12
activation = "relu"

[[network.layers]]
neurons = 10
activation = "softmax"

[training]
epochs = 3
batch_size = 20
learning_rate = 0.1
l2 = 0.5
engine = "numpy"
watch = ["training cost", "validation accuracy"]
"""

CONVOLUTIONAL = """\
data = {name = "synthetic", size = 600, train = 300, validation = 100}
training = {epochs = 2, batch_size = 20, learning_rate = 0.1, optimizer = "momentum", threads = 1}

[network]
cost = "log-likelihood"
initializer = "he"
layers = [
    {maps = 3, kernel = 5, pool = 2, activation = "relu", dropout = 0.1},
    {maps = 4, kernel = 3, padding = "same", activation = "tanh"},
    {neurons = 10, activation = "softmax"},
]
"""

WATCH = 'training.watch=["training cost", "validation cost", "validation accuracy", "layer speed"]'


def train(*more: object) -> Said:
    """Train it, with more on the command line; the fixture `here` puts the config in place."""
    return nnbp("train", "--config", "small.toml", *more)


def without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were not installed."""
    monkeypatch.setitem(sys.modules, "numba", None)
    with_it = ("comp", "kernels", "lanes", "code_cache")
    for name in list(sys.modules):
        if name.startswith(tuple(f"nnbp_cli.engines.{module}" for module in with_it)):
            monkeypatch.delitem(sys.modules, name)


def results(run: Path) -> dict[str, Any]:
    """All that a run leaves and that is the same each time it is run."""
    log = [line.split(",") for line in (run / "log.csv").read_text().splitlines()]
    kept = checkpoint.load(run / "checkpoint.npz").state
    summary = json.loads((run / "summary.json").read_text())
    for varies in ("run", "began", "seconds", "weights"):
        del summary[varies]
    with np.load(run / "weights.npz", allow_pickle=False) as members:
        learned = {name: members[name].tobytes() for name in members}
    return {
        "log": [line[:2] + line[3:] for line in log],
        "config": (run / "config.toml").read_text(),
        "state": [
            kept.params.theta.tobytes(),
            kept.best_theta.tobytes(),
            kept.optimizer_state.tobytes(),
            kept.epoch,
        ],
        "summary": summary,
        "weights": learned,
    }


def results_of_second_score(run: Path) -> dict[str, Any]:
    """The `results` of a run that was scored on the test set twice, as of one that was scored once."""
    found = results(run)
    assert found["summary"]["times_tested"] == 2
    return found | {"summary": found["summary"] | {"times_tested": 1}}


def contents(folder: Path) -> dict[str, bytes]:
    """The files in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def replace(path: str | Path, *old_and_new: str) -> None:
    """Put other words into a file."""
    text = Path(path).read_text()
    for old, new in zip(old_and_new[::2], old_and_new[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    Path(path).write_text(text)
