"""PNG encoding of an image in a palette of at most 256 colours, each with its transparency."""

import struct
import zlib

import numpy as np

from nnbp_cli.nn.arrays import Bytes

PALETTE = 3  # the type of colour: the pixels are indices


def encode(pixels: Bytes, palette: Bytes) -> bytes:
    """The picture of `pixels` (rows, columns), indices of `palette` (colours, 4): R, G, B, alpha."""
    rows, columns = pixels.shape
    # Each line begins with 0: nothing is predicted from neighbours.
    lines = np.pad(pixels, ((0, 0), (1, 0)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, PALETTE, 0, 0, 0)),
            _chunk(b"PLTE", palette[:, :3].tobytes()),
            _chunk(b"tRNS", palette[:, 3].tobytes()),
            _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
