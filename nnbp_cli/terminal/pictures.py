"""Images as text: two rows of pixels to a line, in block characters or, where there are none, in ASCII."""

from collections.abc import Iterator, Sequence
from math import ceil

import numpy as np

from nnbp_cli.nn.arrays import Bytes

LINE_COLUMNS = 80  # at most
GAP_COLUMNS = 3  # between two pictures
MIN_INK = 96  # the least byte that is ink, where a pixel is all or nothing
BLOCKS = " \u2580\u2584\u2588"  # nothing, the upper half, the lower half, both
RAMP = " .:-=+*#%@"  # from no ink to full


def crop(images: Bytes) -> Bytes:
    """Images (n, rows, columns) without the margin that no ink of any of them reaches."""
    inked = images.max(axis=0) >= MIN_INK
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return images[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else images


def image_lines(image: Bytes, *, blocks: bool) -> list[str]:
    """The lines of an image, (rows, columns) bytes of ink; one that is wider than a line is made smaller."""
    factor = ceil(image.shape[1] / LINE_COLUMNS)
    rows, columns = (ceil(n / factor) for n in image.shape)
    rows += rows % 2
    padded = np.zeros((rows * factor, columns * factor))
    padded[: image.shape[0], : image.shape[1]] = image
    pixels = padded.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    upper, lower = pixels[::2], pixels[1::2]
    if blocks:
        characters, shades = BLOCKS, (upper >= MIN_INK) + 2 * (lower >= MIN_INK)
    else:
        characters, shades = RAMP, np.rint((upper + lower) / 2 / 255 * (len(RAMP) - 1)).astype(int)
    return ["".join(characters[shade] for shade in line) for line in shades]


def side_by_side(pictures: Sequence[Sequence[str]]) -> Iterator[str]:
    """Pictures, each of them as many lines as the others, as many in a row as fit."""
    width = max(len(line) for picture in pictures for line in picture)
    per_row = max(1, (LINE_COLUMNS + GAP_COLUMNS) // (width + GAP_COLUMNS))
    for start in range(0, len(pictures), per_row):
        if start:
            yield ""
        for lines in zip(*pictures[start : start + per_row]):
            yield (" " * GAP_COLUMNS).join(f"{line:{width}}" for line in lines).rstrip()
