"""Regularization: what large weights cost.

For a training set of n images (n is not the batch), over all weights and no biases, the book's chapter 3
adds to the cost, and so to the gradient:

    L1    lambda/n sum |w|       lambda/n sign(w), with sign(0) = 0
    L2    lambda/2n sum w^2      lambda/n w
"""

from dataclasses import dataclass

import numpy as np

from nnbp_cli.nn.parameters import Parameters


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """L1 and L2 with the book's lambda, `l1` and `l2`, for a training set of `images`."""

    l1: float = 0.0
    l2: float = 0.0
    images: int

    def cost(self, params: Parameters) -> float:
        """What is to be added to the mean cost of the examples."""
        w, cost = params.weights, 0.0
        if self.l1:  # and not 0 times what may be infinite
            cost += self.l1 / self.images * float(abs(w).sum())
        if self.l2:
            cost += self.l2 / (2 * self.images) * float(w @ w)
        return cost

    def add_gradient(self, params: Parameters, gradient: Parameters) -> None:
        """Add its gradient to the weights' part of `gradient`, in place."""
        w = params.weights
        if self.l1:
            gradient.weights += (self.l1 / self.images) * np.sign(w)
        if self.l2:
            gradient.weights += (self.l2 / self.images) * w
