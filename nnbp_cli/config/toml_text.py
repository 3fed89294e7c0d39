"""TOML to plain values, with the line of what is wrong, and no deeper than 50 levels."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from nnbp_cli.errors import ConfigError

_DEEPEST = 50

# Strings and comments, whose brackets and dots are text; then what opens, closes, deepens or separates.
# A string that never ends is taken to the end of its text: the parser will say so.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\Z)'
    r"|'''.*?(?:'{3,5}|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?'
    r"|'[^'\n]*'?"
    r"|#[^\n]*"
    r"|[\[\]{}.,=\n]",
    re.DOTALL,
)

_IN_OTHER_WORDS = {
    "Cannot overwrite a value": "a key is given twice; keep one",
    "Cannot declare": "a table is given twice; keep one",
    "Cannot mutate immutable": "a table is given twice; keep one",
    "Invalid value": "not a TOML value; text is written in quotes",
}


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """The tables in `text`. Raises ConfigError, with the line and column where there is one."""
    if _depth(text) > _DEEPEST:
        raise ConfigError(f"{where}: nested more than {_DEEPEST} levels deep")
    try:
        # With a last line break, an error at the end of the last line still has a line.
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: {_explained(str(error))}") from error
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise ConfigError(f"{where}: not TOML: an integer has too many digits") from error


def _depth(text: str) -> int:
    """How deep brackets and dotted keys go, counted without parsing."""
    deepest = brackets = dots = 0
    for token in _TOKEN.findall(text):
        if token in "[{":
            brackets += 1
        elif token in "]}":
            brackets -= 1
        if token == ".":
            dots += 1
        elif len(token) == 1:
            dots = 0
        deepest = max(deepest, brackets + dots)
    return deepest


def _explained(message: str) -> str:
    """The parser's "Something (at line 3, column 5)" as our "line 3, column 5: something"."""
    what, _, place = message.removesuffix(")").rpartition(" (at ")
    place = place.replace("end of document", "at the end")
    for theirs, ours in _IN_OTHER_WORDS.items():
        if what.startswith(theirs):
            return f"{place}: {ours}"
    return f"{place}: not TOML: {what[:1].lower()}{what[1:]}"
