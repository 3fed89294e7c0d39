"""Values, places and names in words: those of a config and a command on one line whatever they hold."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from math import log10

Location = tuple[str | int, ...]

_MAX_CHARACTERS = 60
_MAX_WORDS = 5

MISSING = "\N{EM DASH}"


def dotted(place: Location) -> str:
    """A place in the config as it is written after --set: network.layers.0.neurons."""
    plain = rf"[\w-]{{1,{_MAX_CHARACTERS}}}"
    return ".".join(step if re.fullmatch(plain, step) else quoted(step) for step in map(str, place))


def has_surrogates(text: str) -> bool:
    """Whether half a surrogate pair stands in it, as YAML's "\\ud800": that is no character."""
    return any("\ud800" <= character <= "\udfff" for character in text)


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
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def some(words: Sequence[str]) -> str:
    """Words as a sentence lists them, of many the first few: a, b, c, d, e and others."""
    return listed([*words[:_MAX_WORDS], *["others"] * (len(words) > _MAX_WORDS)], "and")


def called(names: tuple[str, ...], classes: int) -> tuple[str, ...]:
    """What each of so many classes is called: by its name where they have names, or else by its number."""
    return names or tuple(map(str, range(classes)))


def nearest(word: str, names: Iterable[str], cutoff: float = 0.65) -> str | None:
    """The one of `names` that whoever typed `word` most likely meant, if any is near."""
    # With 0.65 "evaluate", at 0.667, is still near "eval".
    near = get_close_matches(word[:_MAX_CHARACTERS].casefold(), names, n=1, cutoff=cutoff)
    return near[0] if near else None


def did_you_mean(word: str, names: Iterable[str], otherwise: str) -> str:
    """The hint for a `word` that is none of `names`: the nearest one, or what `otherwise` says."""
    near = nearest(word, names)
    return f"did you mean {quoted(near)}?" if near else otherwise


def counted(number: int, things: str) -> str:
    """A number of things, whose name in the plural ends in s: 1 epoch, 2,000 epochs."""
    return f"{number:,} {things if number != 1 else things.removesuffix('s')}"


def percent(share: float | None, digits: int = 2, missing: str = MISSING) -> str:
    """A share from 0 to 1, in percent."""
    return missing if share is None else f"{share:.{digits}%}"


def duration(seconds: float | None) -> str:
    """A time, with hours and minutes where there are any."""
    if seconds is None:
        return MISSING
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
