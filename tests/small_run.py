"""A run that takes a moment: a small network on a few hundred synthetic digits."""

from __future__ import annotations

from tests.command_line import Said, nnbp

CONFIG = """
[data]
name = "synthetic"
size = 600

[network]
cost = "log-likelihood"

[[network.layers]]
neurons = 12
activation = "relu"

[[network.layers]]
neurons = 10
activation = "softmax"

[training]
epochs = 3
batch_size = 20
learning_rate = 0.1
l2 = 0.5
watch = ["training cost", "validation accuracy"]
"""


def train(*more: object) -> Said:
    """Train it, with more on the command line; the fixture `here` puts the config in place."""
    return nnbp("train", "--config", "small.toml", *more)
