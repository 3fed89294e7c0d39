"""A picture file as the light of its pixels.

Pillow, an extra, reads the file. Nothing in it is trusted: what it costs is known before it is decoded, and
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
from nnbp_cli.digits import limits
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Array
from nnbp_cli.system.files import read_bytes
from nnbp_cli.system.outputs import Output, signed

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

FORMATS = ("PNG", "JPEG", "BMP", "GIF")
PNG = Output(
    "an input",
    {".png": signed(rb"\x89PNG.*tEXtSoftware\0nnbp predict ")},
    "name another folder with --save-input",
)
SIDE = 800  # pixels of the longer side that are looked at
STRIP = 64  # rows of a picture of 16 bits that are made to 8 at a time


def check_installed() -> None:
    """Raise NnbpError where there is no Pillow."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise NnbpError("nnbp predict: needs Pillow; pip install 'nnbp-cli[predict]'") from None


def grayscale(path: Path) -> Array:
    """The light of a picture, (rows, columns), 0 black to 1 white, upright, its longer side SIDE at most.

    Where it is transparent the paper shows: white behind dark ink, black behind light ink. Raises NnbpError
    for what is no picture, damaged or too large.
    """
    from PIL import Image, UnidentifiedImageError

    content = _content(path)
    limits.check_file(path, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow thinks large is answered here
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                limits.check(path, image, content, side=SIDE)
                return _light(image)
    except NnbpError:
        raise
    except UnidentifiedImageError:
        raise NnbpError(f"{path}: {_what_it_is(content)}; name a PNG, JPEG, BMP or GIF file") from None
    except Image.DecompressionBombError:
        raise NnbpError(f"{path}: {limits.too_many_pixels()}") from None
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
    most = limits.MOST_BYTES // 1_000_000
    return read_bytes(
        path,
        limits.MOST_BYTES,
        missing=NnbpError(f"{path}: no such file; name a picture"),
        too_large=NnbpError(f"{path}: more than {most} MB are not read; make it smaller"),
    )


def _light(image: Picture) -> Array:
    """See `light`. No more copies of a large picture are kept than `limits` knows of."""
    if not image.has_transparency_data:
        return _reduced(_grey(image))
    with_alpha = image if image.mode == "RGBA" else image.convert("RGBA")
    parts = with_alpha.convert("L"), with_alpha.getchannel("A")
    for each in (image, with_alpha):
        each.close()
    grey, alpha = map(_reduced, parts)
    dark = (grey * alpha).sum() < 0.5 * alpha.sum()
    shown: Array = grey * alpha + dark * (1 - alpha)
    return shown


def _grey(image: Picture) -> Picture:
    """In 8 bits; Pillow would cut off what is brighter in 16. Of `image` nothing is kept."""
    if image.mode == "L":
        return image
    grey = _grey_of_16_bits(image) if image.mode.startswith("I") else image.convert("L")
    image.close()
    return grey


def _grey_of_16_bits(image: Picture) -> Picture:
    from PIL import Image

    values = np.empty((image.height, image.width), np.uint8)
    for top in range(0, image.height, STRIP):
        rows = np.asarray(image.crop((0, top, image.width, min(top + STRIP, image.height))))
        values[top : top + STRIP] = (rows >> 8).clip(0, 255)
    grey = Image.fromarray(values)
    grey.info = image.info
    return grey


def _reduced(grey: Picture) -> Array:
    """The values of a picture in 8 bits from 0 to 1, upright, made smaller by a whole factor where it is
    large.
    """
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(grey)
    values: Array = np.asarray(upright.reduce(ceil(max(upright.size) / SIDE))) / 255
    return values


def _what_it_is(content: bytes) -> str:
    """Words for a file that is no picture, from how it begins."""
    if not content:
        return "damaged: the file is empty"
    return "not a picture but a PDF" if content.startswith(b"%PDF-") else "not a picture that is read here"
