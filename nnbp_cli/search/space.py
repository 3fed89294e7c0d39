"""What a search may draw, and whether a config may have such values at all."""

from collections.abc import Iterable, Mapping, Sequence

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
    are tried, or each. What a rule refuses beside the other keys of `base`, but not beside some value of
    another parameter (of numbers, the smallest or the largest), may be drawn. Raises NnbpError for an engine
    that is not installed.
    """
    tried = [(key, value) for key, parameter in search.parameters.items() for value in _extremes(parameter)]
    refusals = {each: _refusal(base, [each], where) for each in tried}
    possible = [each for each, refused in refusals.items() if not (refused and refused.__cause__)]
    beside = [(key, end) for key in search.parameters for end in _ends([v for k, v in possible if k == key])]
    mistakes = []
    for (key, value), refused in refusals.items():
        if key == "training.engine":
            engines.named(str(value))  # which raises NnbpError where it is not installed
        others = [other for other in beside if other[0] != key] if (key, value) in possible else []
        if refused and all(_refusal(base, [(key, value), other], where) for other in others):
            place, given = dotted(("search", "parameters", key)), f"--set {_setting(key, value)}: "
            words = (each.removeprefix(given).removeprefix(f"{where}: ") for each in refused.args)
            mistakes += [f"{where}: {place}: {each}" for each in words]
    if mistakes:
        raise ConfigError(*dict.fromkeys(mistakes))


def _setting(key: str, value: Value) -> str:
    return f"{key}={json_text.dumps(value)}"  # a TOML value, too


def _extremes(parameter: ParameterConfig) -> Sequence[Value]:
    if parameter.min is None or parameter.max is None:
        return parameter.values or ()
    return parameter.min, parameter.max


def _ends(values: Sequence[Value]) -> Sequence[Value]:
    """The smallest and the largest of numbers; all where some are words."""
    numbers = [value for value in values if not isinstance(value, str)]
    return [min(numbers), max(numbers)] if numbers and len(numbers) == len(values) else values


def _refusal(base: Config, values: Iterable[tuple[str, Value]], where: str) -> ConfigError | None:
    try:
        with_values(base, dict(values), where)
    except ConfigError as error:
        return error
    return None
