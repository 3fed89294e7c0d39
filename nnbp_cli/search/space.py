"""What a search may draw, and whether a config may have such values at all."""

from collections.abc import Iterator, Mapping, Sequence

from nnbp_cli import config, engines
from nnbp_cli.config import Config, ParameterConfig, SearchConfig
from nnbp_cli.errors import ConfigError
from nnbp_cli.search.result import Value
from nnbp_cli.system import json_text
from nnbp_cli.wording import dotted


def with_values(base: Config, values: Mapping[str, Value], where: str) -> Config:
    """The config `base` with a value for each of some keys. Raises ConfigError where that is no config."""
    return config.loads(config.to_toml(base), where, [_setting(*each) for each in values.items()])


def check(base: Config, search: SearchConfig, where: str) -> None:
    """Raise ConfigError for all values that no trial may have: of each parameter the smallest and the largest
    are tried, or each. What is refused beside the other keys of `base`, but not beside some value of another
    parameter, may be drawn. Raises NnbpError for an engine that is not installed.
    """
    tried = {key: _extremes(parameter) for key, parameter in search.parameters.items()}
    mistakes = []
    for key, values in tried.items():
        others = [{other: value} for other in tried.keys() - {key} for value in tried[other]]
        for value in values:
            if key == "training.engine":
                engines.named(str(value))  # which raises NnbpError where it is not installed
            refused = list(_mistakes(base, {key: value}, where))
            if refused and all(list(_mistakes(base, {key: value} | other, where)) for other in others):
                place, given = dotted(("search", "parameters", key)), f"--set {_setting(key, value)}: "
                words = (each.removeprefix(given).removeprefix(f"{where}: ") for each in refused)
                mistakes += [f"{where}: {place}: {each}" for each in words]
    if mistakes:
        raise ConfigError(*dict.fromkeys(mistakes))


def _setting(key: str, value: Value) -> str:
    return f"{key}={json_text.dumps(value)}"  # a TOML value, too


def _extremes(parameter: ParameterConfig) -> Sequence[Value]:
    if parameter.min is None or parameter.max is None:
        return parameter.values or ()
    return parameter.min, parameter.max


def _mistakes(base: Config, values: Mapping[str, Value], where: str) -> Iterator[str]:
    try:
        with_values(base, values, where)
    except ConfigError as error:
        yield from error.args
