"""Plain values to a Config, or else every mistake in them at once: the schema's first, then the rules'."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nnbp_cli.config import defaults, rules
from nnbp_cli.config.build import build, too_large
from nnbp_cli.config.messages import explained
from nnbp_cli.config.schema import Config, DataConfig, NetworkConfig, SearchConfig, TrainingConfig
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import ConfigError
from nnbp_cli.wording import Location, counted, dotted

# Which place of the config was set by which --set; the last one that fits counts.
Origins = Sequence[tuple[Location, str]]

_CONFIG = TypeAdapter(Config)
_TABLES: dict[str, TypeAdapter[Any]] = {
    "data": TypeAdapter(DataConfig),
    "network": TypeAdapter(NetworkConfig),
    "training": TypeAdapter(TrainingConfig),
    "search": TypeAdapter(SearchConfig | None),
}


def validate(
    plain: dict[str, Any], where: str, origins: Origins = (), mistakes: Iterable[str] = ()
) -> Config:
    """The Config that `plain` is, with every default filled in.

    `where` names the file, `origins` what came from the command line instead. Raises one ConfigError
    with a line for every mistake; those known already, `mistakes`, come first. Its cause is a ValidationError
    where a value is none of the schema's, whatever the others are.
    """
    cause = None
    try:
        config = _CONFIG.validate_python(plain)
        problems = list(rules.violations(config.data, config.network, config.training, config.search))
    except ValidationError as error:
        cause = error
        # And what is wrong in those tables that the schema finds nothing wrong in.
        given = {"data": {}, **plain}
        sound = _TABLES.keys() & given.keys() - {details["loc"][0] for details in error.errors()}
        tables = {name: _TABLES[name].validate_python(given[name]) for name in sound}
        problems = [*explained(error), *rules.violations(**tables)]
    _refuse(problems, where, origins, mistakes, cause)
    return defaults.resolved(config)


def network_from_plain(plain: object, where: str) -> NetworkConfig:
    """The NetworkConfig that `plain` is, a config's [network]. Raises ConfigError, a line a mistake."""
    network: NetworkConfig = _table("network", plain, where)
    return network


def data_from_plain(plain: object, where: str) -> DataConfig:
    """The DataConfig that `plain` is, the [data] of a run. Raises ConfigError, a line a mistake."""
    return defaults.resolved_data(_table("data", data_of_run(plain), where))


def data_of_run(plain: object) -> object:
    """The [data] that a run left, with what it would say by now: the first ones shuffled no images."""
    return {"shuffle": False, **plain} if isinstance(plain, dict) else plain


def _table(name: str, plain: object, where: str) -> Any:
    """One table of a config by itself."""
    try:
        table = _TABLES[name].validate_python(plain)
        problems = list(rules.violations(**{name: table}))
    except ValidationError as error:
        problems = list(explained(error, above=(name,)))
    _refuse(problems, where)
    return table


def check_against_data(config: Config, data: Dataset, where: str) -> None:
    """Hold a config against its data set.

    Raises one ConfigError for all that does not fit, or would not fit into the machine's memory.
    """
    problems: list[tuple[Location, str]] = []
    last = len(config.network.layers) - 1
    outputs, images = config.network.layers[last].neurons, len(data.training.labels)
    if outputs != data.classes:
        neurons = counted(outputs or 0, "neurons")
        wrong = f"the output layer has {neurons} for {data.classes} classes; make it {data.classes}"
        problems.append((("network", "layers", last, "neurons"), wrong))
    problems += rules.without_validation(len(data.validation.labels), config.training)
    if config.training.batch_size > images:
        problems.append(rules.batch_too_large(config.training.batch_size, images))
    try:
        if problem := too_large(build(config.network, data.shape), config.training, data.nbytes):
            problems.append(problem)
    except ConfigError as error:
        _refuse(problems, where, mistakes=[f"{where}: {error}"])
    _refuse(problems, where)


def _refuse(
    problems: list[tuple[Location, str]],
    where: str,
    origins: Origins = (),
    mistakes: Iterable[str] = (),
    cause: ValidationError | None = None,
) -> None:
    """Raise the ConfigError of all `mistakes` and `problems`, if there are any."""
    if lines := [*mistakes, *(_line(where, origins, *problem) for problem in problems)]:
        raise ConfigError(*lines) from cause


def _line(where: str, origins: Origins, place: Location, problem: str) -> str:
    """One problem on one line, under the name of what set its place: the last --set there, or the file."""
    for origin, setting in reversed(origins):
        if origin == place:
            return f"{setting}: {problem}"
        if origin == place[: len(origin)] or place == origin[: len(place)]:
            return f"{setting}: {dotted(place)}: {problem}"
    return f"{where}: {dotted(place)}: {problem}"
