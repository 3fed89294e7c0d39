"""torch.compile, given whole steps, the update included; for small batches several steps in one call.

Tried and slower: compiling only the forward pass and its cost; a step a call for batches of ten.
"""

from __future__ import annotations

import torch

from benchmarks.contenders.pytorch import Tensor, Tensors
from benchmarks.job import Arrays, Job

IMAGES = 100  # a call, at least: below that what a call costs is more than what it does


class Contender(Tensors):
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        super().__init__(job, arrays)
        self.velocity = [torch.zeros_like(window) for window in self.start]
        self.steps = max(1, IMAGES // job.batch_size)
        self.call = torch.compile(self._steps, fullgraph=True, options={"cpp_wrapper": True})

    def _steps(self, windows: list[Tensor], velocity: list[Tensor], x: Tensor, y: Tensor) -> None:
        for some_x, some_y in zip(x.split(self.job.batch_size), y.split(self.job.batch_size)):

            def cost(windows: list[Tensor], x: Tensor = some_x, y: Tensor = some_y) -> Tensor:
                return self.cost(self.feedforward(windows, x), y)

            for window, v, slope in zip(windows, velocity, torch.func.grad(cost)(windows)):
                if self.job.momentum:
                    v.mul_(self.job.momentum).add_(slope)
                    slope = v
                window.sub_(slope, alpha=self.job.learning_rate)

    def train(self) -> None:
        """See `benchmarks.job`."""
        for x, y in self.shuffled(self.steps * self.job.batch_size):
            self.call(self.start, self.velocity, x, y)
