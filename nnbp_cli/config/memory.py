"""How much memory a network needs to train, before any of it is asked for."""

from __future__ import annotations

from itertools import pairwise

from nnbp_cli import machine
from nnbp_cli.config.schema import NetworkConfig, OptimizerName

# One float32 for each parameter in theta and in its gradient, and in each of the optimizer's rows.
_ROWS: dict[OptimizerName, int] = {
    "sgd": 2,
    "momentum": 3,
    "nesterov": 3,
    "rmsprop": 3,
    "adam": 4,
    "adamw": 4,
}


def too_large(network: NetworkConfig, optimizer: OptimizerName, inputs: int = 0) -> str | None:
    """Why this machine cannot train `network`, or None. Without `inputs`, a lower bound is judged."""
    sizes = (inputs, *(layer.neurons for layer in network.layers))
    parameters = sum((before + 1) * neurons for before, neurons in pairwise(sizes))
    needed, there = 4 * parameters * _ROWS[optimizer], machine.memory()
    if needed <= there:
        return None
    return (
        f"{parameters:,} weights and biases would need {_in_words(needed)} of memory, "
        f"this machine has {_in_words(int(there))}; take fewer neurons"
    )


def _in_words(size: int) -> str:
    power = min(max(2, (size.bit_length() - 1) // 10), 5)
    return f"{size / 2 ** (10 * power):,.0f} {'MGTP'[power - 2]}iB"
