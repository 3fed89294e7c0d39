"""What is read is held against a schema: the types of fields in files that the program wrote, and in words
what does not fit.

Somebody may have touched such a file, or put something else in its place. The bounds are those that no run
meets, and that every number, date and name can be shown with.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, Strict, ValidationError

from nnbp_cli.wording import dotted

YEARS = range(1900, 9999)  # in which a date has one in every time zone


def _dated(text: str) -> str:
    try:
        if datetime.fromisoformat(text).year in YEARS:
            return text
    except ValueError:  # with a message that quotes the text, however long
        pass
    raise ValueError("not a date that a run has")


def _identified(data: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(data.get("digest"), str):
        raise ValueError("no digest of the data")  # noqa: TRY004, pydantic's way to refuse a value
    return data


Natural = Annotated[int, Strict(), Field(ge=0, le=10**12)]
Seed = Annotated[int, Strict(), Field(ge=0, le=2**63 - 1)]
Count = Annotated[Natural, Field(ge=1)]
Seconds = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False)]
NonNegative = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
# Far beyond float32, in which networks compute, and such that it can be drawn.
Number = Annotated[float, Strict(), Field(ge=-1e100, le=1e100, allow_inf_nan=False)]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(max_length=10_000)]
PathText = Annotated[str, Strict()]  # which need not be text
Date = Annotated[Text, AfterValidator(_dated)]
DataSet = Annotated[dict[str, Any], AfterValidator(_identified)]  # a config's [data], and the digest


def first_problem(error: Exception) -> str:
    """The first thing that does not fit a schema, where it is and what was expected, in a line."""
    if not isinstance(error, ValidationError):
        return str(error).splitlines()[0]
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return f"{dotted(first['loc'])}: {message}" if first["loc"] else message
