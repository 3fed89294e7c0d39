"""Networks as files for other programs, in the format that the ending of a name says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from math import prod
from pathlib import Path

import numpy as np

from nnbp_cli.divergence import diverged
from nnbp_cli.errors import NnbpError
from nnbp_cli.models import onnx as onnx_model
from nnbp_cli.models import safetensors as tensors
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.system import json_text
from nnbp_cli.system.outputs import Output, signed


@dataclass(frozen=True)
class Format:
    """A format: the module that it takes, how weights and metadata become bytes, how such a file begins."""

    module: str
    encode: Callable[[Weights, Mapping[str, str]], bytes]
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


def export(learned: Weights, path: Path) -> None:
    """Write the network to `path`, whole or not at all, with all that weights.npz says of it, text or JSON.

    Raises NnbpError as `Output.write` does, and where the format cannot hold it; Diverged where it says
    nothing finite to an image of ink alone.
    """
    ink = np.ones((1, prod(learned.shape)), learned.params.theta.dtype)
    with np.errstate(all="ignore"):
        outputs = learned.network.predict(learned.params, ink)
    if not np.isfinite(outputs).all():
        raise diverged(str(path), learned.params, "on an image of ink alone", "the outputs are")
    metadata = {
        key: value if isinstance(value, str) else json_text.dumps(value)
        for key, value in weights.described(learned).items()
    }
    try:
        content = FORMATS[path.suffix.lower()].encode(learned, metadata)
    except OverflowError as error:
        raise NnbpError(f"{path}: {error}; export it as .safetensors") from error
    OUTPUT.write(path, content)
