"""Sprite sheets: many small pictures in one PNG, each shown by a box whose background is moved into place.

The rules of style for that are made here too: a page that allows no style in its elements has a class for
each column and each row of a sheet.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from nnbp_cli.nn.arrays import Array, Bytes
from nnbp_cli.report import png
from nnbp_cli.report.markup import Markup, tag

COLUMNS = 20  # pictures side by side
MAX_SHEET_PIXELS = 4_000_000  # half a megabyte or so of ink, two of weights
LEVELS = 31  # of a colour: they compress well, and more cannot be told apart at this size

# Ink is black and what is no ink is transparent, so that a dark page only has to invert it.
INK = np.array([(0, 0, 0, round(255 * k / (LEVELS - 1))) for k in range(LEVELS)], np.uint8)

# From blue by way of nothing to red.
DIVERGING = np.array(
    [
        ((33, 102, 200) if k < LEVELS // 2 else (214, 60, 44)) + (round(255 * abs(2 * k / (LEVELS - 1) - 1)),)
        for k in range(LEVELS)
    ],
    np.uint8,
)


@dataclass(frozen=True)
class Sprites:
    """Pictures, (n, rows, columns) of them, as one PNG; `name` is their class in the page."""

    name: str
    shape: tuple[int, int, int]
    png: bytes

    def __len__(self) -> int:
        return self.shape[0]

    def picture(self, index: int, label: str) -> Markup:
        """The element that shows one of them; `label` says what it is to those who do not see it."""
        classes = f"picture {self.name} x{index % COLUMNS} y{index // COLUMNS}"
        return tag("span", class_=classes, role="img", aria_label=label)

    def style(self) -> str:
        """The rules that show it, whatever the size --side of a picture is."""
        _, rows, columns = self.shape
        image = f"url(data:image/png;base64,{base64.b64encode(self.png).decode()})"
        return f".{self.name}{{background-image:{image};--tall:calc(var(--side)*{rows}/{columns})}}\n"


def digits(name: str, images: Bytes, shape: tuple[int, int]) -> Sprites:
    """The sheet of images, (n, pixels) bytes of ink."""
    levels = np.rint(images * ((LEVELS - 1) / 255)).astype(np.uint8)
    return _sheet(name, levels.reshape(-1, *shape), INK)


def weights(name: str, W: Array, shape: tuple[int, int], largest: float) -> Sprites:
    """The sheet of W (neurons, pixels), a picture for each neuron; `largest` has the full colour."""
    levels = np.rint((np.clip(W / largest, -1, 1) + 1) / 2 * (LEVELS - 1)).astype(np.uint8)
    return _sheet(name, levels.reshape(-1, *shape), DIVERGING)


def capacity(pixels: int) -> int:
    """How many pictures of so many pixels a sheet takes: one at least."""
    return max(1, MAX_SHEET_PIXELS // pixels)


def sprite_css(pictures: int) -> Iterator[str]:
    """The rules for columns and rows, for sheets of so many pictures at most."""
    for k in range(COLUMNS):
        yield f".x{k}{{background-position-x:calc(var(--side)*{-k})}}\n"
    for k in range(ceil(pictures / COLUMNS)):
        yield f".y{k}{{background-position-y:calc(var(--tall)*{-k})}}\n"


def _sheet(name: str, pictures: Bytes, palette: Bytes) -> Sprites:
    count, rows, columns = pictures.shape
    lines = max(1, ceil(count / COLUMNS))
    grid = np.full((lines * COLUMNS, rows, columns), palette[:, 3].argmin(), np.uint8)
    grid[:count] = pictures
    whole = grid.reshape(lines, COLUMNS, rows, columns).swapaxes(1, 2)
    return Sprites(name, pictures.shape, png.encode(whole.reshape(lines * rows, COLUMNS * columns), palette))
