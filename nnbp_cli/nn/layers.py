"""Layers: how the weighted input z comes from the activations a of the layer before.

Dense is the layer of the book: every neuron sees every activation before it. Dropout keeps the same
contract, and so can others. A layer is a description and holds no state: what it must remember from the
forward pass to the backward pass it returns, and gets back.
"""

from dataclasses import dataclass
from math import inf, prod
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from nnbp_cli.nn.activations import Activation, linear
from nnbp_cli.nn.arrays import Array, Shape

Views: TypeAlias = tuple[Array, ...]

SMALL_BATCH = 64  # examples


class Layer(Protocol):
    """What `Network` asks of a layer. z, a and delta are rows, (m, neurons); params and out are its views.
    Where processes share out a batch that has fewer rows than they are, m is 0 for some.
    """

    @property
    def activation(self) -> Activation:
        """The function that makes the layer's activations of its z."""

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of W and b; () where nothing is learned."""

    @property
    def inputs(self) -> int:
        """How many numbers it gets of an example."""

    @property
    def outputs(self) -> Shape:
        """The shape of what it gives of an example: (neurons,)."""

    @property
    def fans(self) -> tuple[float, float]:
        """Fan-in and fan-out: how many neurons one of its own sees, and by how many of them one is seen."""

    @property
    def work(self) -> int:
        """Multiplications that the forward pass of an example takes."""

    @property
    def scratch(self) -> int:
        """How many numbers its passes work with for an example, beside z, a and delta."""

    @property
    def random(self) -> bool:
        """Whether it draws random numbers in training."""

    def forward(self, params: Views, a: Array, rng: np.random.Generator | None, /) -> tuple[Array, Any]:
        """z, and whatever the two methods below want to remember; no `rng` means not training."""

    def margin(self, params: Views, a: Array, /) -> float:
        """How far the inputs are from where z has a kink; infinite where it has none."""

    def gradients(self, delta: Array, cache: Any, out: Views, /) -> None:
        """Write dC/dW and dC/db, summed over the batch, into `out`."""

    def backward(self, params: Views, delta: Array, cache: Any, /) -> Array:
        """dC/da of the layer before."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer: z = a W^T + b, with W (neurons, inputs), the book's w_jk, and b (neurons,)."""

    inputs: int
    neurons: int
    activation: Activation
    scratch: ClassVar[int] = 0
    random: ClassVar[bool] = False

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """((neurons, inputs), (neurons,))."""
        return (self.neurons, self.inputs), (self.neurons,)

    @property
    def outputs(self) -> Shape:
        """(neurons,)."""
        return (self.neurons,)

    @property
    def fans(self) -> tuple[int, int]:
        """(inputs, neurons)."""
        return self.inputs, self.neurons

    @property
    def work(self) -> int:
        """One multiplication for each weight."""
        return self.inputs * self.neurons

    def forward(self, params: Views, a: Array, rng: np.random.Generator | None, /) -> tuple[Array, Array]:
        """z, (m, neurons), and a to remember, (m, inputs)."""
        W, b = params
        if len(a) < SMALL_BATCH:  # the same product, for few rows in three quarters of the time
            return np.add((W @ a.T).T, b, order="C"), a
        return a @ W.T + b, a

    def margin(self, params: Views, a: Array, /) -> float:
        """z is linear in a."""
        return inf

    def gradients(self, delta: Array, a: Array, out: Views, /) -> None:
        """The sums over the batch; BP1 has divided by m already."""
        dW, db = out
        product = np.dot if len(a) == 1 else np.matmul  # matmul is slow at a column times a row
        product(delta.T, a, out=dW)  # BP4
        delta.sum(axis=0, out=db)  # BP3

    def backward(self, params: Views, delta: Array, a: Array, /) -> Array:
        """delta W: (m, neurons) @ (neurons, inputs)."""
        W, _ = params
        return delta @ W


@dataclass(frozen=True)
class Dropout:
    """Leave out each neuron of the layer before, which gives `outputs`, with probability `rate` in training.

    Those that stay are made 1/(1 - rate) as large ("inverted"), so that the sum keeps its mean, and nothing
    has to change where nothing is left out. Srivastava and others, 2014; the book's chapter 3.
    """

    outputs: Shape
    rate: float
    activation: ClassVar[Activation] = linear
    shapes: ClassVar[tuple[Shape, ...]] = ()
    work: ClassVar[int] = 0
    scratch: ClassVar[int] = 0  # the mask stands in for a z of its own
    random: ClassVar[bool] = True

    @property
    def inputs(self) -> int:
        """As many as it gives."""
        return prod(self.outputs)

    @property
    def fans(self) -> tuple[int, int]:
        """Each neuron has one before it."""
        return 1, 1

    def forward(
        self, params: Views, a: Array, rng: np.random.Generator | None, /
    ) -> tuple[Array, Array | None]:
        """a with some neurons at zero, (m, neurons), and the mask to remember."""
        if rng is None:
            return a, None
        mask = (rng.random(a.shape, np.float32) >= self.rate) / a.dtype.type(1 - self.rate)
        return a * mask, mask

    def margin(self, params: Views, a: Array, /) -> float:
        """z is linear in a."""
        return inf

    def gradients(self, delta: Array, mask: Array | None, out: Views, /) -> None:
        """Nothing is learned here."""

    def backward(self, params: Views, delta: Array, mask: Array | None, /) -> Array:
        """dC/da = delta * mask."""
        return delta if mask is None else delta * mask
