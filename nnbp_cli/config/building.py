"""From the description of a network in a config to the network."""

from __future__ import annotations

from nnbp_cli.config.schema import NetworkConfig
from nnbp_cli.nn.activations import ACTIVATIONS, override
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network


def build(config: NetworkConfig, inputs: int) -> Network:
    """The network of a valid config, for images of `inputs` pixels."""
    layers = []
    for layer in config.layers:
        activation = ACTIVATIONS[layer.activation]
        if layer.override:
            activation = override(
                activation, {each.neuron: ACTIVATIONS[each.activation] for each in layer.override}
            )
        layers.append(Dense(inputs, layer.neurons, activation))
        inputs = layer.neurons
    return Network(tuple(layers), COSTS[config.cost])
