"""The digits among the marks of a picture: what is plainly none is left out, broken strokes are joined.

ink -> marks -> no lines, frames and blots -> strokes joined -> no specks -> digits, as one reads them
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.components import Component, components
from nnbp_cli.nn.arrays import Array

SMALLEST = 0.015  # of the picture's longer side, and
FEWEST = 5  # pixels: nothing smaller is a digit
PLUMP = 0.36  # of a mark's longer side: a stroke that wide makes a blot
LINE = 0.9  # of the picture's side, when it is thinner than THIN of the other side
THIN = 0.08
OUTGROWN = (
    1.5  # times as large as the other marks: along the edge of the picture that is the edge of the paper
)
SPECK = 0.4  # of the largest digit's height
PART = 0.6  # of the other's size: a mark that is smaller may be a part of a digit
OVERLAP = 0.3  # of the narrower mark's width: then the two stand above each other
APART = 0.2  # of the digit's height, between a part and the rest of it
SLIM = 0.12  # of a digit's longer side, as wide as the pens of half of MNIST's digits


@dataclass(frozen=True)
class Digit:
    """A digit on a picture: the ink of it alone, 0 to 1, in its box, which is in shares of the picture."""

    ink: Array
    left: float
    top: float
    width: float
    height: float


def segment(ink: Array) -> list[Digit]:
    """The digits in a picture of ink, (rows, columns), in reading order."""
    rows, columns = ink.shape
    found, numbers = components(ink, max(FEWEST, SMALLEST * max(ink.shape)))
    made = []
    for mark in in_reading_order(without_specks(joined(plausible(found, ink.shape)))):
        box = np.s_[mark.top : mark.bottom, mark.left : mark.right]
        alone = ink[box] * np.isin(numbers[box], mark.numbers)
        place = mark.left / columns, mark.top / rows, mark.width / columns, mark.height / rows
        made.append(Digit(morphology.dilation(alone, missing_width(mark)), *place))
    return made


def plausible(found: list[Component], shape: tuple[int, ...]) -> list[Component]:
    """Without blots, lines across the picture, frames around other marks, and the edge of the paper."""
    rows, columns = shape
    strokes = [
        mark
        for mark in found
        if mark.pen < PLUMP * mark.size
        and not (mark.width > LINE * columns and mark.height < THIN * rows)
        and not (mark.height > LINE * rows and mark.width < THIN * columns)
    ]
    return [
        mark
        for mark in strokes
        if not any(_encloses(mark, other) for other in strokes)
        and not (_at_the_edge(mark, shape) and _outgrows(mark, strokes, shape))
    ]


def joined(parts: list[Component]) -> list[Component]:
    """The marks, with those that are parts of one digit made one."""
    for one, other in combinations(parts, 2):
        if _belong_together(one, other):
            return joined([one + other, *(part for part in parts if part is not one and part is not other)])
    return parts


def without_specks(found: list[Component]) -> list[Component]:
    """Without what is small beside the largest digit."""
    largest = max((mark.height for mark in found), default=0)
    return [mark for mark in found if mark.size >= SPECK * largest]


def in_reading_order(found: Iterable[Component]) -> list[Component]:
    """Line by line, from left to right: a line is what begins above the middle of its highest mark."""
    lines: list[list[Component]] = []
    for mark in sorted(found, key=lambda mark: mark.top + mark.bottom):
        if lines and (mark.top + mark.bottom) / 2 < lines[-1][0].bottom:
            lines[-1].append(mark)
        else:
            lines.append([mark])
    return [mark for line in lines for mark in sorted(line, key=lambda mark: mark.left)]


def missing_width(mark: Component) -> int:
    """By how many pixels a thin pen's strokes are widened on either side, to be as wide as MNIST's."""
    return max(0, round((SLIM * mark.size - mark.pen) / 2))


def _encloses(mark: Component, other: Component) -> bool:
    inside = mark.top < other.top and other.bottom < mark.bottom
    return inside and mark.left < other.left and other.right < mark.right and other.size > SPECK * mark.size


def _at_the_edge(mark: Component, shape: tuple[int, ...]) -> bool:
    return mark.top == 0 or mark.left == 0 or mark.bottom == shape[0] or mark.right == shape[1]


def _outgrows(mark: Component, found: list[Component], shape: tuple[int, ...]) -> bool:
    others = [other.size for other in found if not _at_the_edge(other, shape)]
    return bool(others) and mark.size > OUTGROWN * max(others)


def _belong_together(one: Component, other: Component) -> bool:
    """Whether two marks are one digit: a part and the rest of it, or two halves with hardly a gap."""
    part, rest = sorted((one, other), key=lambda mark: mark.size)
    beside = max(one.left, other.left) - min(one.right, other.right)  # negative where they overlap
    above = max(one.top, other.top) - min(one.bottom, other.bottom)
    if part.size < rest.pen:  # a speck
        return False
    is_part = part.size < PART * rest.size
    if -beside >= OVERLAP * min(one.width, other.width):
        return above <= (APART * rest.size if is_part else rest.pen)
    return is_part and above < 0 and beside <= rest.pen
