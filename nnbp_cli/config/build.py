"""From what a config describes to the thing itself, and whether this machine has the memory for it."""

from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TypeVar

from nnbp_cli.config.schema import AugmentConfig, DataConfig, LayerConfig, NetworkConfig, TrainingConfig
from nnbp_cli.datasets import loading
from nnbp_cli.datasets.augment import Augmentation
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.activations import ACTIVATIONS, Activation, override
from nnbp_cli.nn.arrays import Shape
from nnbp_cli.nn.convolution import Convolution
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.layers import Dense, Dropout, Layer
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS, Optimizer
from nnbp_cli.nn.schedules import SCHEDULES, LearningRate
from nnbp_cli.system import hardware
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import Location, dotted

T = TypeVar("T")

FLOAT_BYTES = 4  # of a float32


def build(config: NetworkConfig, shape: Shape) -> Network:
    """The network of a valid config, for images of `shape` (rows, columns). Raises ConfigError where a kernel
    is larger than the picture that it is to see.
    """
    layers: list[Layer] = []
    for index, layer in enumerate(config.layers):
        activation = ACTIVATIONS[layer.activation]
        if layer.override:
            others = {other.neuron: ACTIVATIONS[other.activation] for other in layer.override}
            activation = override(activation, others)
        if layer.maps:
            layers.append(_convolution(layer, activation, shape, index))
        else:
            layers.append(Dense(prod(shape), layer.neurons or 0, activation))
        shape = layers[-1].outputs
        if layer.dropout:
            layers.append(Dropout(shape, layer.dropout))
    return Network(tuple(layers), COSTS[config.cost])


def _convolution(layer: LayerConfig, activation: Activation, shape: Shape, index: int) -> Convolution:
    rows, columns, channels = (*shape, 1)[:3]
    made = Convolution(
        (rows, columns, channels),
        maps=layer.maps or 1,
        kernel=layer.kernel or 1,
        activation=activation,
        pool=layer.pool or 1,
        same=layer.padding == "same",
    )
    if min(made.outputs) < 1:
        pool = f"pool {made.pool}" * (made.pool > 1)
        # With padding any kernel fits.
        key = "pool" if made.same else "kernel"
        size = pool if made.same else " with ".join(filter(None, (f"kernel {made.kernel}", pool)))
        what = f"layer {index} sees {rows}x{columns}x{channels}, {size} does not fit; take a smaller one"
        raise ConfigError(f"{dotted(('network', 'layers', index, key))}: {what}")
    return made


def optimizer(config: TrainingConfig) -> Optimizer:
    """The optimizer of a valid config, with its own numbers where the config has none."""
    return _with_numbers(OPTIMIZERS[config.optimizer], config)


def learning_rate(config: TrainingConfig) -> LearningRate:
    """The learning rate of a valid config over its run."""
    schedule, epochs, finish = _with_numbers(SCHEDULES[config.schedule], config), config.epochs, None
    if last := config.finish:
        epochs -= last.epochs
        finish = LearningRate(last.learning_rate, last.epochs, 0.0, SCHEDULES["linear"])
    return LearningRate(config.learning_rate, epochs, config.warmup, schedule, finish)


def _with_numbers(described: T, config: TrainingConfig | AugmentConfig) -> T:
    """A frozen dataclass with those of its numbers that the config has."""
    numbers = {name: getattr(config, name, None) for name in vars(described)}
    given = {name: value for name, value in numbers.items() if value is not None}
    return replace(described, **given)  # type: ignore[type-var]


def load_data(
    config: DataConfig, data_dir: Path, where: str, folder: Path | None = None, note: Note = str
) -> Dataset:
    """The data set of a valid config, which is from `where`, from `folder` where that is given; raises what
    `loading.load` raises.
    """
    keys = ("train", "validation", "shuffle", "size", "seed", "rows", "columns")
    options = {key: getattr(config, key) for key in keys}
    try:
        data = loading.load(config.name, data_dir, **options, folder=folder, note=note)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    if config.copies > 1:
        return replace(data, training=replace(data.training, shifted_shape=data.shape))
    return data


def augmentation(config: DataConfig) -> Augmentation | None:
    """How the training images of a valid config are to be distorted, if at all; where there are copies of
    them, the data set has these.
    """
    return _with_numbers(Augmentation(), config.augment) if config.augment and config.copies == 1 else None


def too_large(
    network: Network, training: TrainingConfig | None = None, data: int = 0
) -> tuple[Location, str] | None:
    """Why this machine cannot hold `network`, or not train it as `training` says, and at which key; or None.

    `data` is how many bytes the data set takes.
    """
    size, available = needed_memory(network, training) + data, hardware.total_memory()
    if size <= available:
        return None
    memory = f"{_in_words(size)} of memory, this machine has {_in_words(int(available))}"
    least = needed_memory(network, training and replace(training, batch_size=1)) + data
    if training and _batch(network, training) > size / 2 and least <= available:
        wrong = f"batches of {training.batch_size:,} images would need {memory}; take smaller ones"
        return ("training", "batch_size"), wrong
    wrong = f"{network.size:,} weights and biases would need {memory}; take smaller layers"
    return ("network", "layers"), wrong


def needed_memory(network: Network, training: TrainingConfig | None) -> int:
    """Bytes that training takes at its peak, beside the data and Python itself; without it those of theta."""
    theta = FLOAT_BYTES * network.size
    if not training:
        return theta
    trained = [layer for layer in network.layers if layer.shapes]
    outputs = [prod(layer.outputs) for layer in trained]
    images = network.images_at_once
    passing = [
        # While a batch is learned from, and then what a penalty adds to the gradient.
        _batch(network, training),
        theta * (2 if training.l1 else 1 if training.l2 else 0),
        # While images are evaluated, and while speeds are measured, for which there is another gradient.
        FLOAT_BYTES * images * (network.inputs + 2 * sum(outputs) + network.scratch + max(outputs)),
        theta + FLOAT_BYTES * images * _numbers(network) if "layer speed" in training.watch else 0,
    ]
    # At first there are theta, the one to keep and, in float64, what a layer of them is drawn from. Later,
    # theta, its gradient, the one to keep, and what the optimizer remembers. The compiled engine has theta
    # and what is remembered a second time, in another order, and a gradient of one block after the other.
    first = 2 * theta + 2 * FLOAT_BYTES * max(prod(layer.shapes[0]) for layer in trained)
    lasting = 3 + OPTIMIZERS[training.optimizer].rows * (2 if training.engine == "compiled" else 1)
    return max(first, lasting * theta + max(passing))


def _batch(network: Network, training: TrainingConfig) -> int:
    return FLOAT_BYTES * training.batch_size * _numbers(network)


def _numbers(network: Network) -> int:
    """What backprop has of an example: x, z, a and scratch of every layer, what delta goes back through."""
    outputs = [prod(layer.outputs) for layer in network.layers]
    return network.inputs + 2 * sum(outputs) + network.scratch + 3 * max(outputs)


def _in_words(size: int) -> str:
    power = min(max(2, (size.bit_length() - 1) // 10), 5)
    return f"{size / 2 ** (10 * power):,.0f} {'MGTP'[power - 2]}iB"
