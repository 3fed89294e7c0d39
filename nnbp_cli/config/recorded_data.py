"""The data that a run or weights have recorded, by the names that lead to them once they were moved."""

from collections.abc import Callable
from dataclasses import asdict, replace

from nnbp_cli.config import defaults
from nnbp_cli.config.schema import DataConfig
from nnbp_cli.config.validation import data_from_plain
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import NnbpError


def moved(data: DataConfig, name: str) -> DataConfig:
    """The same images shared out in the same way, by the name that --data gives. Raises ConfigError for a
    name that no config may have.
    """
    if name == data.name:
        return data
    renamed = defaults.with_absolute_name(replace(data, as_given=None), name)
    changes = {"size": None, "seed": data.seed if data.shuffle else None}
    return data_from_plain(asdict(renamed) | changes, where="--data")


def load_recorded(
    data: DataConfig, load: Callable[[DataConfig], Dataset], *others: DataConfig
) -> tuple[DataConfig, Dataset]:
    """The first name that `load` takes, and the data set: by where it was, by `others` that are recorded, and
    by where it was given to be, from the current directory, as a run may be moved together with its data.
    Raises what `load` raises for the first, where it takes none.
    """
    given = [moved(data, data.as_given)] if data.as_given else []
    refusals = []
    for name in dict.fromkeys([data, *others, *given]):
        try:
            return name, load(name)
        except NnbpError as error:
            refusals.append(error)
    raise refusals[0]
