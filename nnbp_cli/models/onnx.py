"""A network as an ONNX model: opset 13 and IR 8, which every runtime of the last years reads.

A layer is a Gemm, z = a W^T + b, and its activation. Where single neurons have activations of their own,
those are computed for the whole layer too, and Where chooses between them. Dropout does nothing outside
training, so it is left out. Softmax means what ours does since opset 13: one axis, here that of the neurons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nnbp_cli import __version__
from nnbp_cli.config import LayerConfig
from nnbp_cli.models.weights import Weights

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET, IR = 13, 8
INPUT, OUTPUT = "pixels", "outputs"
PRODUCER = "nnbp"
SIGNATURE = rb"\x08.\x12\x04nnbp"  # a model's first two fields: the version of its IR, and its producer
MAX_PARAMETER_BYTES = 2**31 - 2**20  # the whole message must stay below 2 GiB

OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softmax": "Softmax", "linear": "Identity"}


def encode(learned: Weights, metadata: Mapping[str, str]) -> bytes:
    """The bytes of the model: "pixels" (batch, pixels), floats from 0 to 1, to "outputs" (batch, classes).

    Raises OverflowError for a network that is too large for the format.
    """
    from onnx import TensorProto, helper, numpy_helper

    if 4 * learned.network.size > MAX_PARAMETER_BYTES:
        raise OverflowError(f"{learned.network.size:,} parameters are more than an ONNX file holds")
    rows, columns = learned.shape
    layers = learned.config.layers
    names = [INPUT, *(f"layers.{number}.a" for number in range(len(layers) - 1)), OUTPUT]
    graph = helper.make_graph(
        [node for number, layer in enumerate(layers) for node in _layer(number, layer, *names[number:][:2])],
        "nnbp",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", rows * columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", learned.network.outputs])],
        [
            numpy_helper.from_array(w, f"layers.{number}.{name}")
            for number, name, w in learned.params.named_parameters()
        ],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name=PRODUCER,
        producer_version=__version__,
        doc_string=f"{INPUT}: {rows}x{columns} pixels of an image, row by row, from 0, no ink, to 1. "
        f"{OUTPUT}: the activations of the output layer; the largest is the answer.",
    )
    helper.set_model_props(model, dict(metadata))
    encoded: bytes = model.SerializeToString()
    return encoded


def _layer(number: int, layer: LayerConfig, a: str, a_next: str) -> Iterator[NodeProto]:
    """The nodes that make the activations `a_next` of a layer from those of the layer before."""
    from onnx import helper, numpy_helper

    z = f"layers.{number}.z"
    yield helper.make_node("Gemm", [a, f"layers.{number}.W", f"layers.{number}.b"], [z], z, transB=1)
    others: dict[str, list[int]] = {}
    for each in layer.override:
        others.setdefault(each.activation, []).append(each.neuron)
    steps = [*(f"{z}.{k}" for k in range(len(others))), a_next]
    yield helper.make_node(OPERATORS[layer.activation], [z], steps[:1], steps[0])
    for (activation, neurons), before, after in zip(others.items(), steps, steps[1:]):
        mask, other = f"{z}.is_{activation}", f"{z}.{activation}"
        chosen = np.isin(np.arange(layer.neurons or 0), neurons).reshape(1, -1)
        yield helper.make_node("Constant", [], [mask], mask, value=numpy_helper.from_array(chosen))
        yield helper.make_node(OPERATORS[activation], [z], [other], other)
        yield helper.make_node("Where", [mask, other, before], [after], after)
