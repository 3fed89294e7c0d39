"""weights.npz: a trained network in a file that anyone can open with `numpy.load`.

It holds `layers.0.W`, `layers.0.b`, ... and `meta`, which is JSON: the architecture, the data set it was
trained on, and how its pixels were scaled. A file is read without trust: nothing is unpickled, nothing is
allocated that the file itself does not bring, and every member must be what the architecture says.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli import __version__, files
from nnbp_cli.config import DataConfig, NetworkConfig, build, data_from_plain, network_from_plain, to_plain
from nnbp_cli.datasets.scaling import SCALING
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty

FORMAT = 1


@dataclass(frozen=True)
class Weights:
    """A trained network: its description, its parameters, and what they were learned from.

    `shape` is (rows, columns) of the images; `digest` identifies the data set's contents; `penalty` belongs
    to the cost that was minimized; `epoch` is the one that the parameters are from.
    """

    config: NetworkConfig
    params: Parameters
    data: DataConfig
    shape: tuple[int, int]
    digest: str
    penalty: Penalty
    epoch: int

    @property
    def network(self) -> Network:
        """The network that `params` belong to."""
        return build(self.config, prod(self.shape))


def save(path: Path, weights: Weights) -> None:
    """Write `weights` to `path`, whole or not at all. Raises NnbpError when the disk refuses."""
    meta = {
        "format": FORMAT,
        "program": f"nnbp {__version__}",
        "network": to_plain(weights.config),
        "data": asdict(weights.data) | {"digest": weights.digest, "scaling": SCALING},
        "shape": weights.shape,
        "penalty": asdict(weights.penalty),
        "epoch": weights.epoch,
    }
    with files.replacing(path) as file:
        arrays: dict[str, Any] = {"meta": np.array(json.dumps(meta)), **_members(weights.params)}
        np.savez(file, **arrays)


def load(path: Path) -> Weights:
    """Read a weights file, or the one in a run directory. Raises NnbpError when it is not a sound one."""
    if path.is_dir():
        path = path / "weights.npz"
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(_Archive(path, archive))
    except FileNotFoundError:
        raise NnbpError(f"{path}: no such file; 'nnbp train' writes one") from None
    except OSError as error:
        raise NnbpError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except zipfile.BadZipFile as error:
        raise NnbpError(f"{path}: {_what_it_is(path)}; choose another file or train again") from error


def check_replaceable(path: Path) -> None:
    """Raise NnbpError unless `path` is free for weights to be written, or holds older weights of nnbp."""
    if path.parent.is_dir() and not path.exists():
        return
    try:
        with zipfile.ZipFile(path) as archive:
            if "meta.npy" in archive.namelist():
                return
    except (OSError, zipfile.BadZipFile):
        pass
    what = "is there already, and not nnbp's" if path.exists() else "there is no such directory"
    raise NnbpError(f"{path}: {what}; name another file with --weights")


def _members(params: Parameters) -> dict[str, Array]:
    return {
        f"layers.{k}.{window}": values
        for k, windows in enumerate(params.layers)
        for window, values in zip("Wb", windows)
    }


class _Archive:
    """The members of an .npz file, each read once it is known to be harmless."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self.archive = path, archive
        self.members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if len(self.members) < len(archive.infolist()):
            raise self.refused("it holds a member twice")

    def refused(self, why: str) -> NnbpError:
        return NnbpError(
            f"{self.path}: damaged or not an nnbp weights file: {why}; choose another file or train again"
        )

    def read(self, name: str) -> Array:
        """The array `name`: stored plainly, so that it is no larger than the file, and without objects."""
        if name not in self.members:
            raise self.refused(f"member {name!r} is missing")
        info = self.members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self.refused(f"member {name!r} is compressed")
        try:
            content = io.BytesIO(self.archive.read(info))
            np.lib.format.read_magic(content)
            shape, by_columns, dtype = np.lib.format.read_array_header_1_0(content)
            array = np.frombuffer(content.getbuffer()[content.tell() :], dtype)
            return array.reshape(shape, order="F" if by_columns else "C")
        except (ValueError, OSError, zipfile.BadZipFile, NotImplementedError) as error:
            raise self.refused(f"member {name!r} cannot be read") from error


def _read(archive: _Archive) -> Weights:
    meta = _meta(archive)
    try:
        config = network_from_plain(meta["network"], where="meta")
        data = dict(meta["data"])
        digest, scaling = str(data.pop("digest")), data.pop("scaling")
        penalty = Penalty(l2=float(meta["penalty"]["l2"]), images=int(meta["penalty"]["images"]))
        rows, columns = (int(n) for n in meta["shape"])
        if rows < 1 or columns < 1:
            raise ValueError(f"images of {rows}x{columns}")
        weights_of = data_from_plain(data, where="meta")
        epoch = int(meta["epoch"])
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise archive.refused(f"its 'meta' is not understood ({str(error).splitlines()[0]})") from error
    if scaling != SCALING:
        raise archive.refused(f"pixels scaled as {scaling!r}, where this program knows {SCALING!r}")

    network = build(config, rows * columns)
    if 4 * network.size > archive.path.stat().st_size:
        raise archive.refused(f"its network has {network.size:,} parameters, more than the file can hold")
    params = network.parameters(np.float32)
    expected = _members(params)
    for name in archive.members:
        if name != "meta" and name not in expected:
            raise archive.refused(f"member {name!r} belongs to no layer of its network")
    for name, window in expected.items():
        values = archive.read(name)
        if values.shape != window.shape or values.dtype != window.dtype:
            found, due = (f"{each.dtype} {each.shape}" for each in (values, window))
            raise archive.refused(f"member {name!r} is {found} where {due} is due")
        if not np.isfinite(values).all():
            raise archive.refused(f"member {name!r} holds numbers that are not finite")
        window[...] = values
    return Weights(config, params, weights_of, (rows, columns), digest, penalty, epoch)


def _meta(archive: _Archive) -> dict[str, Any]:
    text = archive.read("meta")
    try:
        meta = json.loads(str(text[()]))
        version = int(meta["format"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise archive.refused("its 'meta' is not the JSON that nnbp writes") from error
    if version > FORMAT:
        raise NnbpError(
            f"{archive.path}: format {version} is newer than this program reads ({FORMAT}); upgrade nnbp-cli"
        )
    return dict(meta)


def _what_it_is(path: Path) -> str:
    """Words for a file that is no zip archive, from how it begins."""
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        return "damaged: the file is empty"
    if head.startswith(b"PK"):
        return "damaged: the end of the file is missing"
    if head.startswith(b"\x93NUMPY"):
        return "not an nnbp weights file but a single array (.npy)"
    if head.startswith(b"\x80"):
        return "not an nnbp weights file but a pickle, which is never opened"
    return "not an nnbp weights file"
