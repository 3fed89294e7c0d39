"""weights.npz: a trained network in a file that anyone can open with `numpy.load`.

It holds `layers.0.W`, `layers.0.b`, ... and `meta`: the architecture, the data set it was trained on, and how
its pixels were scaled.
"""

import os
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from nnbp_cli import __version__
from nnbp_cli.config import DataConfig, NetworkConfig, build, data_from_plain, decided, network_from_plain
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import SCALING
from nnbp_cli.system import files, npz, outputs
from nnbp_cli.system.npz import Archive, FileKind
from nnbp_cli.system.schema import Count, DataSet, Natural, NonNegative, PathText, Text
from nnbp_cli.wording import called, quoted

PROGRAM = f"nnbp {__version__}"
KIND = FileKind("weights file", format=1, remedy="choose another file or train again")
OF_PIXELS = ("digest", "scaling")  # what the meta says of the images that no config does


@dataclass(frozen=True)
class StartedFrom:
    """The weights that training began with: where they were, the SHA-256 of their parameters, the data set
    that they were learned from, and their epoch.
    """

    path: PathText
    sha256: Text
    data: Text
    epoch: Natural


@dataclass(frozen=True)
class Weights:
    """A trained network: its description, its parameters, and what they were learned from.

    `shape` is (rows, columns) of the images; `class_names` are those of the outputs, where they are known and
    no numbers; `digest` identifies the data set's contents, "" where nobody knows; `penalty` belongs to the
    cost that was minimized; `epoch` is the one that the parameters are from.
    """

    config: NetworkConfig
    params: Parameters
    data: DataConfig
    shape: tuple[int, int]
    digest: str
    penalty: Penalty
    epoch: int
    class_names: tuple[str, ...] = ()
    started_from: StartedFrom | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """What each output is called."""
        return called(self.class_names, self.network.outputs)

    def named(self, class_names: tuple[str, ...]) -> "Weights":
        """The same, with these names of the outputs where they have none."""
        return replace(self, class_names=self.class_names or class_names)

    @cached_property
    def network(self) -> Network:
        """The network that `params` belong to."""
        return build(self.config, self.shape)


@dataclass(frozen=True, kw_only=True)
class _Penalty:
    """A `Penalty`; the first files lack `l1`."""

    l1: NonNegative = 0.0
    l2: NonNegative
    images: Count


@dataclass(frozen=True, kw_only=True)
class _Meta:
    """What is in a weights file beside its arrays: of a config [network] and [data], of this what is in
    OF_PIXELS too; `program` is for people alone.
    """

    program: Text = ""
    network: dict[str, Any]
    data: DataSet
    shape: tuple[Count, Count]
    penalty: _Penalty
    epoch: Natural
    class_names: tuple[Text, ...] = ()  # the first files lack it, and what follows
    started_from: StartedFrom | None = None


_META = TypeAdapter(_Meta)


def save(path: Path, weights: Weights, check: files.Check = files.anything) -> None:
    """Write `weights` to `path`, whole or not at all. Raises NnbpError as `files.replacing` does."""
    npz.save(path, KIND, described(weights), _members(weights.params), check)


def described(weights: Weights) -> dict[str, Any]:
    """All but the parameters, as plain values: the architecture, the data set, its scaling and digest."""
    meta = _Meta(
        program=PROGRAM,
        network=decided(asdict(weights.config)),
        data=asdict(weights.data) | {"digest": weights.digest, "scaling": SCALING},
        shape=weights.shape,
        penalty=_Penalty(**asdict(weights.penalty)),
        epoch=weights.epoch,
        class_names=weights.class_names,
        started_from=weights.started_from,
    )
    return asdict(meta)


def load(path: Path) -> Weights:
    """Read a weights file, or the one in a run directory. Raises NnbpError when it is not a sound one."""
    if path.is_dir():
        path = path / "weights.npz"
    if not path.exists():
        raise NnbpError(f"{path}: no such file; {_where_from(path)}")
    with npz.open_archive(path, KIND) as opened:
        return _read(opened)


def _where_from(path: Path) -> str:
    run = path.parent
    if (run / "summary.json").exists():
        return f"this run has none; 'nnbp runs {run.parent}' says how it ended"
    if (run / "checkpoint.npz").exists():
        return f"the run has not ended; 'nnbp train --resume {run}' goes on with it"
    if any(run.glob("*/weights.npz")):
        return f"there are runs in {run}; name one, or several, which vote"
    return "'nnbp train' writes one"


def is_weights(path: Path) -> bool:
    """Whether the file at `path` is a weights file, of a format that this program knows: a checkpoint is not,
    nor is another program's archive.
    """
    return npz.is_kind(path, KIND, "program", "network")


def _is_replaceable(path: Path) -> bool:
    """Whether there are weights at `path`. Raises NnbpError for those of a run, which are to stay with it."""
    run = Path(os.path.realpath(path)).parent
    found = is_weights(path)
    if found and (run / "config.toml").exists() and (run / "checkpoint.npz").exists():
        raise NnbpError(f"{path}: belongs to the run in {run}; name a file elsewhere")
    return found


OUTPUT = outputs.Output("weights", {".npz": _is_replaceable}, "name another file with --weights")


def _members(params: Parameters) -> dict[str, Array]:
    return {f"layers.{layer}.{name}": window for layer, name, window in params.named_parameters()}


def _read(opened: Archive) -> Weights:
    with opened.understood() as plain:
        meta = _META.validate_python(plain)
        network = network_from_plain(meta.network, where="meta")
        data = data_from_plain({k: v for k, v in meta.data.items() if k not in OF_PIXELS}, where="meta")
        described = build(network, meta.shape)
    if (scaling := meta.data.get("scaling")) != SCALING:
        raise opened.refused(f"pixels scaled as {quoted(scaling)}, where this program knows '{SCALING}'")
    penalty = Penalty(l1=meta.penalty.l1, l2=meta.penalty.l2, images=meta.penalty.images)
    opened.check_holds(described.size)
    params = described.parameters(np.float32)
    opened.fill(_members(params))
    if len(meta.class_names) not in (0, described.outputs):
        raise opened.refused(f"{len(meta.class_names)} names of classes for {described.outputs} outputs")
    digest, names = meta.data["digest"], meta.class_names
    return Weights(network, params, data, meta.shape, digest, penalty, meta.epoch, names, meta.started_from)
