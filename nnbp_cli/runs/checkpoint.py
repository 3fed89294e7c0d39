"""checkpoint.npz: all that the rest of a run depends on; from it, it goes on to the same end, bit for bit.

It holds the parameters now and those kept, the optimizer's slots, where the run is, its config, every epoch
so far (from which schedule, patience and the log follow), and what it was made with.
"""

import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import partial
from importlib.metadata import version
from math import isnan, nan, prod
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, Strict, TypeAdapter
from threadpoolctl import threadpool_info

from nnbp_cli import __version__, config
from nnbp_cli.config import Config, build
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.errors import NnbpError
from nnbp_cli.models.weights import StartedFrom
from nnbp_cli.nn.arrays import Array
from nnbp_cli.system import npz
from nnbp_cli.system.files import Check
from nnbp_cli.system.npz import Archive, FileKind
from nnbp_cli.system.schema import Count, Date, Natural, NonNegative, Number, Seconds, Text
from nnbp_cli.training import loop, metrics
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.loop import TrainingState
from nnbp_cli.training.metrics import ScoreName

KIND = FileKind("checkpoint", format=1, remedy="the run cannot go on; train again")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Of what and when a run was made so far: `digest` identifies the contents of its data set, it `began`
    at that time and took these `seconds` and CPU seconds, and `made_with` names what the last bits of its
    numbers depend on. It was `started_from` weights, if from any.
    """

    digest: Text
    began: Date
    seconds: Seconds
    cpu_seconds: Seconds
    made_with: dict[Text, Text]
    started_from: StartedFrom | None = None


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Origin):
    """A run on its way: what its config decides, the `shape` of its images, and its state."""

    config: Config
    shape: tuple[int, ...]
    state: TrainingState


def made_with(engine: str, communicator: Communicator = ALONE) -> dict[str, str]:
    """What the last bits of a sum depend on, in this process on this machine, with the engine of a config."""
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
        **({"numba": version("numba")} if engine == "compiled" else {}),
        **(communicator.made_with if communicator.size > 1 else {}),
        "C library": " ".join(platform.libc_ver()).strip() or "unknown",
        "machine": f"{platform.system()} {platform.machine()}",
    }


@dataclass(frozen=True, kw_only=True)
class _Meta(Origin):
    """What is in a checkpoint beside its arrays. `batch` batches of the next epoch took `epoch_seconds`; a
    row of `history` is an Epoch, whose rate is None before the first step.
    """

    config: Annotated[str, Strict(), Field(max_length=1 << 20)]
    inputs: Count
    shape: tuple[Count, Count] | None = None  # the first files lack it, and hold no convolution
    epoch: Natural
    batch: Natural
    epoch_seconds: Seconds
    history: list[tuple[Natural, NonNegative | None, Seconds, dict[ScoreName, Number]]]


_META = TypeAdapter(_Meta)


def save(path: Path, checkpoint: Checkpoint, check: Check) -> None:
    """Write `checkpoint` to `path`, whole or not at all; see `files.replacing`."""
    npz.save(path, KIND, to_plain(checkpoint), arrays(checkpoint.state), check)


def to_plain(checkpoint: Checkpoint) -> dict[str, Any]:
    """All of a checkpoint but its arrays, as values that JSON can hold."""
    state = checkpoint.state
    meta = _Meta(
        config=config.to_toml(checkpoint.config),
        inputs=prod(checkpoint.shape),
        shape=checkpoint.shape if len(checkpoint.shape) == 2 else None,
        epoch=state.epoch,
        batch=state.batch,
        epoch_seconds=state.seconds,
        history=[
            (
                each.number,
                None if isnan(each.learning_rate) else each.learning_rate,
                each.seconds,
                dict(each.scores),
            )
            for each in state.history
        ],
        **_origin(checkpoint),
    )
    plain: dict[str, Any] = config.decided(asdict(meta))
    return plain


def is_checkpoint(path: Path) -> bool:
    """Whether the file at `path` is a checkpoint, of a format that this program knows."""
    return npz.is_kind(path, KIND, "config", "history")


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises NnbpError when there is none, or not a sound one."""
    if not path.exists():
        raise NnbpError(f"{path}: no such file; name a run directory of nnbp, as 'nnbp runs' lists them")
    with npz.open_archive(path, KIND) as opened:
        return _read(opened)


def _read(opened: Archive) -> Checkpoint:
    with opened.understood() as plain:
        checkpoint = from_plain(plain, partial(opened.check_holds, copies=2))
    opened.fill(arrays(checkpoint.state))
    return checkpoint


def from_plain(plain: Any, check_size: Callable[[int], object] = bool) -> Checkpoint:
    """The checkpoint that `to_plain` made such values of, with arrays to be filled, once the number of its
    parameters is checked. Raises ValueError or ConfigError for values that are no checkpoint's.
    """
    meta = _META.validate_python(plain)
    described = config.loads(meta.config, where="config")
    return Checkpoint(
        config=described,
        shape=meta.shape or (meta.inputs,),
        state=_state(check_size, meta, described),
        **_origin(meta),
    )


def _origin(of: Origin) -> dict[str, Any]:
    return {each.name: getattr(of, each.name) for each in fields(Origin)}


def _state(check_size: Callable[[int], object], meta: _Meta, described: Config) -> TrainingState:
    """The state that `meta` says, with arrays to be filled."""
    shape = meta.shape or (meta.inputs,)
    if prod(shape) != meta.inputs:
        raise ValueError("its images have not as many pixels as its network inputs")
    network = build(described.network, shape)
    check_size(network.size)
    state = loop.empty_state(network, described.training)
    state.epoch, state.batch, state.seconds = meta.epoch, meta.batch, meta.epoch_seconds
    state.history = [
        Epoch(number, nan if rate is None else rate, seconds, scores)
        for number, rate, seconds, scores in meta.history
    ]
    numbers = [epoch.number for epoch in state.history]
    first = min(numbers[:1], default=1)
    if (
        first > 1
        or numbers != list(range(first, first + len(numbers)))
        or meta.epoch + 1 - first != len(numbers)
    ):
        raise ValueError("its epochs are not counted in order")
    names = metrics.column_names(described.training, network)
    if any(list(epoch.scores) != names for epoch in state.history):
        raise ValueError("its epochs have other scores than its config watches")
    return state


def arrays(state: TrainingState) -> dict[str, Array]:
    """The arrays of a state, by the names that they have in a checkpoint."""
    return {"theta": state.params.theta, "kept": state.best_theta, "slots": state.optimizer_state}
