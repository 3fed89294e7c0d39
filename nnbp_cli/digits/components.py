"""8-connected components of ink: labelling, bounding boxes, and pen widths as area over half of the outline.

No loop goes over the pixels: they make runs, the pixels side by side in a row; pairs of runs touch; and runs
that are connected are a component.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of its box."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def surrounds(self, other: Component) -> bool:
        """Whether the box of another is inside its own, and touches it nowhere."""
        between = self.top < other.top and other.bottom < self.bottom
        return between and self.left < other.left and other.right < self.right

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
    widths = pens(labels, count)
    largest = np.argsort(-sizes, kind="stable")[:MAX_COMPONENTS]
    chosen = [int(k) for k in largest if sizes[k] >= max(min_size, 1)]
    (top, left), (bottom, right) = first.tolist(), end.tolist()
    return [Component((k,), top[k], left[k], bottom[k], right[k], float(widths[k])) for k in chosen], labels


def pens(labels: Array, count: int) -> Array:
    """The width of the strokes of each label below `count`, (count,). A stroke has two sides: its area is its
    length times its width, its outline about twice its length.
    """
    widths: Array = 2 * np.bincount(labels.ravel(), minlength=count) / np.maximum(outlines(labels, count), 1)
    return widths


def outlines(labels: Array, count: int) -> Array:
    """The length of the outline of each label below `count`, (count,). A line of pixels at an angle has more
    sides than length, by 4 / pi on average.
    """
    padded = np.pad(labels, 1)
    sides = np.zeros(count, int)
    for one, other in ((padded[1:], padded[:-1]), (padded[:, 1:], padded[:, :-1])):
        for neighbour in (one, other):
            sides += np.bincount(neighbour[one != other], minlength=count)
    return sides * (np.pi / 4)


def label(mask: Array) -> Array:
    """The number of each pixel's component, from 1 on, (rows, columns); 0 where `mask` is not set."""
    rows, columns = mask.shape
    padded = np.zeros((rows + 2, columns + 2), np.int8)  # so that no run goes on in the next row
    padded[1:-1, 1:-1] = mask
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    first, end = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    above, below = _touching(first, end, columns + 2)
    numbers = np.unique(_connected(len(first), above, below), return_inverse=True)[1] + 1
    labels = np.zeros(padded.size, np.intp)
    labels[padded.ravel() > 0] = np.repeat(numbers, end - first)
    return labels.reshape(padded.shape)[1:-1, 1:-1]


def _touching(first: Array, end: Array, stride: int) -> tuple[Array, Array]:
    """The pairs of runs that touch, along a side or at a corner: the upper and the lower one of each."""
    from_ = np.searchsorted(end, first + stride, side="left")  # the first below that ends late enough
    to = np.searchsorted(first, end + stride, side="right")  # and the first that begins too late
    counts = to - from_
    above = np.repeat(np.arange(len(first)), counts)
    below = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(from_, counts)
    return above, below


def _connected(count: int, one: Array, other: Array) -> Array:
    """For each of `count` nodes the least node that edges from `one` to `other` connect it with, (count,):
    hooking and pointer jumping, as Shiloach and Vishkin (1982) do in parallel.
    """
    least = np.arange(count)
    while True:
        roots = np.minimum(least[one], least[other])
        hooked = least.copy()
        np.minimum.at(hooked, least[one], roots)
        np.minimum.at(hooked, least[other], roots)
        while not np.array_equal(hooked, hooked[hooked]):
            hooked = hooked[hooked]
        if np.array_equal(hooked, least):
            return least
        least = hooked
