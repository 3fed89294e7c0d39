"""Segmentation: the digits among the connected components of the ink.

ink -> components -> no lines, frames and blots -> strokes joined -> no specks -> digits in reading order
"""

from dataclasses import dataclass
from itertools import combinations
from math import inf

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.components import Component, components
from nnbp_cli.nn.arrays import Array, Shape

SMALLEST = 0.015  # of the picture's longer side, and
FEWEST = 5  # pixels: nothing smaller is a digit
PLUMP = 0.36  # of a component's longer side: a pen that wide makes a blot
LINE = 0.9  # of the picture's side, when it is thinner than THIN of the other side
THIN = 0.08
OUTGROWN = 1.5  # times the largest other component: larger, at the picture's edge, is the paper's edge
SPECK = 0.4  # of the largest digit's height
PART = 0.6  # of the other's size: a component that is smaller may be a part of a digit
OVERLAP = 0.3  # of the narrower one's width: then the two stand above each other
APART = 0.2  # of the digit's height, between a part and the rest of it
SLIM = 0.12  # of a digit's longer side, as wide as the pens of half of MNIST's digits


@dataclass(frozen=True)
class Digit:
    """The ink of a digit alone, 0 to 1, and its box in shares of the picture: left, top, width, height."""

    ink: Array
    box: tuple[float, float, float, float]


def segment(ink: Array) -> list[Digit]:
    """The digits in a picture of ink, (rows, columns), in reading order."""
    rows, columns = ink.shape
    found, labels = components(ink, max(FEWEST, SMALLEST * max(ink.shape)))
    parts = _joined(_plausible(found, ink.shape))
    tallest = max((part.height for part in parts), default=0)
    digits = []
    for part in _in_reading_order([part for part in parts if part.size >= SPECK * tallest]):
        window = np.s_[part.top : part.bottom, part.left : part.right]
        alone = ink[window] * np.isin(labels[window], part.labels)
        missing = round((SLIM * part.size - part.pen) / 2)  # on either side of a thin pen's strokes
        box = part.left / columns, part.top / rows, part.width / columns, part.height / rows
        digits.append(Digit(morphology.dilation(alone, max(0, missing)), box))
    return digits


def _plausible(found: list[Component], shape: Shape) -> list[Component]:
    """Without blots, lines across the picture, frames around other components, and the edge of the paper."""
    rows, columns = shape
    strokes = [
        stroke
        for stroke in found
        if stroke.pen < PLUMP * stroke.size
        and not (stroke.width > LINE * columns and stroke.height < THIN * rows)
        and not (stroke.height > LINE * rows and stroke.width < THIN * columns)
    ]
    inner = max((stroke.size for stroke in strokes if not _at_the_edge(stroke, shape)), default=inf)
    return [
        stroke
        for stroke in strokes
        if not any(_encloses(stroke, other) for other in strokes)
        and not (_at_the_edge(stroke, shape) and stroke.size > OUTGROWN * inner)
    ]


def _joined(parts: list[Component]) -> list[Component]:
    """The components, with those that are parts of one digit made one."""
    for one, other in combinations(parts, 2):
        if _belong_together(one, other):
            return _joined([one + other, *(part for part in parts if part is not one and part is not other)])
    return parts


def _in_reading_order(parts: list[Component]) -> list[Component]:
    """Line by line, from left to right: a line is what begins above the middle of its highest component."""
    lines: list[list[Component]] = []
    for part in sorted(parts, key=lambda part: part.top + part.bottom):
        if lines and (part.top + part.bottom) / 2 < lines[-1][0].bottom:
            lines[-1].append(part)
        else:
            lines.append([part])
    return [part for line in lines for part in sorted(line, key=lambda part: part.left)]


def _encloses(frame: Component, other: Component) -> bool:
    between = frame.top < other.top and other.bottom < frame.bottom
    beside = frame.left < other.left and other.right < frame.right
    return between and beside and other.size > SPECK * frame.size


def _at_the_edge(part: Component, shape: Shape) -> bool:
    return part.top == 0 or part.left == 0 or part.bottom == shape[0] or part.right == shape[1]


def _belong_together(one: Component, other: Component) -> bool:
    """Whether two components are one digit: a part and the rest of it, or two halves with hardly a gap."""
    part, rest = sorted((one, other), key=lambda component: component.size)
    beside = max(one.left, other.left) - min(one.right, other.right)  # negative where they overlap
    above = max(one.top, other.top) - min(one.bottom, other.bottom)
    if part.size < rest.pen:  # a speck
        return False
    is_part = part.size < PART * rest.size
    if -beside >= OVERLAP * min(one.width, other.width):
        return above <= (APART * rest.size if is_part else rest.pen)
    return is_part and above < 0 and beside <= rest.pen
