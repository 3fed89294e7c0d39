"""PyTorch as its tutorials write it, but without a DataLoader: nn.Sequential and optim.SGD."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from benchmarks.contenders.pytorch import Tensor, Tensors
from benchmarks.job import Arrays, Job


class Contender(Tensors):
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        super().__init__(job, arrays)
        f = nn.Sigmoid if job.hidden == "sigmoid" else nn.ReLU
        modules = [module for pair in pairwise(job.sizes) for module in (nn.Linear(*pair), f())]
        self.model = nn.Sequential(*modules[:-1])
        with torch.no_grad():
            for parameter, window in zip(self.model.parameters(), self.start):
                parameter[...] = window
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=job.learning_rate, momentum=job.momentum)

    def logits(self, x: Tensor) -> Tensor:
        """See `Tensors`."""
        z: Tensor = self.model(x)
        return z

    def step(self, x: Tensor, y: Tensor) -> None:
        """See `Tensors`."""
        self.optimizer.zero_grad()
        self.cost(self.model(x), y).backward()
        self.optimizer.step()
