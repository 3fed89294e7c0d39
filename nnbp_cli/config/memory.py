"""How much memory it takes to train a network, before any of it is asked for."""

from __future__ import annotations

from itertools import pairwise

from nnbp_cli import machine
from nnbp_cli.config.schema import NetworkConfig, OptimizerName, TrainingConfig
from nnbp_cli.config.wording import Place

NUMBER = 4  # bytes in a float32

# What an optimizer remembers of each parameter.
_SLOTS: dict[OptimizerName, int] = {
    "sgd": 0,
    "momentum": 1,
    "nesterov": 1,
    "rmsprop": 1,
    "adam": 2,
    "adamw": 2,
}


def too_large(
    network: NetworkConfig, training: TrainingConfig | None = None, inputs: int = 0, data: int = 0
) -> tuple[Place, str] | None:
    """Why this machine cannot hold `network`, or not train it as `training` says, and at which key; or None.

    `data` is how many bytes the data set takes. Without `inputs`, a lower bound is judged.
    """
    parameters = _parameters(network, inputs)
    size, there = needed(network, training, inputs) + data, machine.memory()
    if size <= there:
        return None
    memory = f"{_in_words(size)} of memory, this machine has {_in_words(int(there))}"
    if training and inputs and _batch(network, training, inputs) > size / 2:
        wrong = f"batches of {training.batch_size:,} images would need {memory}; take smaller ones"
        return ("training", "batch_size"), wrong
    return ("network", "layers"), f"{parameters:,} weights and biases would need {memory}; take fewer neurons"


def needed(network: NetworkConfig, training: TrainingConfig | None, inputs: int) -> int:
    """The bytes that training takes at its peak, beside the data and Python itself; or those of theta alone.

    Without `inputs` a lower bound: how many images there may be in a batch is not known then either.
    """
    row = NUMBER * _parameters(network, inputs)
    if not training:
        return row
    sizes = [layer.neurons for layer in network.layers]
    together = _images_at_once(row // NUMBER)
    passing = [
        # While a batch is learned from, and then what a penalty adds to the gradient.
        _batch(network, training, inputs),
        row * (2 if training.l1 else 1 if training.l2 else 0),
        # While images are evaluated, and while speeds are measured, for which there is another gradient.
        NUMBER * together * (inputs + 2 * sum(sizes) + max(sizes)),
        row + NUMBER * together * _numbers(network, inputs) if "layer speed" in training.watch else 0,
    ]
    # At first there are theta, the one to keep and, in float64, what a layer of them is drawn from. Later,
    # theta, its gradient, the one to keep, and what the optimizer remembers.
    first = 2 * row + 2 * NUMBER * max(a * b for a, b in pairwise((inputs, *sizes)))
    lasting = (3 + _SLOTS[training.optimizer]) * row
    return max(first, lasting + max(passing) if inputs else lasting)


def _images_at_once(parameters: int) -> int:
    """How many images are evaluated at once, as `evaluation` says, which is not to be imported here."""
    return max(1, min(1000, 2_000_000_000 // max(1, parameters)))


def _parameters(network: NetworkConfig, inputs: int) -> int:
    sizes = (inputs, *(layer.neurons for layer in network.layers))
    return sum((before + 1) * neurons for before, neurons in pairwise(sizes))


def _batch(network: NetworkConfig, training: TrainingConfig, inputs: int) -> int:
    return NUMBER * training.batch_size * _numbers(network, inputs)


def _numbers(network: NetworkConfig, inputs: int) -> int:
    """What backprop has of an example: x, z and a of every layer, two more for dropout, and what delta goes
    back through.
    """
    kept = sum(layer.neurons * (4 if layer.dropout else 2) for layer in network.layers)
    return inputs + kept + 3 * max(layer.neurons for layer in network.layers)


def _in_words(size: int) -> str:
    power = min(max(2, (size.bit_length() - 1) // 10), 5)
    return f"{size / 2 ** (10 * power):,.0f} {'MGTP'[power - 2]}iB"
