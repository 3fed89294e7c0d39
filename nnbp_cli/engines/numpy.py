"""Steps in numpy: backprop as the book has it, the penalty, the optimizer, batch by batch. The reference that
other engines are held against, and the one that takes every network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from nnbp_cli.engines.communicator import RowsOf
from nnbp_cli.engines.contract import Engine, Masks
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.scaling import scaled

PARAMETERS_PER_UPDATE = 131_072  # that stay in the cache


@dataclass(frozen=True)
class NumpyEngine(Engine):
    """An `Engine` for every network."""

    def advance(
        self, images: Array, labels: Array, rates: Sequence[float], first_step: int, masks: Masks | None
    ) -> float:
        """backprop of this process's rows, their sum with the others', penalty and optimizer for each batch;
        see `Engine.advance` for what comes in.
        """
        x, y = scaled(images, self.params.theta.dtype), self.targets[labels]
        ranks = self.communicator
        for k, rate in enumerate(rates):
            start, stop = k * self.batch_size, min((k + 1) * self.batch_size, len(labels))
            own, rows = ranks.share(start, stop), stop - start
            rng = masks(first_step + k) if masks else None
            if rng and ranks.size > 1:
                rng = RowsOf(rng, slice(own.start - start, own.stop - start), rows)
            z, a = self.network.backprop(self.params, x[own], y[own], self.gradient, rng)
            ranks.average(self.gradient.theta, own, rows)
            self.penalty.add_gradient(self.params, self.gradient)
            for theta, gradient, slots in self._parts:
                self.optimizer.step(theta, gradient, slots, rate, first_step + k)
        return ranks.sum(self.network.cost.values(z, a, y[own]).sum()) / rows

    @cached_property
    def gradient(self) -> Parameters:
        """Where backprop writes the gradient of each batch."""
        return self.network.parameters(self.params.theta.dtype)

    @cached_property
    def _parts(self) -> list[tuple[Array, Array, Array]]:
        """Theta, its gradient and the optimizer's state, in pieces that stay in the cache."""
        ends = range(0, self.params.theta.size, PARAMETERS_PER_UPDATE)
        parts = [slice(k, k + PARAMETERS_PER_UPDATE) for k in ends]
        return [(self.params.theta[p], self.gradient.theta[p], self.optimizer_state[:, p]) for p in parts]
