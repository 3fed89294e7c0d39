"""Everything a network has learned, as one vector.

theta holds every W, then every b, in one stretch of memory; each layer has windows (W, b) on it. So an
optimizer is `theta -= rate * gradient`, a checkpoint is one array, and a gradient check walks one array.
A gradient has the same form as what it is the gradient of.
"""

from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
import numpy.typing as npt

from nnbp_cli.nn.arrays import Array, Shape, aligned_zeros


class Parameters:
    """theta, with a window on it for every weight matrix and bias vector; zero at first.

    theta    all of them, (parameters,); changed only in place, or the windows would look elsewhere
    weights  the part of theta that is weights and not biases, which regularization applies to
    layers   for each layer its windows: (W, b), or () where nothing is learned
    """

    def __init__(self, shapes: Sequence[tuple[Shape, ...]], dtype: npt.DTypeLike = np.float32) -> None:
        """`shapes` has, for each layer, the shapes of W and b, or nothing."""
        self.theta: Array = aligned_zeros(sum(prod(shape) for layer in shapes for shape in layer), dtype)
        rest = self.theta

        def window(shape: Shape) -> Array:
            nonlocal rest
            size = prod(shape)
            taken, rest = rest[:size], rest[size:]
            return taken.reshape(shape)

        Ws = [[window(shape) for shape in layer[:1]] for layer in shapes]
        self.weights: Array = self.theta[: self.theta.size - rest.size]
        bs = [[window(shape) for shape in layer[1:]] for layer in shapes]
        self.layers: tuple[tuple[Array, ...], ...] = tuple((*W, *b) for W, b in zip(Ws, bs))

    def named_parameters(self) -> Iterator[tuple[int, str, Array]]:
        """Each window with its layer and its name, "W" or "b"; layers are counted from 0, if they learn."""
        for layer, views in enumerate(filter(None, self.layers)):
            for name, window in zip("Wb", views, strict=True):
                yield layer, name, window
