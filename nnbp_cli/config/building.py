"""From what a config describes to the thing itself: the network, the data set."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from math import prod
from pathlib import Path
from typing import Any

from nnbp_cli.config.schema import DataConfig, NetworkConfig, TrainingConfig
from nnbp_cli.datasets import dataset
from nnbp_cli.datasets.augment import Augmentation
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.activations import ACTIVATIONS, override
from nnbp_cli.nn.arrays import Shape
from nnbp_cli.nn.costs import COSTS
from nnbp_cli.nn.layers import Dense, Dropout, Layer
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS, Optimizer
from nnbp_cli.nn.schedules import SCHEDULES, LearningRate


def build(config: NetworkConfig, shape: Shape) -> Network:
    """The network of a valid config, for images of `shape` (rows, columns)."""
    layers: list[Layer] = []
    for layer in config.layers:
        activation = ACTIVATIONS[layer.activation]
        if layer.override:
            activation = override(
                activation, {each.neuron: ACTIVATIONS[each.activation] for each in layer.override}
            )
        layers.append(Dense(prod(shape), layer.neurons, activation))
        shape = layers[-1].outputs
        if layer.dropout:
            layers.append(Dropout(shape, layer.dropout))
    return Network(tuple(layers), COSTS[config.cost])


def optimizer(config: TrainingConfig) -> Optimizer:
    """The optimizer of a valid config, with its own numbers where the config has none."""
    chosen: Optimizer = _with_numbers(OPTIMIZERS[config.optimizer], config)
    return chosen


def learning_rate(config: TrainingConfig) -> LearningRate:
    """The learning rate of a valid config over its run."""
    schedule = _with_numbers(SCHEDULES[config.schedule], config)
    return LearningRate(config.learning_rate, config.epochs, config.warmup, schedule)


def _with_numbers(described: Any, config: TrainingConfig) -> Any:
    """A frozen dataclass with those of its numbers that the config has."""
    given = {each.name: getattr(config, each.name, None) for each in fields(described)}
    return replace(described, **{name: value for name, value in given.items() if value is not None})


def load_data(config: DataConfig, data_dir: Path, where: str) -> Dataset:
    """The data set of a valid config, which is from `where`; raises what `dataset.load` raises."""
    options = {key: value for key, value in asdict(config).items() if key not in ("name", "augment")}
    try:
        return dataset.load(config.name, data_dir, **options)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error


def augmentation(config: DataConfig) -> Augmentation | None:
    """How the training images of a valid config are to be distorted, if at all."""
    if config.augment is None:
        return None
    return Augmentation(**{key: value for key, value in asdict(config.augment).items() if value is not None})
