"""Defaults that depend on a neighbour: on the data set, the optimizer or the schedule that is chosen."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from nnbp_cli.config.schema import Config, DataConfig, TrainingConfig
from nnbp_cli.datasets.augment import SIGMA
from nnbp_cli.datasets.sources import DRAWN, KNOWN, SEED, SIZE, absolute
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.schedules import SCHEDULES
from nnbp_cli.wording import Location

Table = TypeVar("Table", DataConfig, TrainingConfig)


@dataclass(frozen=True)
class OnlyWith:
    """A key that means something only where its neighbour `key` has one of some values: those that
    `defaults` has a default for.
    """

    key: str
    defaults: Mapping[str, int | float]


def _numbers_of(key: str, choices: Mapping[str, Any]) -> dict[str, OnlyWith]:
    """The keys of [training] that are numbers of what `key` chooses, with the usual ones of each choice."""
    return {
        name: OnlyWith(
            key, {choice: vars(value)[name] for choice, value in choices.items() if name in vars(value)}
        )
        for name in (field.name for field in fields(TrainingConfig))
        if any(name in vars(value) for value in choices.values())
    }


ONLY_WITH = {
    "data": {
        "size": OnlyWith("name", dict.fromkeys(DRAWN, SIZE)),
        "seed": OnlyWith("name", dict.fromkeys(DRAWN, SEED)),
    },
    "training": {**_numbers_of("optimizer", OPTIMIZERS), **_numbers_of("schedule", SCHEDULES)},
}


def drop_inapplicable_keys(plain: dict[str, Any], settings: Container[Location]) -> None:
    """Take out of `plain` what the file says of a neighbour that one of the `settings` has replaced.

    With optimizer = "adam" and a beta2 in the file, --set training.optimizer=sgd should just work.
    """
    for name, keys in ONLY_WITH.items():
        table = plain.get(name)
        for key, only in keys.items():
            replaced = (name, only.key) in settings and (name, key) not in settings
            # In a list, for what stands there need not be hashable.
            if isinstance(table, dict) and replaced and table.get(only.key) not in [*only.defaults]:
                table.pop(key, None)
    place = ("data", "augment")
    match plain:
        case {"data": {"augment": {"elastic": 0, "sigma": _} as augment}}:
            if (*place, "elastic") in settings and (*place, "sigma") not in settings:
                del augment["sigma"]


def resolved(config: Config) -> Config:
    """The same config with the defaults of its data set, convolutions and optimizer filled in, and a name of
    its data set that holds in every directory.
    """
    data = resolved_data(config.data)
    if data.name not in KNOWN:
        data = replace(with_absolute_name(data, data.name), shuffle=shuffles(data))
    if data.shuffle and data.seed is None:
        data = replace(data, seed=SEED)
    layers = (
        replace(layer, pool=layer.pool or 1, padding=layer.padding or "valid") if layer.maps else layer
        for layer in config.network.layers
    )
    network = replace(config.network, layers=tuple(layers))
    return replace(config, data=data, network=network, training=_filled("training", config.training))


def with_absolute_name(data: DataConfig, name: str) -> DataConfig:
    """The same data set by a name that holds in every directory, and as it was given."""
    path = absolute(name)
    return replace(data, name=path, as_given=name if path != name else data.as_given)


def resolved_data(data: DataConfig) -> DataConfig:
    """The same data set with the defaults that only it has. That one which has a name is not shuffled goes
    without saying.
    """
    if data.name in KNOWN:
        data = replace(data, shuffle=data.shuffle or None)
    augment = data.augment
    if augment and augment.elastic and augment.sigma is None:
        augment = replace(augment, sigma=SIGMA)
    return replace(_filled("data", data), augment=augment)


def shuffles(data: DataConfig) -> bool:
    """Whether the images are to be shuffled: those of one's own, where nothing else is said."""
    return data.name not in KNOWN if data.shuffle is None else data.shuffle


def _filled(name: str, table: Table) -> Table:
    defaults: dict[str, Any] = {
        key: only.defaults[value]
        for key, only in ONLY_WITH[name].items()
        if (value := getattr(table, only.key)) in only.defaults and getattr(table, key) is None
    }
    return replace(table, **defaults)
