"""Files of a run directory, read with bounds: bytes, and JSON by a schema."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from nnbp_cli.errors import NnbpError
from nnbp_cli.system import files, json_text
from nnbp_cli.system.schema import first_problem

T = TypeVar("T")


def load_bytes(file: Path, max_bytes: int) -> bytes:
    """The bytes of a file. Raises NnbpError where there is none, or one that is not regular or larger."""
    return files.read_bytes(
        file,
        max_bytes,
        missing=NnbpError(f"{file}: no such file; name a run directory, as 'nnbp runs' lists them"),
        too_large=NnbpError(f"{file}: damaged: larger than {max_bytes >> 20} MB; delete it"),
        not_regular=NnbpError(f"{file}: not a regular file; move it away"),
    )


def load_json(schema: TypeAdapter[T], file: Path, max_bytes: int, remedy: str) -> T:
    """What the JSON in `file` says, by `schema`. Raises NnbpError for all that it can be instead."""
    content = load_bytes(file, max_bytes)
    try:
        # pydantic's own parser takes no escaped half of a pair, as in the name of a file that is no text.
        return schema.validate_python(json_text.loads(content))
    except ValidationError as error:
        raise NnbpError(f"{file}: damaged: {first_problem(error)}; {remedy}") from error
    except ValueError as error:
        raise NnbpError(f"{file}: damaged: not JSON; {remedy}") from error
