"""A network as JSON, for the page to run it: what each layer does, and theta in base64."""

from __future__ import annotations

import base64
from typing import Any

from nnbp_cli.models.weights import Weights


def network_json(learned: Weights) -> dict[str, Any]:
    """The layers, first to last, and theta: little-endian float32, every W and then every b.

    Dropout is left out, which leaves nothing out here.
    """
    layers = [
        {
            "neurons": layer.neurons,
            "activation": layer.activation,
            "override": {each.neuron: each.activation for each in layer.override},
        }
        for layer in learned.config.layers
    ]
    theta = learned.params.theta.astype("<f4").tobytes()
    return {"inputs": learned.network.inputs, "layers": layers, "theta": base64.b64encode(theta).decode()}
