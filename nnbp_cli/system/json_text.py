"""JSON as its standard has it, which knows neither NaN nor infinity: the one place where it is written."""

import json
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from pathlib import PurePath
from typing import Any, NoReturn


def dumps(value: Any, *, indent: int | None = None, separators: tuple[str, str] | None = None) -> str:
    """`value` as JSON, where arrays are lists, and paths and times text. Raises ValueError for a number that
    is not finite: what is undefined is None, null.
    """
    return json.dumps(value, allow_nan=False, indent=indent, separators=separators, default=_plain)


def loads(text: str | bytes, *, parse_int: Callable[[str], Any] | None = None) -> Any:
    """The value of a JSON text. Raises ValueError for what is none, as NaN and Infinity, or too deep."""
    try:
        return json.loads(text, parse_int=parse_int, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def finite(value: float) -> float | None:
    """A number that may be undefined, for JSON: None where it is not finite."""
    return value if isfinite(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if isinstance(value, PurePath) else value.tolist()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
