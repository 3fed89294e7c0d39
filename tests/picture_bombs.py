"""Pictures that cost much more than they weigh, and large ones that people have, as the bytes of files."""

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

from PIL import Image

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG's colour types: grey, RGB, palette, grey and alpha, RGBA
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(
    width: int, height: int, depth: int = 1, colour: int = 0, *, interlaced: bool = False, extra: bytes = b""
) -> bytes:
    """A sound PNG of zeros, with so many bits for each value, whatever its size."""
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    squeezed, pixels = zlib.compressobj(1), []
    for left, top, across, down in passes:
        columns, rows = (width - left + across - 1) // across, (height - top + down - 1) // down
        line = bytes(1 + (columns * CHANNELS[colour] * depth + 7) // 8)
        step = max(1, 1_000_000 // len(line))
        pixels += [squeezed.compress(line * min(step, rows - row)) for row in range(0, rows, step)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    if colour == 3:
        extra = chunk(b"PLTE", bytes(768)) + extra
    image = chunk(b"IDAT", b"".join(pixels) + squeezed.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + image + chunk(b"IEND", b"")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(width: int, height: int, mode: str = "RGB", **options: Any) -> bytes:
    """A JPEG of white paper."""
    return encoded(Image.new(mode, (width, height), "white"), "JPEG", **options)


def jpeg_of_scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times more."""
    content = jpeg(width, height, "L", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * count + content[-2:]


def jpeg_with(part: bytes, count: int) -> bytes:
    """A small JPEG with so many parts of a kind."""
    content = jpeg(28, 28, "L")
    return content[:2] + part * count + content[2:]


def gif(width: int, height: int, extra: bytes = b"") -> bytes:
    """A sound GIF of one frame with a palette of two colours, all in the first."""
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = encoded(Image.new("P", (28, 28)), "GIF")
    return screen + extra + frame[frame.index(b",", 13 + 3 * 2 ** ((frame[10] & 7) + 1)) :]


def bmp(width: int, height: int, *, packed: bytes = b"") -> bytes:
    """The head of a BMP of 24 bits that has no pixels; or one of 8 bits, packed as these bytes are."""
    palette, bits = (bytes(1024), 8) if packed else (b"", 24)
    start = 54 + len(palette)
    head = struct.pack("<IHHI", start + len(packed), 0, 0, start)
    kind = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, bool(packed), len(packed), 0, 0, 0, 0)
    return b"BM" + head + kind + palette + packed


# A file, and the end of what is said of it: nothing, where it is decoded.
Bomb = tuple[Callable[[], bytes], str]

MEMORY = "MB of memory, of 180 at most; make it smaller"
PIXELS = "more than 64 million pixels are not decoded; make it smaller"
SIDES = "no side of more than 30,000 is decoded; crop it"
PARTS = "made of so many parts that it would take long to read; save it again"


def tiff(width: int, height: int, pages: int = 1, **tags: int) -> bytes:
    """A TIFF of grey pages that have no pixels; with a tile, or as many strips, as are asked for."""
    entries = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    entries |= {273: (4, tags.get("strips", 1), 8), 279: (4, tags.get("strips", 1), 8)}
    if tile := tags.get("tile"):
        entries |= {322: (4, 1, tile), 323: (4, 1, tile), 324: (4, 1, 8), 325: (4, 1, 8)}
    content = b"II*\0" + struct.pack("<I", 8)
    for page in range(pages):
        content += struct.pack("<H", len(entries))
        content += b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
        content += struct.pack("<I", 0 if page == pages - 1 else len(content) + 4)
    return content + bytes(8 * tags.get("strips", 1))


BOMBS: dict[str, Bomb] = {
    "1 wide.png": (partial(png, 1, 64_000_000), f"1x64,000,000 pixels: {SIDES}"),
    "1 high.png": (partial(png, 64_000_000, 1), f"64,000,000x1 pixels: {SIDES}"),
    "81 MP.png": (partial(png, 9000, 9000), f"9,000x9,000 pixels: {PIXELS}"),
    "64 MP, grey.png": (partial(png, 8000, 8000, 8), ""),
    "64 MP, RGB.png": (partial(png, 8000, 8000, 8, 2), f"8,000x8,000 pixels would take 320 {MEMORY}"),
    "64 MP, RGBA.png": (partial(png, 8000, 8000, 8, 6), f"would take 385 {MEMORY}"),
    "64 MP, grey and alpha.png": (partial(png, 8000, 8000, 8, 4), f"would take 640 {MEMORY}"),
    "64 MP, 16 bits.png": (partial(png, 8000, 8000, 16), MEMORY),  # how much, Pillow's version decides
    "64 MP, palette.png": (partial(png, 8000, 8000, 8, 3), ""),
    "64 MP, palette, one transparent.png": (
        partial(png, 8000, 8000, 8, 3, extra=chunk(b"tRNS", b"\0")),
        f"would take 448 {MEMORY}",
    ),
    "64 MP, interlaced.png": (partial(png, 8000, 8000, 8, interlaced=True), ""),
    "32 MP, 16 bits.png": (partial(png, 4000, 8000, 16), ""),
    "24 MP, RGB.png": (partial(png, 6000, 4000, 8, 2), ""),
    "24 MP, RGBA.png": (partial(png, 6000, 4000, 8, 6), ""),
    "parts.png": (partial(png, 28, 28, extra=chunk(b"abCd", b"") * 200_000), PARTS),
    "28 MP, progressive.jpg": (partial(jpeg, 7000, 4000, progressive=True, subsampling=0), ""),
    "64 MP.jpg": (partial(jpeg, 8000, 8000), ""),
    "64 MP, progressive.jpg": (
        partial(jpeg, 8000, 8000, progressive=True, subsampling=0),
        f"8,000x8,000 pixels would take 386 {MEMORY}",
    ),
    "scans.jpg": (
        partial(jpeg_of_scans, 8000, 8000, 900),
        "8,000x8,000 pixels, and 906 scans of them, would take long to decode; save it again",
    ),
    "Exif.jpg": (partial(jpeg_with, b"\xff\xe1\xff\xf8Exif\0\0" + bytes(65520), 101), PARTS),
    "parts.jpg": (partial(jpeg_with, b"\xff\xfe\x00\x02", 200_000), PARTS),
    "12 MP.webp": (lambda: encoded(Image.new("RGB", (4000, 2700)), "WEBP"), ""),
    "24 MP.webp": (lambda: encoded(Image.new("RGB", (6000, 4000)), "WEBP"), f"would take 384 {MEMORY}"),
    "12 MP.tif": (lambda: encoded(Image.new("RGB", (4000, 3000)), "TIFF"), ""),
    "12 MP, packed.tif": (
        lambda: encoded(Image.new("RGB", (4000, 3000)), "TIFF", compression="tiff_adobe_deflate"),
        "",
    ),
    "81 MP.tif": (partial(tiff, 9000, 9000), f"9,000x9,000 pixels: {PIXELS}"),
    "tile.tif": (partial(tiff, 28, 28, tile=20_000), f"28x28 pixels would take 1600 {MEMORY}"),
    "strips.tif": (partial(tiff, 28, 28, strips=200_000), PARTS),
    "pages.tif": (partial(tiff, 28, 28, pages=2_000), "more than 100 pages are not read; split it"),
    "screen.gif": (partial(gif, 65_535, 65_535), PIXELS),
    "48 MP.gif": (partial(gif, 8000, 6000), f"would take 192 {MEMORY}"),
    "comments.gif": (partial(gif, 28, 28, b"!\xfe\x01x\0" * 200_000), PARTS),
    "a long comment.gif": (partial(gif, 28, 28, b"!\xfe" + b"\x01x" * 200_000 + b"\0"), PARTS),
    "screen.bmp": (partial(bmp, 60_000, 60_000), PIXELS),
    "64 MP.bmp": (partial(bmp, 8000, 8000), f"would take 320 {MEMORY}"),
    "packed.bmp": (
        partial(bmp, 4000, 3000, packed=b"\x01\x01" * 2_000_000),
        "4,000x3,000 pixels, compressed as they are, would take long to decode; save it as a PNG",
    ),
}
