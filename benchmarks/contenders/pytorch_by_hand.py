"""PyTorch's arithmetic without its autograd: backpropagation written out, the update within the product."""

from __future__ import annotations

import torch

from benchmarks.contenders.pytorch import Tensor, Tensors
from benchmarks.job import Arrays, Job


class Contender(Tensors):
    """See `benchmarks.job`."""

    def __init__(self, job: Job, arrays: Arrays) -> None:
        super().__init__(job, arrays)
        self.layers = list(zip(self.start[::2], self.start[1::2]))
        self.velocity = [(torch.zeros_like(W), torch.zeros_like(b)) for W, b in self.layers]

    def step(self, x: Tensor, y: Tensor) -> None:
        """See `Tensors`."""
        book = self.job.hidden == "sigmoid"
        activations = [x]
        for W, b in self.layers[:-1]:
            z = torch.addmm(b, activations[-1], W.t())
            activations.append(z.sigmoid_() if book else z.relu_())
        W, b = self.layers[-1]
        z = torch.addmm(b, activations[-1], W.t())
        delta = (z.sigmoid_() if book else z.softmax(1)).sub_(y).div_(len(x))
        for l in reversed(range(len(self.layers))):
            a, (W, b), (v, u) = activations[l], self.layers[l], self.velocity[l]
            if l:
                before = delta @ W
                pulled = before.mul_(a).mul_(1 - a) if book else before.mul_(a > 0)
            if self.job.momentum:
                v.addmm_(delta.t(), a, beta=self.job.momentum)
                u.mul_(self.job.momentum).add_(delta.sum(0))
                W.sub_(v, alpha=self.job.learning_rate)
                b.sub_(u, alpha=self.job.learning_rate)
            else:
                W.addmm_(delta.t(), a, alpha=-self.job.learning_rate)
                b.sub_(delta.sum(0), alpha=self.job.learning_rate)
            if l:
                delta = pulled
