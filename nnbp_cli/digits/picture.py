"""A picture file as a grayscale picture, upright and on paper; and an image as a PNG file.

Pillow, an extra, reads the file. Nothing in it is trusted: what it costs is known before it is decoded, and
whatever a decoder makes of a damaged one, the user sees one line.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nnbp_cli import __version__
from nnbp_cli.digits import limits
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.system.files import read_bytes
from nnbp_cli.system.outputs import Output, signed

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif")
NAMED = "PNG, JPEG, WebP, TIFF, HEIC, BMP or GIF"
HEIC = re.compile(rb"....ftyp(?:hei|hev|mif1|msf1)", re.DOTALL)  # how one begins, whatever its name
PNG = Output(
    "an input",
    {".png": signed(rb"\x89PNG.*tEXtSoftware\0nnbp predict ")},
    "name another folder with --save-input",
)
STRIP_ROWS = 64  # of a picture of 16 bits that are made to 8 at a time


def check_installed(who: str) -> None:
    """Raise NnbpError, which says that `who` needs it, where there is no Pillow."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise NnbpError(f"{who}: needs Pillow; pip install 'nnbp-cli[predict]'") from None


def is_picture(path: Path) -> bool:
    """Whether a file is one by its name; what is hidden, as macOS leaves it beside each, is none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def grayscale(path: Path) -> Array:
    """The picture in a file, the first where there are several; see `pages`."""
    return next(pages(path)).picture


class Page(NamedTuple):
    """A picture, which page it is where its file has several, and what to note: that not all are read."""

    picture: Array
    which: str
    note: str


def pages(path: Path) -> Iterator[Page]:
    """The pages of a TIFF file, or the one picture of another.

    A picture is (rows, columns), 0 black to 1 white, upright, its longer side REDUCED_SIDE at most. Where it
    is transparent the paper shows: white behind dark ink, black behind light ink. Raises NnbpError for what
    is no picture, damaged or too large.
    """
    # A decoder that read the file itself would reserve as many bytes as a damaged number asks for.
    content = read_bytes(
        path,
        limits.MAX_FILE_BYTES,
        missing=NnbpError(f"{path}: no such file; name a picture"),
        too_large=NnbpError(f"{path}: {limits.TOO_MANY_BYTES}"),
    )
    limits.check_file(path, content)
    number, count = 0, 1
    while number < count:
        with _opened(path, content) as image:
            which = note = ""
            if image.format == "TIFF":
                count = getattr(image, "n_frames", 1)
                which = f"page {number + 1} of {count}" if count > 1 else ""
            elif getattr(image, "is_animated", False):
                note = "the first of several pictures in it"
            image.seek(number)
            limits.check(path, image, content)
            picture = _on_paper(image)
        yield Page(picture, which, note)
        number += 1


@contextmanager
def _opened(path: Path, content: bytes) -> Iterator[Picture]:
    """The file as Pillow opens it; whatever it makes of it, NnbpError says."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow thinks large is answered here
            formats = _with_heic(path) if HEIC.match(content) else FORMATS
            with Image.open(io.BytesIO(content), formats=formats) as image:
                yield image
    except NnbpError:
        raise
    except UnidentifiedImageError:
        raise NnbpError(f"{path}: {_what_it_is(content)}; name a {NAMED} file") from None
    except Image.DecompressionBombError:
        raise NnbpError(f"{path}: {limits.TOO_MANY_PIXELS}") from None
    except MemoryError:
        raise NnbpError(f"{path}: does not fit into memory; make it smaller") from None
    except Exception as error:  # a decoder that meets damaged bytes may raise anything
        raise NnbpError(f"{path}: damaged: it cannot be decoded; save it again, or take another") from error


def _with_heic(path: Path) -> tuple[str, ...]:
    """The formats that Pillow reads when it has the library for HEIC, which not every machine has."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise NnbpError(f"{path}: a HEIC picture needs pillow-heif; pip install pillow-heif") from None
    register_heif_opener()
    return (*FORMATS, "HEIF")


def png(image: Bytes) -> bytes:
    """A PNG file of an image, (rows, columns)."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    file, metadata = io.BytesIO(), PngInfo()
    metadata.add_text("Software", f"nnbp predict {__version__}")
    Image.fromarray(image).save(file, "PNG", pnginfo=metadata)
    return file.getvalue()


def _on_paper(image: Picture) -> Array:
    """See `grayscale`. No more copies of a large picture are kept than `limits` knows of."""
    if not image.has_transparency_data:
        return _reduced(_grey(image))
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    channels = with_alpha.convert("L"), with_alpha.getchannel("A")
    image.close()
    with_alpha.close()
    grey, alpha = map(_reduced, channels)
    is_dark = (grey * alpha).sum() < 0.5 * alpha.sum()
    shown: Array = grey * alpha + is_dark * (1 - alpha)
    return shown


def _grey(image: Picture) -> Picture:
    """In 8 bits, of 16 the upper ones; Pillow would cut off what is brighter. Of `image` nothing is kept."""
    from PIL import Image

    if image.mode == "L":
        return image
    if image.mode.startswith("I"):
        values = np.empty((image.height, image.width), np.uint8)
        for top in range(0, image.height, STRIP_ROWS):
            rows = np.asarray(image.crop((0, top, image.width, min(top + STRIP_ROWS, image.height))))
            values[top : top + STRIP_ROWS] = (rows >> 8).clip(0, 255)
        grey = Image.fromarray(values)
        grey.info = image.info
    else:
        grey = image.convert("L")
    image.close()
    return grey


def _reduced(grey: Picture) -> Array:
    """A picture in 8 bits as values from 0 to 1, upright, made smaller by a whole factor if large."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(grey)
    values: Array = np.asarray(upright.reduce(ceil(max(upright.size) / limits.REDUCED_SIDE))) / 255
    return values


def _what_it_is(content: bytes) -> str:
    """Words for a file that is no picture, from how it begins."""
    if not content:
        return "damaged: the file is empty"
    return "not a picture but a PDF" if content.startswith(b"%PDF-") else "not a picture that is read here"
