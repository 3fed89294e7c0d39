"""A network as a .safetensors file, under the names that its tensors have in PyTorch.

There it is an nn.Sequential of Linear, activation, Linear, activation and so on, so the layers that learn
have even numbers: 0.weight (neurons, inputs), 0.bias (neurons,), 2.weight, ... With convolutions it begins
with Conv2d, MaxPool2d, activation, takes pictures, (m, 1, rows, columns), and counts these modules too.
Networks that vote are an nn.ModuleList of such, 0.0.weight, 0.0.bias, ..., 1.0.weight; where one takes
pictures all do, the others with a Flatten at their beginning.
"""

from collections.abc import Iterator, Mapping

from nnbp_cli.models.channels_first import Trained, trained_layers
from nnbp_cli.models.ensemble import Ensemble
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


def encode(voters: Ensemble, metadata: Mapping[str, str]) -> bytes:
    """The bytes of the file. Its metadata have as "pytorch" the expression that makes the module, after
    `from torch import nn`, without Dropout; but where single neurons have activations of their own, there
    is no such module.
    """
    from safetensors.numpy import save

    networks = [learned for _, learned in voters.members]
    pictures = any(isinstance(learned.network.layers[0], Convolution) for learned in networks)
    tensors: dict[str, Array] = {}
    sequentials: list[str] = []
    for number, learned in enumerate(networks):
        prefix = f"{number}." if len(networks) > 1 else ""
        modules = ["nn.Flatten()"] * (pictures and not isinstance(learned.network.layers[0], Convolution))
        for trained in trained_layers(learned):
            for module in _modules(trained):
                if module.startswith(("nn.Linear", "nn.Conv2d")):
                    name = f"{prefix}{len(modules)}"
                    tensors |= {f"{name}.weight": trained.W, f"{name}.bias": trained.b}
                modules.append(module)
        sequentials.append(f"nn.Sequential({', '.join(modules)})")
    if any(layer.override for learned in networks for layer in learned.config.layers):
        return save(tensors, dict(metadata))
    module = sequentials[0]
    if len(networks) > 1:
        alike = set(sequentials) == {module}
        each = f"{module} for _ in range({len(networks)})" if alike else ", ".join(sequentials)
        module = f"nn.ModuleList([{each}])"
    return save(tensors, {**metadata, "pytorch": module})


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
