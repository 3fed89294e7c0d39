"""PyTorch's autograd with as little around it as there can be: functions, and one call for the update.

Tried and slower: nn.Module with any form of optim.SGD (plain, foreach, fused), a loop over the windows,
the update under `no_grad` instead of on `.data`.
"""

from __future__ import annotations

import torch

from benchmarks.contenders.pytorch import Tensor, Tensors
from benchmarks.job import Arrays, Job


class Contender(Tensors):
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        super().__init__(job, arrays)
        self.windows = [window.requires_grad_() for window in self.start]
        self.data = [window.data for window in self.windows]
        self.velocity = [torch.zeros_like(window) for window in self.data]

    def step(self, x: Tensor, y: Tensor) -> None:
        """See `Tensors`."""
        slopes = list(torch.autograd.grad(self.cost(self.logits(x), y), self.windows))
        if self.job.momentum:
            torch._foreach_mul_(self.velocity, self.job.momentum)
            torch._foreach_add_(self.velocity, slopes)
            slopes = self.velocity
        torch._foreach_add_(self.data, slopes, alpha=-self.job.learning_rate)
