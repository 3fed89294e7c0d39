"""What pydantic found wrong, in our words: where it is, what was expected there, what was meant perhaps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnbp_cli.config import vocabulary
from nnbp_cli.config.suggestions import nearest
from nnbp_cli.wording import Location, dotted, listed, quoted

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def explained(error: ValidationError, above: Location = ()) -> Iterator[tuple[Location, str]]:
    """One mistake for each place that `error` names; `above` is the table that was validated."""
    mistakes: dict[Location, str] = {}
    for each in error.errors(include_url=False):
        loc = (*above, *each["loc"])
        place, node = vocabulary.find(loc)  # without what pydantic adds to name a branch of a union
        match each["type"]:
            case "unexpected_keyword_argument":
                mistakes[loc] = _unknown(loc, node)
            case "missing":
                mistakes[place] = f"missing; expected {vocabulary.expected(node)}"
            case "too_short" if each["input"]:
                pass  # there are items, with mistakes of their own
            case "too_short":
                mistakes[place] = "is empty; expected at least one"
            case _:
                mistakes[place] = _unfit(each, node)
    yield from mistakes.items()


def _unknown(place: Location, table: vocabulary.Node) -> str:
    """An unknown key: the nearest one of its table is suggested, or else of another."""
    *above, key = place
    if near := nearest(str(key), table["properties"]):
        return f"unknown key; did you mean {dotted((*above, near))}?"
    # [data] comes last: who writes 'seed' at the top means the run's.
    for elsewhere, other in sorted(vocabulary.tables(), key=lambda found: "data" in found[0]):
        if near := nearest(str(key), other["properties"]):
            return f"unknown key; did you mean {dotted((*elsewhere, near))}?"
    return f"unknown key; there are {listed(table['properties'], 'and')}"


def _unfit(error: ErrorDetails, node: vocabulary.Node) -> str:
    """A value of the wrong type, out of its range, or not among the choices."""
    value, expected = error["input"], vocabulary.expected(node)
    if error["type"] == "less_than_equal" and isinstance(most := error["ctx"]["le"], int):
        expected = f"at most {most:,}"
    elif error["type"] == "finite_number":
        expected = expected.replace("a number", "a finite number")
    near = nearest(value, vocabulary.choices(node)) if isinstance(value, str) else None
    return f"expected {expected}, got {quoted(value)}" + (f"; did you mean {quoted(near)}?" if near else "")
