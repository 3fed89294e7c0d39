"""How much memory it takes to train a network, before any of it is asked for."""

from __future__ import annotations

from math import prod

from nnbp_cli.config.schema import TrainingConfig
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.system import hardware
from nnbp_cli.wording import Location

NUMBER = 4  # bytes in a float32


def too_large(
    network: Network, training: TrainingConfig | None = None, data: int = 0
) -> tuple[Location, str] | None:
    """Why this machine cannot hold `network`, or not train it as `training` says, and at which key; or None.

    `data` is how many bytes the data set takes.
    """
    size, there = needed(network, training) + data, hardware.total_memory()
    if size <= there:
        return None
    memory = f"{_in_words(size)} of memory, this machine has {_in_words(int(there))}"
    if training and _batch(network, training) > size / 2:
        wrong = f"batches of {training.batch_size:,} images would need {memory}; take smaller ones"
        return ("training", "batch_size"), wrong
    wrong = f"{network.size:,} weights and biases would need {memory}; take fewer neurons"
    return ("network", "layers"), wrong


def needed(network: Network, training: TrainingConfig | None) -> int:
    """Bytes that training takes at its peak, beside the data and Python itself; without it those of theta."""
    row = NUMBER * network.size
    if not training:
        return row
    learning = [prod(layer.outputs) for layer in network.layers if layer.shapes]
    together = _images_at_once(network)
    passing = [
        # While a batch is learned from, and then what a penalty adds to the gradient.
        _batch(network, training),
        row * (2 if training.l1 else 1 if training.l2 else 0),
        # While images are evaluated, and while speeds are measured, for which there is another gradient.
        NUMBER * together * (network.inputs + 2 * sum(learning) + max(learning)),
        row + NUMBER * together * _numbers(network) if "layer speed" in training.watch else 0,
    ]
    # At first there are theta, the one to keep and, in float64, what a layer of them is drawn from. Later,
    # theta, its gradient, the one to keep, and what the optimizer remembers.
    first = 2 * row + 2 * NUMBER * max(prod(layer.shapes[0]) for layer in network.layers if layer.shapes)
    lasting = (3 + OPTIMIZERS[training.optimizer].rows) * row
    return max(first, lasting + max(passing))


def _images_at_once(network: Network) -> int:
    """How many images are evaluated at once, as `evaluation` says, which is not to be imported here."""
    return max(1, min(1000, 2_000_000_000 // max(1, network.work)))


def _batch(network: Network, training: TrainingConfig) -> int:
    return NUMBER * training.batch_size * _numbers(network)


def _numbers(network: Network) -> int:
    """What backprop has of an example: x, z and a of every layer, and what delta goes back through."""
    outputs = [prod(layer.outputs) for layer in network.layers]
    return network.inputs + 2 * sum(outputs) + 3 * max(outputs)


def _in_words(size: int) -> str:
    power = min(max(2, (size.bit_length() - 1) // 10), 5)
    return f"{size / 2 ** (10 * power):,.0f} {'MGTP'[power - 2]}iB"
