"""From a config file, and what --set KEY=VALUE says on the command line, to a Config: read, set, validate."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nnbp_cli.config import defaults
from nnbp_cli.config.formats import parse_toml, read
from nnbp_cli.config.schema import Config
from nnbp_cli.config.validation import Origins, data_of_run, validate
from nnbp_cli.errors import ConfigError
from nnbp_cli.wording import Location, dotted, has_surrogates, quoted


def load(path: str | Path, settings: Iterable[str] = ()) -> Config:
    """The config in the TOML or YAML file `path`, with each KEY=VALUE of `settings` put in its place.

    Raises one ConfigError with a line for every mistake in either.
    """
    plain = read(Path(path))
    if Path(path).with_name("log.csv").exists():  # it is that of a run
        plain = _as_before(plain)
    return _configured(plain, str(path), settings)


def loads(text: str, where: str, settings: Iterable[str] = ()) -> Config:
    """The config in the TOML `text` that a run left, as `load` reads it from a file; `where` names it."""
    return _configured(_as_before(parse_toml(text, where)), where, settings)


def _as_before(plain: dict[str, Any]) -> dict[str, Any]:
    """What a run left, with what it would say by now."""
    return plain | {"data": data_of_run(plain.get("data", {}))}


def _configured(plain: dict[str, Any], where: str, settings: Iterable[str]) -> Config:
    origins, mistakes = apply_overrides(settings, plain)
    defaults.drop_inapplicable_keys(plain, {place for place, _ in origins})
    return validate(plain, where, origins, mistakes)


def changed_keys(before: Config, after: Config) -> list[str]:
    """The keys, as they are written after --set, whose values differ; of layers just network.layers."""
    old, new = ({name: table or {} for name, table in asdict(config).items()} for config in (before, after))
    return [
        f"{name}.{key}"
        for name in old
        for key in old[name] | new[name]
        if old[name].get(key) != new[name].get(key)
    ]


def apply_overrides(settings: Iterable[str], plain: dict[str, Any]) -> tuple[Origins, list[str]]:
    """Set each KEY=VALUE in `plain`, in place, later ones over earlier ones.

    Returns where they went, so that an error there can name its --set, and the mistakes: one line for
    each setting that has no '=' or leads nowhere.
    """
    origins: list[tuple[Location, str]] = []
    mistakes = []
    for setting in settings:
        try:
            origins.append((_set(plain, setting), f"--set {setting}"))
        except LookupError as error:
            mistakes.append(f"--set {setting}: {error.args[0]}")
    return origins, mistakes


def _set(plain: dict[str, Any], setting: str) -> Location:
    """Put one KEY=VALUE into `plain`; the place it went to. Raises LookupError where it cannot go."""
    key, equals, text = setting.partition("=")
    if not equals:
        raise LookupError("no '='; write KEY=VALUE, as in --set training.epochs=5")
    if has_surrogates(setting):
        raise LookupError("not UTF-8 text; write it as UTF-8")
    return _put(plain, key.strip().split("."), _value(text.strip()))


def _value(text: str) -> Any:
    """The value that `text` is in TOML, or else the text itself."""
    try:
        plain = parse_toml(f"value = {text}", where="")
    except ConfigError:
        return text
    return plain["value"] if len(plain) == 1 else text  # a line break would let in other keys


def _put(plain: dict[str, Any], steps: list[str], value: Any) -> Location:
    """Set `value` at the end of `steps`, with new tables on the way; the place it went to."""
    table: Any = plain
    place: Location = ()
    for step in steps:
        slot = _slot(table, step, dotted(place))
        place = (*place, slot)
        if len(place) == len(steps):
            table[slot] = value
        elif isinstance(table, dict):
            table = table.setdefault(slot, {})
        else:
            table = table[slot]
    return place


def _slot(table: object, step: str, name: str) -> str | int:
    """The key or index that `step` is in `table`, a table or a list called `name`."""
    if isinstance(table, dict):
        return step
    if isinstance(table, list):
        if re.fullmatch(r"[0-9]{1,9}", step) and int(step) < len(table):
            return int(step)
        there = f"{name}.0 to {name}.{len(table) - 1}" if table else "nothing"
        raise LookupError(f"{name} has no {quoted(step)}; there is {there}")
    raise LookupError(f"{name} is {quoted(table)}, with no {quoted(step)} in it")
