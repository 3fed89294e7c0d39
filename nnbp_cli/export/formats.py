"""Which formats there are: the ending of a file's name decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from nnbp_cli import files, weights
from nnbp_cli.errors import ConfigError, NnbpError
from nnbp_cli.export import onnx_model, tensors
from nnbp_cli.weights import Weights


@dataclass(frozen=True)
class Format:
    """How the bytes of a file are made of weights and their metadata, and the module that it takes."""

    module: str
    encode: Callable[[Weights, Mapping[str, str]], bytes]


FORMATS = {
    ".onnx": Format("onnx.helper", onnx_model.encode),
    ".safetensors": Format("safetensors.numpy", tensors.encode),
}


def check_exportable(path: Path) -> None:
    """Raise NnbpError unless `path` names a file of a known format, whose library is installed."""
    try:
        module = FORMATS[path.suffix.lower()].module
    except KeyError:
        known = " or ".join(FORMATS)
        raise ConfigError(f"{path}: not a format that is written here; name a {known} file") from None
    try:
        import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise NnbpError(f"nnbp export: needs {library}; pip install 'nnbp-cli[export]'") from None


def export(learned: Weights, path: Path) -> None:
    """Write the network to `path`, whole or not at all. Raises NnbpError as `files.write` does, and where
    the format cannot hold it.
    """
    try:
        content = FORMATS[path.suffix.lower()].encode(learned, metadata(learned))
    except OverflowError as error:
        raise NnbpError(f"{path}: {error}; export it as .safetensors") from error
    files.write(path, content)


def metadata(learned: Weights) -> dict[str, str]:
    """All that weights.npz says of the network, as text: what is not text already, as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in weights.described(learned).items()
    }
