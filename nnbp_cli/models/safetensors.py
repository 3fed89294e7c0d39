"""A network as a .safetensors file, under the names that its tensors have in PyTorch.

There it is an nn.Sequential of Linear, activation, Linear, activation and so on, so the layers that learn
have even numbers: 0.weight (neurons, inputs), 0.bias (neurons,), 2.weight, ... With convolutions it begins
with Conv2d, MaxPool2d, activation, takes pictures, (m, 1, rows, columns), and counts these modules too.
"""

from collections.abc import Iterator, Mapping

from nnbp_cli.models.channels_first import Trained, trained_layers
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.convolution import Convolution

SIGNATURE = rb'.{8}\{"__metadata__":\{.*"program":"nnbp '  # the header's length, and its metadata
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

    tensors: dict[str, Array] = {}
    modules: list[str] = []
    for trained in trained_layers(learned):
        for module in _modules(trained):
            if module.startswith(("nn.Linear", "nn.Conv2d")):
                tensors |= {f"{len(modules)}.weight": trained.W, f"{len(modules)}.bias": trained.b}
            modules.append(module)
    if any(layer.override for layer in learned.config.layers):
        return save(tensors, dict(metadata))
    return save(tensors, {**metadata, "pytorch": f"nn.Sequential({', '.join(modules)})"})


def _modules(trained: Trained) -> Iterator[str]:
    """The expressions of the modules that make a layer."""
    layer = trained.layer
    if isinstance(layer, Convolution):
        before, after = layer.padding
        if before != after:  # which is left, right, top, bottom
            yield f"nn.ZeroPad2d(({before}, {after}, {before}, {after}))"
        padding = f", padding={before}" if before == after > 0 else ""
        yield f"nn.Conv2d({layer.picture[2]}, {layer.maps}, {layer.kernel}{padding})"
        if layer.pool > 1:
            yield f"nn.MaxPool2d({layer.pool})"
    else:
        if trained.flattens:
            yield "nn.Flatten()"
        yield f"nn.Linear({layer.inputs}, {len(trained.W)})"
    yield MODULES[trained.config.activation]
