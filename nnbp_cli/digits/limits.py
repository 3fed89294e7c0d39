"""What a picture may cost, known from its file before it is decoded: pixels, memory, and time.

A file of some hundred kilobytes can ask for gigabytes, or for minutes: by its sides, by how often a JPEG goes
over its pixels, by parts that are tiny and many.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING

from nnbp_cli.errors import NnbpError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MAX_PIXELS = 64_000_000
MAX_SIDE = 30_000  # pixels; Pillow keeps two addresses for each row
MAX_FILE_BYTES = 64_000_000
MAX_MEMORY = 180_000_000  # bytes of the file and the pixels together; the process then stays within 256 MB
MAX_PARTS = 100_000  # of a file, each of which Pillow reads in Python
MAX_EXIFS = 100  # in a file; Pillow copies all before at each
MAX_PASSES = 1_000_000_000  # over a pixel by the scans of a JPEG: about a second
MIN_PIXELS_OF_SCAN = 10_000_000  # of a smaller JPEG too, since a scan costs something by itself
MAX_PAGES = 100  # of a TIFF file
MAX_PACKED_BYTES = 3_000_000  # of a compressed BMP, which Pillow decodes in Python
TOO_MANY_PIXELS = f"more than {MAX_PIXELS // 1_000_000} million pixels are not decoded; make it smaller"
TOO_MANY_BYTES = f"more than {MAX_FILE_BYTES // 1_000_000} MB are not read; make it smaller"

REDUCED_SIDE = 800  # pixels of the longer side that are looked at
PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # as Pillow keeps a pixel; else four
DECODER_BYTES = {"WEBP": 11, "HEIF": 4}  # that a decoder keeps for a pixel beside

# What begins a part of a JPEG. Among its pixels 255 is followed by 0, or by a number that is none of these.
MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)
TIFF = {b"II": "<", b"MM": ">"}  # and the order of its bytes
TILE = (322, 323)  # the tags of a tile's sides
PAGE, BYTES_OR_TEXT = b"page", (1, 2, 6, 7)  # types of tags whose values are kept as they are
JPEG, SCAN, END = b"\xff\xd8", b"\xda", b"\xd9"


def check_file(path: Path, content: bytes) -> None:
    """Raise NnbpError for a file that would take long to be opened, let alone decoded."""
    if sum(part == PAGE for part in islice(_tiff_parts(content), MAX_PARTS)) > MAX_PAGES:
        raise NnbpError(f"{path}: more than {MAX_PAGES} pages are not read; split it")
    if _count_parts(content) > MAX_PARTS or content.count(b"Exif\0\0") > MAX_EXIFS:
        raise NnbpError(f"{path}: made of so many parts that it would take long to read; save it again")


def check(path: Path, image: Picture, content: bytes) -> None:
    """Raise NnbpError where to decode an open picture would take too much memory or time. A JPEG is set to be
    decoded at a reduced size, not much smaller than REDUCED_SIDE, where it can be.
    """
    width, height = image.size
    what = f"{path}: {width:,}x{height:,} pixels"
    if width * height > MAX_PIXELS:
        raise NnbpError(f"{what}: {TOO_MANY_PIXELS}")
    if max(width, height) > MAX_SIDE:
        raise NnbpError(f"{what}: no side of more than {MAX_SIDE:,} is decoded; crop it")
    needed = len(content)
    scans = count_scans(content)
    if scans * max(width * height, MIN_PIXELS_OF_SCAN) > MAX_PASSES:
        raise NnbpError(f"{what}, and {scans:,} scans of them, would take long to decode; save it again")
    if image.format == "TIFF":  # decoded strip by strip, or tile by tile, each of which may be all of it
        needed += 4 * max(width * height, math.prod(image.getexif().get(side, 0) for side in TILE))
    packed = image.format == "BMP" and image.info.get("compression") in (1, 2)
    if packed and len(content) > MAX_PACKED_BYTES:
        raise NnbpError(f"{what}, compressed as they are, would take long to decode; save it as a PNG")
    if scans > 1:  # the decoder keeps two bytes for each value, until the last scan
        needed += 2 * width * height * len(image.getbands())
    image.draft("L", (REDUCED_SIDE, REDUCED_SIDE))
    copies = 3 if packed or image.format == "GIF" else 1
    pixel = copies * PIXEL_BYTES.get(image.mode, 4) + DECODER_BYTES.get(image.format or "", 0)
    if image.has_transparency_data:
        pixel += 2 if image.mode == "RGBA" else 6  # as RGBA, light and opacity
    else:
        pixel += 1
    needed += pixel * image.width * image.height
    if needed > MAX_MEMORY:
        megabytes, limit = needed // 1_000_000, MAX_MEMORY // 1_000_000
        raise NnbpError(f"{what} would take {megabytes} MB of memory, of {limit} at most; make it smaller")


def count_scans(content: bytes) -> int:
    """How many times a JPEG goes over its pixels; once is what any other file does."""
    return sum(kind == SCAN for kind in _jpeg_parts(content)) if content.startswith(JPEG) else 1


def _count_parts(content: bytes) -> int:
    """Of a PNG, a JPEG, a TIFF, or a GIF before its first frame; more than MAX_PARTS are not counted."""
    kinds = {JPEG: _jpeg_parts, b"\x89PNG": _png_parts, b"GIF8": _gif_parts}
    for beginning, parts in (kinds | dict.fromkeys(TIFF, _tiff_parts)).items():
        if content.startswith(beginning):
            return sum(1 for _ in islice(parts(content), MAX_PARTS + 1))
    return 1


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


def _tiff_parts(content: bytes) -> Iterator[bytes]:
    """The pages, and the values of their tags, each of which is kept in Python."""
    if (order := TIFF.get(content[:2])) is None:
        return
    seen, link = {0}, 4
    try:
        while (at := struct.unpack_from(f"{order}I", content, link)[0]) not in seen:
            seen.add(at)
            yield PAGE
            (tags,) = struct.unpack_from(f"{order}H", content, at)
            for place in range(at + 2, at + 2 + 12 * tags, 12):
                _, kind, count = struct.unpack_from(f"{order}HHI", content, place)
                yield from repeat(b"value", 1 if kind in BYTES_OR_TEXT else count)
            link = at + 2 + 12 * tags
    except struct.error:  # the file ends before it should, which whoever decodes it says
        return
