"""Networks as files for other programs, in the format that the ending of a name says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from math import prod
from pathlib import Path

import numpy as np

from nnbp_cli.errors import NnbpError
from nnbp_cli.models import onnx as onnx_model
from nnbp_cli.models import safetensors as tensors
from nnbp_cli.models import weights
from nnbp_cli.models.ensemble import Ensemble
from nnbp_cli.models.weights import PROGRAM
from nnbp_cli.system import json_text
from nnbp_cli.system.outputs import Output, signed


@dataclass(frozen=True)
class Format:
    """A format: the module that it takes, how networks and metadata become bytes, how such a file begins."""

    module: str
    encode: Callable[[Ensemble, Mapping[str, str]], bytes]
    signature: bytes


FORMATS = {
    ".onnx": Format("onnx.helper", onnx_model.encode, onnx_model.SIGNATURE),
    ".safetensors": Format("safetensors.numpy", tensors.encode, tensors.SIGNATURE),
}
OUTPUT = Output("an export", {ending: signed(each.signature) for ending, each in FORMATS.items()})


def check_exportable(path: Path) -> None:
    """Raise NnbpError unless `path` can be written, in a format whose library is installed."""
    OUTPUT.check(path)
    module = FORMATS[path.suffix.lower()].module
    try:
        import_module(module)
    except ImportError:
        library = module.partition(".")[0]
        raise NnbpError(f"nnbp export: needs {library}; pip install 'nnbp-cli[export]'") from None


def export(voters: Ensemble, path: Path) -> None:
    """Write a network, or several that vote, to `path`, whole or not at all, with all that weights.npz says
    of each, text or JSON.

    Raises NnbpError as `Output.write` does, and where the format cannot hold it; Diverged where one says
    nothing finite to an image of ink alone.
    """
    voters.predict(np.ones((1, prod(voters.first.shape)), np.float32), "on an image of ink alone")
    described = [weights.described(learned) for _, learned in voters.members]
    about = described[0] if len(described) == 1 else {"program": PROGRAM, "members": described}
    metadata = {
        key: value if isinstance(value, str) else json_text.dumps(value) for key, value in about.items()
    }
    try:
        content = FORMATS[path.suffix.lower()].encode(voters, metadata)
    except OverflowError as error:
        raise NnbpError(f"{path}: {error}; export it as .safetensors") from error
    OUTPUT.write(path, content)
