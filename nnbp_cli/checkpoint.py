"""checkpoint.npz: all that the rest of a run depends on; from it, it goes on to the same end, bit for bit.

It holds the parameters now and those kept, the optimizer's slots, where the run is, its config, every epoch
so far (from which schedule, patience and the log follow), and what it was made with.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from nnbp_cli import __version__, archive, config
from nnbp_cli.archive import Archive, Kind, text, whole
from nnbp_cli.config import Config, build
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.arrays import Array
from nnbp_cli.training import loop
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.loop import State

KIND = Kind("checkpoint", format=1, remedy="the run cannot go on; train again")


@dataclass(frozen=True)
class Checkpoint:
    """A run on its way: what its config decides, when it `began`, the `seconds` and CPU seconds that it took
    so far, and its state.

    `inputs` are those of its network, `digest` identifies the contents of its data set, and `made_with` names
    what the last bits of its numbers depend on.
    """

    config: Config
    inputs: int
    digest: str
    began: str
    seconds: float
    cpu_seconds: float
    made_with: Mapping[str, str]
    state: State


def made_with() -> dict[str, str]:
    """What the last bits of a sum depend on, in this process on this machine."""
    blas = [each for each in threadpool_info() if each["user_api"] == "blas"]
    named = (f"{each['internal_api']} {each['version']} {each.get('architecture', '')}" for each in blas)
    # What is empty, numpy leaves out.
    instructions = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return {
        "nnbp": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numpy's instructions": " ".join([*instructions.get("baseline", []), *instructions.get("found", [])]),
        "BLAS": ", ".join(named).strip(),
        "threads": ", ".join(str(each["num_threads"]) for each in blas),
        "C library": " ".join(platform.libc_ver()).strip() or "unknown",
        "machine": f"{platform.system()} {platform.machine()}",
    }


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`, whole or not at all. Raises NnbpError when the disk refuses."""
    state = checkpoint.state
    meta = {
        "config": config.to_toml(checkpoint.config),
        "inputs": checkpoint.inputs,
        "digest": checkpoint.digest,
        "began": checkpoint.began,
        "seconds": checkpoint.seconds,
        "cpu_seconds": checkpoint.cpu_seconds,
        "made_with": dict(checkpoint.made_with),
        "epoch": state.epoch,
        "batch": state.batch,
        "epoch_seconds": state.seconds,
        "history": [_plain(epoch) for epoch in state.history],
    }
    archive.save(path, KIND, meta, _arrays(state))


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises NnbpError when there is none, or not a sound one."""
    if not path.exists():
        raise NnbpError(f"{path}: no such file; name a run directory of nnbp, as 'nnbp runs' lists them")
    with archive.reading(path, KIND) as opened:
        return _read(opened)


def _read(opened: Archive) -> Checkpoint:
    meta = opened.meta
    try:
        described = config.loads(text(meta["config"]), where="config")
        checkpoint = Checkpoint(
            config=described,
            inputs=whole(meta["inputs"], least=1),
            digest=text(meta["digest"]),
            began=text(meta["began"]),
            seconds=_number(meta["seconds"]),
            cpu_seconds=_number(meta["cpu_seconds"]),
            made_with={key: text(value) for key, value in meta["made_with"].items()},
            state=_state(opened, described, whole(meta["inputs"], least=1)),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise opened.refused(f"its 'meta' is not understood ({str(error).splitlines()[0]})") from error
    opened.fill(_arrays(checkpoint.state))
    return checkpoint


def _state(opened: Archive, described: Config, inputs: int) -> State:
    """The state that `meta` says, with arrays to be filled."""
    network = build(described.network, inputs)
    if 8 * network.size > opened.size:
        raise opened.refused(f"its network has {network.size:,} parameters, more than the file can hold")
    state = loop.blank(network, described.training)
    meta = opened.meta
    state.epoch, state.batch = whole(meta["epoch"], least=0), whole(meta["batch"], least=0)
    state.seconds = _number(meta["epoch_seconds"])
    state.history = [_epoch(row) for row in meta["history"]]
    if [epoch.number for epoch in state.history if epoch.number] != list(range(1, state.epoch + 1)):
        raise ValueError("its epochs are not counted in order")
    return state


def _arrays(state: State) -> dict[str, Array]:
    return {"theta": state.params.theta, "kept": state.kept, "slots": state.slots}


def _plain(epoch: Epoch) -> list[Any]:
    rate = None if isnan(epoch.learning_rate) else epoch.learning_rate  # before the first step there is none
    return [epoch.number, rate, epoch.seconds, dict(epoch.scores)]


def _epoch(row: Any) -> Epoch:
    number, rate, seconds, scores = row
    return Epoch(
        whole(number, least=0),
        nan if rate is None else _number(rate),
        _number(seconds),
        {name: _number(value, least=-inf) for name, value in scores.items()},
    )


def _number(value: object, least: float = 0.0) -> float:
    if type(value) not in (int, float) or not least <= float(value) < inf:  # type: ignore[arg-type]
        raise ValueError("a number that no run has")
    return float(value)  # type: ignore[arg-type]
