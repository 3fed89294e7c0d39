"""What a terminal, or whatever else reads a stream, can show."""

from __future__ import annotations

from typing import TextIO


def shows(stream: TextIO, characters: str) -> bool:
    """Whether `characters` can be written to `stream` at all, by its encoding."""
    try:
        characters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
