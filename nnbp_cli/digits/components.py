"""The marks in a picture of ink: its connected regions, with where they are and how wide the pen was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnbp_cli.digits.labelling import label
from nnbp_cli.nn.arrays import Array

FULLEST = 0.6  # of full ink: what is nowhere as dark is a stain
MANY = 200  # marks that are looked at, the largest ones


@dataclass(frozen=True)
class Component:
    """Regions that are one thing on the paper: their numbers, the box around them, `bottom` and `right` not
    included, and the width of the pen, all in pixels.
    """

    numbers: tuple[int, ...]
    top: int
    left: int
    bottom: int
    right: int
    pen: float

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """From left to right."""
        return self.right - self.left

    @property
    def size(self) -> int:
        """Along the longer side."""
        return max(self.height, self.width)

    def __add__(self, other: Component) -> Component:
        return Component(
            self.numbers + other.numbers,
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
            max(self, other, key=lambda mark: mark.size).pen,
        )


def components(ink: Array, smallest: float) -> tuple[list[Component], Array]:
    """The marks of at least this size, and for each pixel the number of its region."""
    numbers = label(ink > 0)
    count = int(numbers.max(initial=0)) + 1
    rows, columns = np.nonzero(numbers)
    of = numbers[rows, columns]
    fullest = np.zeros(count)
    np.maximum.at(fullest, of, ink[rows, columns])
    first, end = np.full((2, count), numbers.size), np.zeros((2, count), int)
    for axis, at in enumerate((rows, columns)):
        np.minimum.at(first[axis], of, at)
        np.maximum.at(end[axis], of, at + 1)
    sizes = np.where(fullest >= FULLEST, (end - first).max(axis=0), 0)
    # A stroke has two sides: its area is its length times its width, its outline about twice its length.
    pens = 2 * np.bincount(of, minlength=count) / np.maximum(_outlines(numbers, count), 1)
    chosen = [int(k) for k in np.argsort(-sizes, kind="stable")[:MANY] if sizes[k] >= max(smallest, 1)]
    (top, left), (bottom, right) = first.tolist(), end.tolist()
    found = [Component((k,), top[k], left[k], bottom[k], right[k], float(pens[k])) for k in chosen]
    return found, numbers


def _outlines(numbers: Array, count: int) -> Array:
    """The length of each region's outline, (count,). A line of pixels at an angle has more sides than length,
    by 4 / pi on average.
    """
    wide = np.pad(numbers, 1)
    sides = np.zeros(count, int)
    for one, other in ((wide[1:], wide[:-1]), (wide[:, 1:], wide[:, :-1])):
        apart = one != other
        sides += np.bincount(one[apart], minlength=count) + np.bincount(other[apart], minlength=count)
    return sides * (np.pi / 4)
