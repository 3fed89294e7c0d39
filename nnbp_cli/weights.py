"""weights.npz: a trained network in a file that anyone can open with `numpy.load`.

It holds `layers.0.W`, `layers.0.b`, ... and `meta`, which is JSON: the architecture, the data set it was
trained on, and how its pixels were scaled. A file is read without trust: nothing is unpickled, nothing is
allocated that the file itself does not bring, and every member must be what the architecture says.
"""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import asdict, dataclass
from math import inf, prod
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from nnbp_cli import __version__, files
from nnbp_cli.config import DataConfig, NetworkConfig, build, data_from_plain, network_from_plain, to_plain
from nnbp_cli.datasets.scaling import SCALING
from nnbp_cli.errors import ConfigError, NnbpError, reason
from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty

FORMAT = 1
LARGEST = 10**12  # no integer in a weights file is larger

# The header of an .npy file as numpy writes it, version 1.0: its type, its shape.
HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|]?\w{1,20})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,12}, )*(?:\d{1,12},?)?)\), \} *\n",
    re.DOTALL,
)

# What zipfile says of archives that are damaged, encrypted or of a kind it does not know.
UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


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
    if path.exists() and not path.is_file():
        raise NnbpError(f"{path}: not a file that can be read twice; save it as one first")
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(_Archive(path, archive))
    except FileNotFoundError:
        raise NnbpError(f"{path}: no such file; 'nnbp train' writes one") from None
    except OSError as error:
        raise NnbpError(f"{path}: cannot be read: {reason(error)}; make it readable") from error
    except UNREADABLE as error:
        raise NnbpError(f"{path}: {_what_it_is(path)}; choose another file or train again") from error


def check_replaceable(path: Path) -> None:
    """Raise NnbpError unless `path` is free for weights to be written, or holds older weights of nnbp."""
    files.check_writable(path)
    if path.exists() and not (path.is_file() and _is_ours(path)):
        raise NnbpError(f"{path}: is there already, and not nnbp's; name another file with --weights")


def _is_ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "meta.npy" in archive.namelist()
    except (OSError, *UNREADABLE):
        return False


def _members(params: Parameters) -> dict[str, Array]:
    return {f"layers.{layer}.{name}": window for layer, name, window in params.named()}


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

    def read(self, name: str) -> tuple[str, Shape, bytes]:
        """Type, shape and values of the array `name`: stored plainly, so no larger than the file is.

        The header is not given to numpy, which evaluates it as Python: it is what numpy writes, or refused.
        """
        if name not in self.members:
            raise self.refused(f"member {name!r} is missing")
        info = self.members[name]
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
            raise self.refused(f"member {name!r} is compressed")
        try:
            content = self.archive.read(info)
        except UNREADABLE as error:
            raise self.refused(f"member {name!r} cannot be read") from error
        header = HEADER.match(content)
        if not header:
            raise self.refused(f"member {name!r} is not a plain array")
        dtype, shape = header[1].decode(), tuple(int(n) for n in header[2].split(b",") if n)
        return dtype, shape, content[header.end() :]


def _read(archive: _Archive) -> Weights:
    meta = _meta(archive)
    try:
        network = network_from_plain(meta["network"], where="meta")
        data = dict(meta["data"])
        digest, scaling = str(data.pop("digest")), data.pop("scaling")
        source = data_from_plain(data, where="meta")
        penalty = Penalty(
            l1=_strength(meta["penalty"].get("l1", 0.0)),  # the first files of this format lack it
            l2=_strength(meta["penalty"]["l2"]),
            images=_whole(meta["penalty"]["images"], least=1),
        )
        rows, columns = (_whole(n, least=1) for n in meta["shape"])
        epoch = _whole(meta["epoch"], least=0)
    except (LookupError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise archive.refused(f"its 'meta' is not understood ({str(error).splitlines()[0]})") from error
    if scaling != SCALING:
        raise archive.refused(f"pixels scaled as {scaling!r}, where this program knows {SCALING!r}")

    described = build(network, rows * columns)
    if 4 * described.size > archive.path.stat().st_size:
        raise archive.refused(f"its network has {described.size:,} parameters, more than the file can hold")
    params = described.parameters(np.float32)
    expected = _members(params)
    for name in archive.members:
        if name != "meta" and name not in expected:
            raise archive.refused(f"member {name!r} belongs to no layer of its network")
    for name, window in expected.items():
        dtype, shape, values = archive.read(name)
        if (dtype, shape, len(values)) != ("<f4", window.shape, window.nbytes):
            found = f"{dtype} {shape} in {len(values)} bytes"
            raise archive.refused(f"member {name!r} is {found} where <f4 {window.shape} is due")
        window[...] = np.frombuffer(values, "<f4").reshape(shape)
        if not np.isfinite(window).all():
            raise archive.refused(f"member {name!r} holds numbers that are not finite")
    return Weights(network, params, source, (rows, columns), digest, penalty, epoch)


def _meta(archive: _Archive) -> dict[str, Any]:
    dtype, shape, text = archive.read("meta")
    try:
        if shape or not dtype.startswith("<U"):
            raise ValueError(f"{dtype} {shape}")
        meta = json.loads(text.decode("utf-32-le"), parse_constant=_refuse)
        version = _whole(meta["format"], least=1)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise archive.refused("its 'meta' is not the JSON that nnbp writes") from error
    if version > FORMAT:
        raise NnbpError(
            f"{archive.path}: format {version} is newer than this program reads ({FORMAT}); upgrade nnbp-cli"
        )
    return dict(meta)


def _whole(value: object, least: int) -> int:
    if type(value) is not int or not least <= value <= LARGEST:
        raise ValueError(f"not an integer from {least} to {LARGEST}")
    return value


def _strength(value: object) -> float:
    if type(value) is not float or not 0 <= value < inf:
        raise ValueError("a penalty is not a number that a config may have")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


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
