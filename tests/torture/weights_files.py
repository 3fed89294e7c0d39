"""Weights files and checkpoints that were damaged, or forged by someone who knows the format."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from nnbp_cli import config
from nnbp_cli.config import LayerConfig
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs.checkpoint import Checkpoint
from nnbp_cli.system import files
from nnbp_cli.training import loop
from nnbp_cli.training.history import Epoch
from tests.networks import convolutional, trained
from tests.torture.damage import damaged
from tests.torture.forgeries import FORGERIES, Contents, Forgery, members
from tests.torture.harness import Outcome
from tests.torture.trials import Trials

SECONDS, MEMORY = 0.05, 64e6


@dataclass(frozen=True)
class Facts:
    """What was read: arrays by name, all else as values that can be compared, and both as they came."""

    arrays: Mapping[str, bytes]
    rest: Any
    whole: Any


@dataclass(frozen=True)
class Kind:
    """A kind of archive, how it is read and written, and a sound one."""

    name: str
    read: Callable[[Path], Facts]
    save: Callable[[Path, Any], None]
    sound: bytes

    @property
    def contents(self) -> Contents:
        """The .npy files in it, by name."""
        return members(self.sound)


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Read so many files, of which one half is damaged and the other forged.

    What is read from a damaged one must be what was there before; from a forged one, what it says. In
    either case numpy must read the same from it.
    """
    outcome = Outcome()
    trials = Trials(outcome, SECONDS, MEMORY)
    kinds = [
        (kind, kind.contents, kind.read(folder / kind.name))
        for kind in (
            _weights(folder / "weights.npz", trained()),
            _weights(folder / "convolution.npz", convolutional((CONVOLUTION,), (5, 6), hidden=3)),
            _checkpoint(folder),
        )
    ]
    path = folder / "mutated.npz"
    with trials.watching():
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            kind, contents, before = rng.choice(kinds)
            if rng.random() < 0.5:
                how, forgery = "damaged", Forgery(damaged(kind.sound, rng), harmless=True)
            else:
                forge = rng.choice(FORGERIES)
                how, forgery = forge.__name__, forge(contents, rng)
            path.write_bytes(forgery.content)
            what = f"{kind.name}, {how}, seed {seed}, number {number}"
            found = trials.of(lambda read=kind.read: read(path), str(path), what)  # type: ignore[misc]
            if found is None:
                continue
            same = (found.arrays, found.rest) == (before.arrays, before.rest)
            outcome.check(forgery.harmless, f"{what}: was read")
            outcome.check(how != "damaged" or same, f"{what}: was read as something else")
            if problem := _disagreement(kind, path, found):
                outcome.failures.append(f"{what}: {problem}")
    return outcome


def _disagreement(kind: Kind, path: Path, found: Facts) -> str | None:
    """How numpy reads something else from the file at `path`, if it does."""
    try:
        arrays = _with_numpy(path)
        said = json.loads(str(arrays.pop("meta")))
    except Exception as error:
        return f"was read, though numpy says {error}"
    said.pop("program", None)  # for people alone
    if {name: array.tobytes() for name, array in arrays.items()} != found.arrays:
        return "numpy reads other arrays from it"
    again = path.with_name(f"again-{kind.name}")
    kind.save(again, found.whole)
    understood = json.loads(str(_with_numpy(again)["meta"]))
    wrong = [key for key in understood.keys() & said.keys() if not _holds(said[key], understood[key])]
    return f"{[(said[key], understood[key]) for key in wrong]}" if wrong else None


def _with_numpy(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


def _holds(said: Any, understood: Any) -> bool:
    """Whether all that was said is in what was understood, where defaults may have been added."""
    if isinstance(said, dict) and isinstance(understood, dict):
        return all(key not in understood or _holds(value, understood[key]) for key, value in said.items())
    if isinstance(said, str) and isinstance(understood, str) and "[network]" in understood:
        return config.loads(said, "one") == config.loads(understood, "the other")
    if isinstance(said, list) and isinstance(understood, list):
        return len(said) == len(understood) and all(map(_holds, said, understood))
    return said is None or bool(said == understood)  # null is what was left open


# The kinds


CONVOLUTION = LayerConfig(maps=2, kernel=3, pool=2, activation="relu")


def _weights(path: Path, whole: Weights) -> Kind:
    def read(path: Path) -> Facts:
        found = weights.load(path)
        arrays = {
            f"layers.{layer}.{name}": each.tobytes() for layer, name, each in found.params.named_parameters()
        }
        return Facts(arrays, replace(found, params=None), found)  # type: ignore[arg-type]

    return _kind(path, read, weights.save, whole)


def _kind(path: Path, read: Callable[[Path], Facts], save: Callable[[Path, Any], None], whole: Any) -> Kind:
    save(path, whole)
    return Kind(path.name, read, save, path.read_bytes())


CONFIG = """
network = {cost = "log-likelihood", layers = [
    {neurons = 5, activation = "relu", dropout = 0.5}, {neurons = 4, activation = "softmax"}]}
training = {epochs = 4, batch_size = 10, optimizer = "adam", learning_rate = 0.01}
"""


def _checkpoint(folder: Path) -> Kind:
    described = config.loads(CONFIG, "config")
    state = loop.empty_state(config.build(described.network, (3, 2)), described.training)
    rng = np.random.default_rng(0)
    for array in (state.params.theta, state.best_theta, state.optimizer_state):
        array[...] = rng.standard_normal(array.shape)
    state.epoch, state.batch, state.seconds = 2, 3, 0.5
    state.history = [Epoch(number, 0.01, 1.5, {"validation accuracy": 0.5 * number}) for number in (1, 2)]
    saved = Checkpoint(
        config=described,
        shape=(3, 2),
        digest="a digest",
        began="2026-01-31",
        seconds=3.5,
        cpu_seconds=3.25,
        made_with={"nnbp": "1"},
        state=state,
    )

    def read(path: Path) -> Facts:
        found = checkpoint.load(path)
        state = found.state
        arrays = {"theta": state.params.theta, "kept": state.best_theta, "slots": state.optimizer_state}
        rest = (replace(found, state=None), state.epoch, state.batch, state.seconds, state.history)  # type: ignore[arg-type]
        return Facts({name: array.tobytes() for name, array in arrays.items()}, rest, found)

    def save(path: Path, whole: Checkpoint) -> None:
        checkpoint.save(path, whole, files.anything)

    return _kind(folder / "checkpoint.npz", read, save, saved)
