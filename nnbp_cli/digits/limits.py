"""What a picture may cost, told from its file before it is decoded: pixels, memory, and time.

A file of some hundred kilobytes can ask for gigabytes, or for minutes: by its sides, by how often a JPEG goes
over its pixels, by parts that are tiny and many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli.errors import NnbpError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_PIXELS = 64_000_000
LONGEST_SIDE = 30_000  # pixels; Pillow keeps two addresses for each row
MOST_BYTES = 64_000_000  # of a file
MOST_MEMORY = 180_000_000  # bytes of the file and the pixels together; the process then stays within 256 MB
MOST_PARTS = 100_000  # of a file, each of which Pillow reads in Python
MOST_EXIFS = 100  # in a file; Pillow copies all before at each
MOST_PASSES = 1_000_000_000  # over a pixel by the scans of a JPEG: about a second
FEW_PIXELS = 10_000_000  # as many as a smaller JPEG is taken to have, since a scan costs something by itself
MOST_PACKED = 3_000_000  # bytes of a compressed BMP, which Pillow decodes in Python

PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # bytes of a pixel, as Pillow keeps it; else four

# What begins a part of a JPEG. Among its pixels 255 is followed by 0, or by a number that is none of these.
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
JPEG, SCAN, END = b"\xff\xd8", b"\xda", b"\xd9"


def check_file(path: Path, content: bytes) -> None:
    """Raise NnbpError for a file that would take long to be opened, let alone decoded."""
    if _parts(content) > MOST_PARTS or content.count(b"Exif\0\0") > MOST_EXIFS:
        raise NnbpError(f"{path}: made of so many parts that it would take long to read; save it again")


def check(path: Path, image: Picture, content: bytes, *, side: int) -> None:
    """Raise NnbpError where to decode an open picture would take too much memory or time. A JPEG is set to be
    decoded at a reduced size, not much smaller than `side`, where it can be.
    """
    width, height = image.size
    what = f"{path}: {width:,}x{height:,} pixels"
    if width * height > MOST_PIXELS:
        raise NnbpError(f"{what}: {too_many_pixels()}")
    if max(width, height) > LONGEST_SIDE:
        raise NnbpError(f"{what}: no side of more than {LONGEST_SIDE:,} is decoded; crop it")
    scans = _scans(content)
    if scans * max(width * height, FEW_PIXELS) > MOST_PASSES:
        raise NnbpError(f"{what}, and {scans:,} scans of them, would take long to decode; save it again")
    packed = image.format == "BMP" and image.info.get("compression") in (1, 2)
    if packed and len(content) > MOST_PACKED:
        raise NnbpError(f"{what}, compressed as they are, would take long to decode; save it as a PNG")
    taken = len(content)
    if scans > 1:  # the decoder keeps two bytes for each value, until the last scan
        taken += 2 * width * height * len(image.getbands())
    image.draft("L", (side, side))
    each = PIXEL.get(image.mode, 4) * (3 if packed or image.format == "GIF" else 1)  # their decoders copy
    if image.has_transparency_data:
        each += 2 if image.mode == "RGBA" else 6  # as RGBA, light and opacity
    else:
        each += 1
    taken += each * image.width * image.height
    if taken > MOST_MEMORY:
        needed, given = taken // 1_000_000, MOST_MEMORY // 1_000_000
        raise NnbpError(f"{what} would take {needed} MB of memory, of {given} at most; make it smaller")


def too_many_pixels() -> str:
    """Words for a picture of more than MOST_PIXELS."""
    return f"more than {MOST_PIXELS // 1_000_000} million pixels are not decoded; make it smaller"


def _parts(content: bytes) -> int:
    """How many parts there are in a PNG, a JPEG, or a GIF before its first frame; more than MOST_PARTS are
    not counted.
    """
    for begins, parts in ((JPEG, _jpeg_parts), (b"\x89PNG", _png_parts), (b"GIF8", _gif_parts)):
        if content.startswith(begins):
            return sum(1 for _ in islice(parts(content), MOST_PARTS + 1))
    return 1


def _scans(content: bytes) -> int:
    """How many times a JPEG goes over its pixels; once is what any other file does."""
    return sum(kind == SCAN for kind in _jpeg_parts(content)) if content.startswith(JPEG) else 1


def _jpeg_parts(content: bytes) -> Iterator[bytes]:
    """The kind of each part, up to the end of the picture. A picture inside a part is none of its parts."""
    at = len(JPEG)
    while (marker := MARKER.search(content, at)) and marker[1] != END:
        yield marker[1]
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")


def _png_parts(content: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(content):
        yield content[at + 4 : at + 8]
        at += 12 + int.from_bytes(content[at : at + 4], "big")


def _gif_parts(content: bytes) -> Iterator[bytes]:
    """The blocks of the extensions before the first frame."""
    at = 13 + (3 << (content[10] % 8 + 1) if content[10:11] >= b"\x80" else 0)
    while content[at : at + 1] == b"!":
        at += 2
        while at < len(content) and content[at]:
            yield b"!"
            at += 1 + content[at]
        at += 1
        yield b"!"
