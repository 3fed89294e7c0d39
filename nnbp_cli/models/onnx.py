"""A network as an ONNX model: opset 13 and IR 8, which every runtime of the last years reads.

A layer is a Gemm, z = a W^T + b, and its activation. A convolution is a Conv and a MaxPool: here the maximum
is taken before b is added, which gives the same numbers. For the first of them the pixels are made pictures,
(batch, 1, rows, columns), and what the last one gives is flattened, channels first. Where single neurons
have activations of their own, those are computed for the whole layer too, and Where chooses between them.
Dropout does nothing outside training, so it is left out. Softmax means what ours does since opset 13: one
axis, here that of the neurons. Networks that vote stand side by side, under members.0. and so on, and Mean
takes the outputs of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nnbp_cli import __version__
from nnbp_cli.config import LayerConfig
from nnbp_cli.models.channels_first import Trained, trained_layers
from nnbp_cli.models.ensemble import Ensemble
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.convolution import Convolution

if TYPE_CHECKING:
    from onnx import NodeProto

OPSET, IR = 13, 8
INPUT, OUTPUT = "pixels", "outputs"
PRODUCER = "nnbp"
SIGNATURE = rb"\x08.\x12\x04nnbp"  # a model's first two fields: the version of its IR, and its producer
MAX_PARAMETER_BYTES = 2**31 - 2**20  # the whole message must stay below 2 GiB

OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softmax": "Softmax", "linear": "Identity"}


def encode(voters: Ensemble, metadata: Mapping[str, str]) -> bytes:
    """The bytes of the model: "pixels" (batch, pixels), floats from 0 to 1, to "outputs" (batch, classes).

    Raises OverflowError for networks that are too large for the format.
    """
    from onnx import TensorProto, helper, numpy_helper

    if 4 * voters.size > MAX_PARAMETER_BYTES:
        raise OverflowError(f"{voters.size:,} parameters are more than an ONNX file holds")
    rows, columns = voters.first.shape
    several = len(voters.members) > 1
    nodes: list[NodeProto] = []
    arrays: dict[str, Array] = {}
    outputs: list[str] = []
    for number, (_, learned) in enumerate(voters.members):
        name = f"members.{number}." if several else ""
        layers = list(trained_layers(learned))
        outputs.append(f"{name}{OUTPUT}")
        between = (f"{name}layers.{k}.a" for k in range(len(layers) - 1))
        steps = [INPUT, *between, outputs[-1]]
        for k, (layer, a, a_next) in enumerate(zip(layers, steps, steps[1:])):
            nodes += _layer(f"{name}layers.{k}", layer, a, a_next)
            arrays |= {f"{name}layers.{k}.W": layer.W, f"{name}layers.{k}.b": layer.b}
    if several:
        nodes.append(helper.make_node("Mean", outputs, [OUTPUT], OUTPUT))
    graph = helper.make_graph(
        nodes,
        "nnbp",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", rows * columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", voters.first.network.outputs])],
        [numpy_helper.from_array(window, name) for name, window in arrays.items()],
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


def _layer(name: str, trained: Trained, a: str, a_next: str) -> Iterator[NodeProto]:
    """The nodes that make the activations `a_next` of a layer from those of the layer before."""
    from onnx import helper

    W, b, z = (f"{name}.{each}" for each in "Wbz")
    if isinstance(trained.layer, Convolution):
        yield from _convolution(trained.layer, a, W, b, z)
    else:
        if trained.flattens:
            yield helper.make_node("Flatten", [a], [f"{a}.flat"], f"{a}.flat")
            a = f"{a}.flat"
        yield helper.make_node("Gemm", [a, W, b], [z], z, transB=1)
    yield from _activation(trained.config, z, a_next)


def _convolution(layer: Convolution, a: str, W: str, b: str, z: str) -> Iterator[NodeProto]:
    from onnx import helper, numpy_helper

    if a == INPUT:
        rows, columns, channels = layer.picture
        a, given = f"{z}.pictures", f"{z}.pictures.shape"
        shape = numpy_helper.from_array(np.array([0, channels, rows, columns]))  # 0: as many as there are
        yield helper.make_node("Constant", [], [given], given, value=shape)
        yield helper.make_node("Reshape", [INPUT, given], [a], a)
    before, after = layer.padding
    neurons = f"{z}.neurons" if layer.pool > 1 else z
    pads = [before, before, after, after]
    yield helper.make_node("Conv", [a, W, b], [neurons], neurons, kernel_shape=[layer.kernel] * 2, pads=pads)
    if layer.pool > 1:
        side = [layer.pool] * 2
        yield helper.make_node("MaxPool", [neurons], [z], z, kernel_shape=side, strides=side)


def _activation(layer: LayerConfig, z: str, a_next: str) -> Iterator[NodeProto]:
    from onnx import helper, numpy_helper

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
