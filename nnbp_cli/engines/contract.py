"""What the training loop asks of an engine, whatever it is made of."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from nnbp_cli.engines.communicator import ALONE, Communicator
from nnbp_cli.nn.arrays import Array, keep_freed_memory
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import Optimizer
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system.reporter import Note

# Makes the generator that a step draws its dropout masks from, given the number of the step.
Masks: TypeAlias = Callable[[int], np.random.Generator]


@dataclass(frozen=True)
class Engine(ABC):
    """Steps of gradient descent on batches of `batch_size`, which change parameters and the optimizer's state
    in place; `targets` has the y of each class, (classes, classes). The steps are those of all processes of
    the `communicator`.
    """

    images_at_once: ClassVar[int] = 512  # that a chunk should have, or fewer; but a batch at least

    network: Network
    optimizer: Optimizer
    penalty: Penalty
    targets: Array
    batch_size: int
    params: Parameters
    optimizer_state: Array
    communicator: Communicator = ALONE

    def __post_init__(self) -> None:
        keep_freed_memory()  # of what is measured between the steps, too

    @classmethod  # noqa: B027, most have nothing to prepare
    def prepare(cls, note: Note, dtype: npt.DTypeLike) -> None:
        """Have it ready for numbers of that kind, so that its first step takes no longer than others; `note`
        is told where that takes a while.
        """

    @abstractmethod
    def advance(
        self, images: Array, labels: Array, rates: Sequence[float], first_step: int, masks: Masks | None
    ) -> float:
        """Take a step on each batch of a chunk; the mean cost of the last one, without the penalty.

        `images` are bytes, (n, inputs), and `labels` their classes, (n,): whole batches one after the other,
        of which the very last of an epoch may be shorter. `rates` has the learning rate of each step. Steps
        are counted from 1 over the whole run, and the first of these is `first_step`.
        """
