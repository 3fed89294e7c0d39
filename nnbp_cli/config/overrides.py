"""--set KEY=VALUE: one key of a config, given on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from nnbp_cli.config.toml_text import parse_toml
from nnbp_cli.errors import ConfigError, printable
from nnbp_cli.wording import Location, dotted, quoted, whole

# Which place of the config was set by which --set; the last one that fits counts.
Origins = Sequence[tuple[Location, str]]


def apply(settings: Iterable[str], plain: dict[str, Any]) -> tuple[Origins, list[str]]:
    """Set each KEY=VALUE in `plain`, in place, later ones over earlier ones.

    Returns where they went, so that an error there can name its --set, and the mistakes: one line for
    each setting that has no '=' or leads nowhere.
    """
    origins: list[tuple[Location, str]] = []
    mistakes = []
    for setting in settings:
        where = f"--set {printable(setting)}"
        try:
            origins.append((_set(plain, setting), where))
        except LookupError as error:
            mistakes.append(f"{where}: {error.args[0]}")
    return origins, mistakes


def _set(plain: dict[str, Any], setting: str) -> Location:
    """Put one KEY=VALUE into `plain`; the place it went to. Raises LookupError where it cannot go."""
    key, equals, text = setting.partition("=")
    if not equals:
        raise LookupError("no '='; write KEY=VALUE, as in --set training.epochs=5")
    if not whole(setting):
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
    here: Any = plain
    place: Location = ()
    for left, step in zip(range(len(steps) - 1, -1, -1), steps, strict=True):
        slot = _slot(here, step, dotted(place))
        place = (*place, slot)
        if not left:
            here[slot] = value
        elif isinstance(here, dict):
            here = here.setdefault(slot, {})
        else:
            here = here[slot]
    return place


def _slot(here: object, step: str, name: str) -> str | int:
    """The key or index that `step` is in `here`, a table or a list called `name`."""
    if isinstance(here, dict):
        return step
    if isinstance(here, list):
        if re.fullmatch(r"[0-9]{1,9}", step) and int(step) < len(here):
            return int(step)
        there = f"{name}.0 to {name}.{len(here) - 1}" if here else "nothing"
        raise LookupError(f"{name} has no {quoted(step)}; there is {there}")
    raise LookupError(f"{name} is {quoted(here)}, with no {quoted(step)} in it")
