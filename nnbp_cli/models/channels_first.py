"""What a network has learned, in the order of axes of ONNX and PyTorch, where channels come first.

A picture is (rows, columns, channels) here and (channels, rows, columns) there. So kernels are transposed,
and the columns of the first dense layer after a convolution are put in the order of the picture that it gets
there: that costs nothing when the network runs, and an nn.Sequential has no module that would transpose.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from nnbp_cli.config import LayerConfig
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array, Shape
from nnbp_cli.nn.convolution import Convolution
from nnbp_cli.nn.layers import Layer


class Trained(NamedTuple):
    """A layer that learned: W is (neurons, inputs), or of a convolution (maps, channels, kernel, kernel).
    `flattens` means that it is the first of neurons after a convolution.
    """

    config: LayerConfig
    layer: Layer
    W: Array
    b: Array
    flattens: bool


def trained_layers(learned: Weights) -> Iterator[Trained]:
    """The layers that learned, first to last."""
    layers = (layer for layer in learned.network.layers if layer.shapes)
    seen: Shape = ()  # by the layer
    for config, layer, (W, b) in zip(learned.config.layers, layers, filter(None, learned.params.layers)):
        flattens = not isinstance(layer, Convolution) and len(seen) == 3
        if flattens:
            W = W.reshape(-1, *seen).transpose(0, 3, 1, 2).reshape(W.shape)
        elif isinstance(layer, Convolution):
            W = np.ascontiguousarray(W.transpose(0, 3, 1, 2))
        yield Trained(config, layer, W, b, flattens)
        seen = layer.outputs
