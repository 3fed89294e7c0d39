"""The book's own networks: the JSON that `save` of its network2.py writes.

    {"sizes": [784, 30, 10], "weights": [[[...], ...], ...],
     "biases": [[[...], ...], ...], "cost": "CrossEntropyCost"}

weights[l] is (neurons, inputs) as here, biases[l] is a column, (neurons, 1), and every neuron is a sigmoid.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli.config import DataConfig, LayerConfig, NetworkConfig, build
from nnbp_cli.datasets.sources import DIGITS, SHAPE
from nnbp_cli.errors import NnbpError
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system import json_text
from nnbp_cli.system.files import read_bytes

COSTS: dict[Any, Any] = {"QuadraticCost": "quadratic", "CrossEntropyCost": "cross-entropy"}
PIXEL = 255 / 256  # the book's pixels are byte / 256, ours byte / 255
MAX_FILE_BYTES = 32 * 2**20  # 784-100-10 has 2 million
MAX_LISTS = 100_000  # in a file: one for each neuron and each bias, and a few around them
DATA = DataConfig(name="mnist", train=50_000, validation=10_000)  # as the book's mnist_loader shares it out


def load(path: Path) -> Weights:
    """The network in a file of the book's, for pixels as they are here. Raises NnbpError for any other file.

    The weights of the first layer are multiplied by 255/256, so that the weighted inputs stay what they were.
    What it was trained on, for how long and with which lambda the file does not say: the digest is "" and
    the epoch 0, there is no penalty, and the data set is taken to be MNIST as the book shares it out.
    """
    try:
        return _network(json_text.loads(_text(path), parse_int=float))
    except ValueError as error:
        raise _refused(path, str(error)) from error


def _network(plain: Any) -> Weights:
    """The network of the JSON. Raises ValueError, with the reason, where it is none."""
    if not isinstance(plain, dict) or not {"sizes", "weights", "biases", "cost"} <= set(plain):
        raise ValueError("expected sizes, weights, biases and cost")
    sizes = plain["sizes"]
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(_counts(size) for size in sizes):
        raise ValueError("sizes: expected a list of numbers of neurons, the inputs first")
    if (sizes[0], sizes[-1]) != (SHAPE[0] * SHAPE[1], DIGITS):
        raise ValueError(f"sizes: expected 784 inputs and 10 outputs, got {sizes[0]:.0f} and {sizes[-1]:.0f}")
    if not isinstance(plain["cost"], str) or plain["cost"] not in COSTS:
        raise ValueError(f"cost: expected {' or '.join(COSTS)}")
    shapes = [(int(neurons), int(inputs)) for inputs, neurons in pairwise(sizes)]
    Ws = _arrays("weights", plain["weights"], shapes)
    bs = _arrays("biases", plain["biases"], [(neurons, 1) for neurons, _ in shapes])
    Ws[0] *= PIXEL
    layers = tuple(LayerConfig(neurons=neurons, activation="sigmoid") for neurons, _ in shapes)
    config = NetworkConfig(cost=COSTS[plain["cost"]], layers=layers)
    params = build(config, SHAPE).parameters()
    with np.errstate(over="ignore"):
        for (W, b), book_W, book_b in zip(params.layers, Ws, bs):
            W[...], b[...] = book_W, book_b[:, 0]
    if not np.isfinite(params.theta).all():
        raise ValueError("a weight or bias is larger than a number of 32 bits")
    return Weights(config, params, DATA, SHAPE, "", Penalty(images=50_000), 0)


def _arrays(name: str, value: Any, shapes: list[tuple[int, int]]) -> list[Array]:
    """The matrices in a list, of these shapes, in float64."""
    if not _is_list(value, len(shapes)):
        raise ValueError(f"{name}: expected as many matrices as there are layers, {len(shapes)}")
    for layer, (matrix, (rows, columns)) in enumerate(zip(value, shapes)):
        fits = _is_list(matrix, rows) and all(_is_list(row, columns) for row in matrix)
        if not fits or any(type(number) is not float for row in matrix for number in row):
            raise ValueError(f"{name}: matrix {layer}: expected {rows} lists of {columns} numbers")
    return [np.array(matrix) for matrix in value]


def _is_list(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length


def _counts(size: Any) -> bool:
    return type(size) is float and 1 <= size <= MAX_FILE_BYTES and size.is_integer()


def _text(path: Path) -> str:
    content = read_bytes(
        path,
        MAX_FILE_BYTES,
        missing=NnbpError(f"{path}: no such file; name one that the book's network2.py saved"),
        too_large=_refused(path, f"larger than {MAX_FILE_BYTES // 2**20} MB"),
    )
    if content.count(b"[") + content.count(b"{") > MAX_LISTS:
        raise ValueError(f"more than {MAX_LISTS:,} lists")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("not text") from error


def _refused(path: Path, why: str) -> NnbpError:
    return NnbpError(f"{path}: not a network that the book's network2.py saved: {why}; name another file")
