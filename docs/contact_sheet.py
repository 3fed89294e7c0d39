"""Draws docs/synthetic.png: twenty synthetic digits of each class.

python docs/contact_sheet.py > docs/synthetic.png
"""

import struct
import sys
import zlib

import numpy as np

from nnbp_cli.datasets.synthetic import draw

EACH = 20

images, labels = draw(2_000, 1, "training")
rows = [np.hstack(images[labels == digit][:EACH]) for digit in range(10)]
sheet = 255 - np.vstack(rows)  # dark ink on white paper


def chunk(kind: bytes, content: bytes) -> bytes:
    """A piece of a PNG file: its length, kind, content and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


height, width = sheet.shape
lines = b"".join(b"\0" + line.tobytes() for line in sheet)  # 0: no filter
sys.stdout.buffer.write(
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))  # 8 bits of grey
    + chunk(b"IDAT", zlib.compress(lines, 9))
    + chunk(b"IEND", b"")
)
