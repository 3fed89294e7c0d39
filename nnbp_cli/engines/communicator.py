"""The processes that learn one network together, each from its rows of every batch: data-parallel training.

All hold the same theta, add up their gradients and take the same step. In the words of MPI, each has a rank;
the one of rank 0 alone reads, writes and prints.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from nnbp_cli.nn.arrays import Array
from nnbp_cli.system import hardware


class Communicator:
    """A process that is alone, to derive from. `made_with` is what the last bits of its sums depend on."""

    rank: int = 0
    size: int = 1
    made_with: Mapping[str, str] = MappingProxyType({"ranks": "1"})

    @property
    def cores(self) -> int:
        """How many each process has for itself, where several share those of a machine."""
        return hardware.available_cpus()

    def allreduce(self, array: Array) -> None:
        """Make of `array` its sum over all processes, the same bits in each."""

    def broadcast(self, array: Array) -> None:
        """Make of `array` that of rank 0."""

    def close(self) -> None:
        """Part from the others in good order; they wait for each other."""

    def sum(self, value: float) -> float:
        """The sum of a number over all processes."""
        total = np.array([value], np.float64)
        self.allreduce(total)
        return float(total[0])

    def any(self, value: bool) -> bool:
        """Whether it holds in any process."""
        return self.sum(value) > 0

    def share(self, start: int, stop: int) -> slice:
        """This process's of the rows from `start` to `stop`; none where the processes outnumber them."""
        if self.size == 1:
            return slice(start, stop)
        rows = stop - start
        return slice(start + self.rank * rows // self.size, start + (self.rank + 1) * rows // self.size)

    def average(self, gradient: Array, own: slice, rows: int) -> None:
        """Make of the mean over this process's `own` rows that over all `rows` of the batch."""
        if self.size > 1:
            gradient *= (own.stop - own.start) / rows
            self.allreduce(gradient)


ALONE = Communicator()


class RowsOf(np.random.Generator):
    """Draws for all `rows` of a batch, as one process does, and gives those of its `own`."""

    def __init__(self, rng: np.random.Generator, own: slice, rows: int) -> None:
        super().__init__(rng.bit_generator)
        self.own, self.rows = own, rows

    def random(self, shape: tuple[int, ...], dtype: Any) -> Array:  # type: ignore[override]
        """Uniform numbers, (own rows, ...)."""
        drawn: Array = super().random((self.rows, *shape[1:]), dtype)
        return drawn[self.own]
