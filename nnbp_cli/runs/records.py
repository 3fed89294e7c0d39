"""What is read of a run is held against a schema, as configs are: the types of its fields, and the reading.

Somebody may have touched it, or put something else in its place. The bounds are those that no run meets, and
that every number, date and name can be shown with.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, Strict, TypeAdapter, ValidationError

from nnbp_cli.errors import NnbpError
from nnbp_cli.system import files, json_text
from nnbp_cli.wording import dotted

T = TypeVar("T")

YEARS = range(1900, 9999)  # in which a date has one in every time zone
SCORES = r"^((training|validation|test) (cost|accuracy)|layer speed [1-9]\d{0,3})$"


def _dated(text: str) -> str:
    try:
        if datetime.fromisoformat(text).year in YEARS:
            return text
    except ValueError:  # with a message that quotes the text, however long
        pass
    raise ValueError("not a date that a run has")


Natural = Annotated[int, Strict(), Field(ge=0, le=10**12)]
Count = Annotated[Natural, Field(ge=1)]
Seconds = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
Rate = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
# Far beyond float32, in which networks compute, and such that it can be drawn.
Number = Annotated[float, Strict(), Field(ge=-1e100, le=1e100, allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(max_length=10_000)]
PathText = Annotated[str, Strict()]  # which need not be text
Date = Annotated[Text, AfterValidator(_dated)]
ScoreName = Annotated[Text, Field(pattern=SCORES)]


def is_score(name: str) -> bool:
    """Whether something that can be watched is called so."""
    return re.fullmatch(SCORES, name) is not None


def content(file: Path, most: int) -> bytes:
    """The bytes of a file in a run directory. Raises NnbpError where there is none, and for what is no
    regular file, or has more than `most` bytes.
    """
    return files.read_bytes(
        file,
        most,
        missing=NnbpError(f"{file}: no such file; name a run directory, as 'nnbp runs' lists them"),
        too_large=NnbpError(f"{file}: damaged: larger than {most >> 20} MB; delete it"),
        not_regular=NnbpError(f"{file}: not a regular file; move it away"),
    )


def from_json(schema: TypeAdapter[T], file: Path, most: int, remedy: str) -> T:
    """What the JSON in `file` says, by `schema`. Raises NnbpError for all that it can be instead."""
    found = content(file, most)
    try:
        # pydantic's own parser takes no escaped half of a pair, as in the name of a file that is no text.
        return schema.validate_python(json_text.loads(found))
    except ValidationError as error:
        raise NnbpError(f"{file}: damaged: {explained(error)}; {remedy}") from error
    except (ValueError, RecursionError) as error:
        raise NnbpError(f"{file}: damaged: not JSON; {remedy}") from error


def explained(error: ValidationError) -> str:
    """The first thing that does not fit a schema, where it is and what was expected, in a line."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{dotted(first['loc'])}: {message}" if first["loc"] else message
