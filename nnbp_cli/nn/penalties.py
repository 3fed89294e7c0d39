"""Regularization: what large weights cost.

The book's L2 adds lambda/2n sum w^2 to the cost, over all weights and no biases; n is the number of
training images, not of the batch. Its gradient is lambda/n w.
"""

from __future__ import annotations

from dataclasses import dataclass

from nnbp_cli.nn.parameters import Parameters


@dataclass(frozen=True)
class Penalty:
    """L2 with the book's lambda, `l2`, for a training set of `images`."""

    l2: float
    images: int

    def cost(self, params: Parameters) -> float:
        """lambda/2n sum w^2, to be added to the mean cost of the examples."""
        if not self.l2:
            return 0.0  # and not 0 times what may be infinite
        return self.l2 / (2 * self.images) * float(params.weights @ params.weights)

    def add_gradient(self, params: Parameters, gradient: Parameters) -> None:
        """Add lambda/n w to the weights' part of `gradient`, in place."""
        if self.l2:
            gradient.weights += (self.l2 / self.images) * params.weights
