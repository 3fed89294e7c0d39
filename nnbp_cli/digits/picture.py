"""A picture file as the light of its pixels.

Pillow, an extra, reads the file. Nothing in it is trusted: its size is known before it is decoded, and
whatever a decoder makes of a damaged one, the user sees one line.
"""

from __future__ import annotations

import io
import warnings
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnbp_cli import __version__
from nnbp_cli.datasets.idx import Bytes
from nnbp_cli.errors import NnbpError, reason
from nnbp_cli.nn.arrays import Array
from nnbp_cli.outputs import Output, signed

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("PNG", "JPEG", "BMP", "GIF")
LARGEST = 64_000_000  # pixels; at four bytes each 256 MB, for the moment that it takes to make it smaller
LARGEST_FILE = 100_000_000  # bytes
PNG = Output(
    "an input",
    {".png": signed(rb"\x89PNG.*tEXtSoftware\0nnbp predict ")},
    "name another folder with --save-input",
)
SIDE = 800  # pixels of the longer side that are looked at


def check_installed() -> None:
    """Raise NnbpError where there is no Pillow."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp predict: needs Pillow; pip install 'nnbp-cli[predict]'") from None


def light(path: Path) -> Array:
    """The light of a picture, (rows, columns), 0 black to 1 white, upright, its longer side SIDE at most.

    Where it is transparent the paper shows: white behind dark ink, black behind light ink. Raises NnbpError
    for what is no picture, damaged or too large.
    """
    from PIL import Image, UnidentifiedImageError

    content = _content(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow thinks large is answered here
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_size(path, image.size)
                return _light(image)
    except NnbpError:
        raise
    except UnidentifiedImageError:
        raise NnbpError(f"{path}: {_what_it_is(content)}; name a PNG, JPEG, BMP or GIF file") from None
    except Image.DecompressionBombError:
        raise NnbpError(f"{path}: {_too_large()}") from None
    except MemoryError:
        raise NnbpError(f"{path}: does not fit into memory; make it smaller") from None
    except Exception as error:  # a decoder that meets damaged bytes may raise anything
        raise NnbpError(f"{path}: damaged: it cannot be decoded; save it again, or take another") from error


def png(image: Bytes) -> bytes:
    """A PNG file of an image, (rows, columns)."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    file, metadata = io.BytesIO(), PngInfo()
    metadata.add_text("Software", f"nnbp predict {__version__}")
    Image.fromarray(image).save(file, "PNG", pnginfo=metadata)
    return file.getvalue()


def _content(path: Path) -> bytes:
    """All bytes of a file. A decoder that read it itself would ask for as many as a damaged number says, and
    Python reserves that much before it sees how many there are.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)  # no more, or /dev/zero would never end
    except FileNotFoundError:
        raise NnbpError(f"{path}: no such file; name a picture") from None
    except OSError as error:
        raise NnbpError(f"{path}: cannot be read: {reason(error)}; name a picture") from error
    if len(content) > LARGEST_FILE:
        raise NnbpError(f"{path}: more than {LARGEST_FILE // 1_000_000} MB are not read; make it smaller")
    return content


def _check_size(path: Path, size: tuple[int, int]) -> None:
    if size[0] * size[1] > LARGEST:
        raise NnbpError(f"{path}: {size[0]:,}x{size[1]:,} pixels: {_too_large()}")


def _too_large() -> str:
    return f"more than {LARGEST // 1_000_000} million pixels are not decoded; make it smaller"


def _light(image: Picture) -> Array:
    """See `light`."""
    from PIL import ImageOps

    image.draft("L", (SIDE, SIDE))  # a JPEG need not be decoded at its full size
    image = ImageOps.exif_transpose(image)
    if not image.has_transparency_data:
        return _reduced(_grey(image))
    with_alpha = image.convert("RGBA")
    grey, alpha = _reduced(with_alpha.convert("L")), _reduced(with_alpha.getchannel("A"))
    dark = (grey * alpha).sum() < 0.5 * alpha.sum()
    shown: Array = grey * alpha + dark * (1 - alpha)
    return shown


def _grey(image: Picture) -> Picture:
    """In 8 bits; Pillow would cut off what is brighter in 16."""
    if not image.mode.startswith("I"):
        return image.convert("L")
    from PIL import Image

    return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))


def _reduced(grey: Picture) -> Array:
    """The values of a picture in 8 bits from 0 to 1, made smaller by a whole factor where it is large."""
    values: Array = np.asarray(grey.reduce(ceil(max(grey.size) / SIDE))) / 255
    return values


def _what_it_is(content: bytes) -> str:
    """Words for a file that is no picture, from how it begins."""
    if not content:
        return "damaged: the file is empty"
    return "not a picture but a PDF" if content.startswith(b"%PDF-") else "not a picture that is read here"
