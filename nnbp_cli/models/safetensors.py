"""A network as a .safetensors file, under the names that its tensors have in PyTorch.

There it is an nn.Sequential of Linear, activation, Linear, activation and so on, so the layers that learn
have even numbers: 0.weight (neurons, inputs), 0.bias (neurons,), 2.weight, ...
"""

from collections.abc import Mapping

from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.layers import Dense

SIGNATURE = rb'.{8}\{"__metadata__":\{.*"program":"nnbp '  # the header's length, and its metadata
NAMES = {"W": "weight", "b": "bias"}
MODULES = {
    "sigmoid": "nn.Sigmoid()",
    "tanh": "nn.Tanh()",
    "relu": "nn.ReLU()",
    "linear": "nn.Identity()",
    "softmax": "nn.Softmax(dim=1)",
}


def encode(learned: Weights, metadata: Mapping[str, str]) -> bytes:
    """The bytes of the file. Its metadata have as "pytorch" the expression that makes the module, after
    `from torch import nn`, without Dropout; but where single neurons have activations of their own, there
    is no such module.
    """
    from safetensors.numpy import save

    tensors = {
        f"{2 * layer}.{NAMES[name]}": window for layer, name, window in learned.params.named_parameters()
    }
    if any(layer.override for layer in learned.config.layers):
        return save(tensors, dict(metadata))
    parts = (
        f"nn.Linear({layer.inputs}, {layer.neurons}), {MODULES[layer.activation.name]}"
        for layer in learned.network.layers
        if isinstance(layer, Dense)
    )
    return save(tensors, {**metadata, "pytorch": f"nn.Sequential({', '.join(parts)})"})
