"""What the training loop asks of an engine, whatever it is made of."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from nnbp_cli.nn.arrays import Array

# Makes the generator that a step draws its dropout masks from, given the number of the step.
Masks: TypeAlias = Callable[[int], np.random.Generator]


class Engine(Protocol):
    """Steps of gradient descent, which change parameters and the optimizer's state in place."""

    def advance(
        self, images: Array, labels: Array, rates: Sequence[float], first_step: int, masks: Masks | None
    ) -> float:
        """Take a step on each batch of a chunk; the mean cost of the last one, without the penalty.

        `images` are bytes, (n, inputs), and `labels` their classes, (n,): whole batches one after the other,
        of which the very last of an epoch may be shorter. `rates` has the learning rate of each step. Steps
        are counted from 1 over the whole run, and the first of these is `first_step`.
        """
