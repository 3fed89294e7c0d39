"""Steps compiled with numba, for dense networks. Of an image only the inked pixels are walked over, a fifth
of all that MNIST has, and a batch costs no calls. docs/compiled.md derives it.

While a chunk is learned from, the parameters of a layer stand in blocks of LANES neurons. A block has a row
of LANES numbers for each input: their weights; and a last one for an input that is always 1: their biases.
Where a layer's neurons do not fill its last block the others there are ghosts, which nothing sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nnbp_cli.engines import compiled_activations, compiled_optimizers, compiling, kernels, lanes
from nnbp_cli.engines.automatic import COMPILED_ACTIVATIONS
from nnbp_cli.engines.code_cache import keep, told_of_compiling
from nnbp_cli.engines.contract import Engine, Masks
from nnbp_cli.engines.lanes import LANES
from nnbp_cli.nn.activations import sigmoid
from nnbp_cli.nn.arrays import Array, aligned_zeros
from nnbp_cli.nn.costs import cross_entropy, quadratic
from nnbp_cli.nn.layers import Dense
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import Adam, AdamW, Momentum, RmsProp, Sgd
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system.reporter import Note

keep(kernels.advance, [kernels, compiled_activations, compiled_optimizers, lanes, compiling])

ACTIVATIONS = {name: getattr(compiled_activations, name.upper()) for name in COMPILED_ACTIVATIONS}
# Of a layer: its size; where its W and b begin in theta, its first block among all blocks, and its first row
# of activations among all of them; how long a row is; its activation.
LAYER = np.dtype([
    (name, np.int64) for name in ("inputs", "neurons", "blocks", "W", "b", "block", "row", "width", "f")
])  # fmt: skip


class Memory(NamedTuple):
    """What the kernels work on.

    layers                  of type LAYER
    overrides               rows of layer, neuron and its activation
    theta, slots            in blocks
    gradient                of a block
    z, delta                rows of the neurons of a layer, one for each image of a batch, layer after layer
    a                       the same, a 1 after each row; then the inked pixels of each image, a 1 after them
    which                   0, 1, 2, ... as far as a layer has inputs; further on, as in `a`, which pixels
    starts                  where the pixels of each image start in both
    slopes                  sigma' of a layer
    """

    layers: Array
    overrides: Array
    theta: Array
    gradient: Array
    slots: Array
    z: Array
    delta: Array
    a: Array
    which: Array
    starts: Array
    slopes: Array


@dataclass(frozen=True)
class CompiledEngine(Engine):
    """An `Engine` for networks of dense layers."""

    images_at_once = 4096  # what a chunk costs beside its batches is then 1% of it

    @classmethod
    def prepare(cls, note: Note, dtype: npt.DTypeLike) -> None:
        """Compile the kernels, or load them; `note` is told before they are compiled."""
        network = Network((Dense(1, 1, sigmoid),), cross_entropy)
        params, images = network.parameters(dtype), np.zeros((1, 1), np.uint8)
        targets = np.ones((1, 1), dtype)
        no_slots = np.zeros((0, network.size), dtype)
        engine = cls(network, Sgd(), Penalty(images=1), targets, 1, params, no_slots)
        message = "compiling the steps of training; some seconds, once on this machine"
        with told_of_compiling(kernels.advance, note, message):
            engine.advance(images, images[0], [1.0], 1, None)

    def advance(
        self, images: Array, labels: Array, rates: Sequence[float], first_step: int, masks: Masks | None
    ) -> float:
        """See `Engine.advance`."""
        memory, number = self._memory, self.targets.dtype.type
        l1, l2 = self.penalty.l1 / self.penalty.images, self.penalty.l2 / self.penalty.images
        m = kernels.advance(
            memory,
            self.params.theta,
            self.optimizer_state,
            images.reshape(-1),
            labels,
            self.targets,
            self.batch_size,
            np.array(rates, number),
            first_step,
            self.network.cost is quadratic,
            number(l1),
            number(l2),
            *self._rule,
        )
        *_, last = memory.layers
        rows = slice(last["row"], last["row"] + m * last["width"])
        z, a = (each[rows].reshape(m, -1)[:, : last["neurons"]] for each in (memory.z, memory.a))
        return float(self.network.cost.values(z, a, self.targets[labels[-m:]]).mean())

    @cached_property
    def _rule(self) -> tuple[int, Array]:
        """The optimizer as the kernels have it: which, and its numbers."""
        match self.optimizer:
            case Momentum(momentum, nesterov):
                rule, numbers = (
                    compiled_optimizers.NESTEROV if nesterov else compiled_optimizers.MOMENTUM,
                    [momentum],
                )
            case RmsProp(rho, epsilon):
                rule, numbers = compiled_optimizers.RMSPROP, [rho, epsilon]
            case AdamW(beta1, beta2, epsilon, weight_decay):
                rule, numbers = compiled_optimizers.ADAM, [beta1, beta2, epsilon, weight_decay]
            case Adam(beta1, beta2, epsilon):
                rule, numbers = compiled_optimizers.ADAM, [beta1, beta2, epsilon, 0.0]
            case Sgd():
                rule, numbers = compiled_optimizers.SGD, []
            case _:
                raise ValueError(f"{self.optimizer} is not compiled")
        return rule, np.array(numbers, self.targets.dtype)

    @cached_property
    def _memory(self) -> Memory:
        layers, overrides, block, row = [], [], 0, 0
        offset = self.params.weights.size
        W = 0
        for l, layer in enumerate(self.network.layers):
            if not isinstance(layer, Dense):
                raise TypeError(f"{type(layer).__name__} is not compiled")
            activation, others = layer.activation.parts
            blocks = -(-layer.neurons // LANES)
            width = LANES * (layer.neurons // LANES + 1)  # with room for a 1 after them
            f = ACTIVATIONS[activation.name]
            layers.append((layer.inputs, layer.neurons, blocks, W, offset, block, row, width, f))
            overrides += [(l, j, ACTIVATIONS[other.name]) for j, other in others.items()]
            W, offset = W + layer.work, offset + layer.neurons
            block += blocks * LANES * (layer.inputs + 1)
            row += self.batch_size * width
        begin = max(row, *(layer.inputs + 1 for layer in self.network.layers))
        end = begin + self.batch_size * (self.network.inputs + 1) + 1

        def numbers(size: int) -> Array:
            return aligned_zeros(size, self.targets.dtype)

        return Memory(
            layers=np.array(layers, LAYER),
            overrides=np.array(overrides, np.int64).reshape(-1, 3),
            theta=numbers(block),
            gradient=numbers(max(LANES * (layer.inputs + 1) for layer in self.network.layers)),
            slots=numbers(len(self.optimizer_state) * block).reshape(-1, block),
            z=numbers(row),
            delta=numbers(row),
            a=numbers(end),
            which=np.arange(end, dtype=np.uint32),
            starts=np.full(self.batch_size + 1, begin),
            slopes=numbers(row),
        )
