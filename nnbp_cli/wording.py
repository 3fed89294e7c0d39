"""Places, values and names in words, on one line whatever they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from math import log10

Location = tuple[str | int, ...]

_MAX_CHARACTERS = 60


def dotted(place: Location) -> str:
    """A place in the config as it is written after --set: network.layers.0.neurons."""
    plain = re.compile(rf"[\w-]{{1,{_MAX_CHARACTERS}}}")
    return ".".join(step if plain.fullmatch(step) else quoted(step) for step in map(str, place))


def whole(text: str) -> bool:
    """Whether every character is one: half a surrogate pair, as in YAML's "\\ud800", is none."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def quoted(value: object) -> str:
    """A value as it would stand in the file, cut where it is long; of a list or a table only the kind."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case int() if value.bit_length() > 200:
            return f"an integer of about {round(value.bit_length() * log10(2))} digits"
        case str():
            return repr(value if len(value) <= _MAX_CHARACTERS else value[:_MAX_CHARACTERS] + "...")
    return str(value)


def listed(words: Iterable[str], last: str = "or") -> str:
    """Words as a sentence lists them: a, b or c."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The one of `names` that whoever typed `word` most likely meant, if any is near: did you mean it?"""
    # Of all that is typed for another, "evaluate" for "eval" is about the farthest, at 0.667.
    near = get_close_matches(word[:_MAX_CHARACTERS].casefold(), names, n=1, cutoff=0.65)
    return near[0] if near else None
