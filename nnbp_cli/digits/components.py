"""Connected components of ink: bounding boxes, and pen widths as area over half of the outline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnbp_cli.digits.labelling import label
from nnbp_cli.nn.arrays import Array

MIN_INK = 0.6  # of full ink: what is nowhere as dark is a stain
MAX_COMPONENTS = 200  # that are looked at, the largest ones


@dataclass(frozen=True)
class Component:
    """Strokes of one label, or joined of several: the box around them, `bottom` and `right` not included, and
    the width of the pen, all in pixels.
    """

    labels: tuple[int, ...]
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
            self.labels + other.labels,
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
            self.pen if self.size >= other.size else other.pen,
        )


def components(ink: Array, min_size: float) -> tuple[list[Component], Array]:
    """The components of at least `min_size` pixels, the largest first, and the label of each pixel."""
    labels = label(ink > 0)
    count = int(labels.max(initial=0)) + 1
    rows, columns = np.nonzero(labels)
    label_of = labels[rows, columns]
    darkest = np.zeros(count)
    np.maximum.at(darkest, label_of, ink[rows, columns])
    first, end = np.full((2, count), labels.size), np.zeros((2, count), int)
    for axis, place in enumerate((rows, columns)):
        np.minimum.at(first[axis], label_of, place)
        np.maximum.at(end[axis], label_of, place + 1)
    sizes = np.where(darkest >= MIN_INK, (end - first).max(axis=0), 0)
    # A stroke has two sides: its area is its length times its width, its outline about twice its length.
    pens = 2 * np.bincount(label_of, minlength=count) / np.maximum(_outlines(labels, count), 1)
    chosen = [
        int(k) for k in np.argsort(-sizes, kind="stable")[:MAX_COMPONENTS] if sizes[k] >= max(min_size, 1)
    ]
    (top, left), (bottom, right) = first.tolist(), end.tolist()
    return [Component((k,), top[k], left[k], bottom[k], right[k], float(pens[k])) for k in chosen], labels


def _outlines(labels: Array, count: int) -> Array:
    """The length of each label's outline, (count,). A line of pixels at an angle has more sides than length,
    by 4 / pi on average.
    """
    padded = np.pad(labels, 1)
    sides = np.zeros(count, int)
    for one, other in ((padded[1:], padded[:-1]), (padded[:, 1:], padded[:, :-1])):
        for neighbour in (one, other):
            sides += np.bincount(neighbour[one != other], minlength=count)
    return sides * (np.pi / 4)
