"""Segmentation: the digits among the connected components of the ink.

ink -> no boxes, no lines -> components -> no frames and blots -> strokes joined -> no specks and words ->
digits in reading order
"""

from dataclasses import dataclass
from math import inf

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.binarization import FULL_QUANTILE
from nnbp_cli.digits.components import Component, components
from nnbp_cli.digits.joining import is_fragment, joined
from nnbp_cli.digits.reading_order import in_reading_order
from nnbp_cli.digits.ruling import unboxed, unruled
from nnbp_cli.nn.arrays import Array

SMALLEST = 0.015  # of the picture's longer side, and
FEWEST = 7  # pixels: nothing smaller is a digit
PLUMP = 0.45  # of a component's longer side: a pen that wide makes a blot
BOX = 0.2  # of the picture's longer side: no box of a form is smaller
LINE = 0.9  # of the picture's side, when it is thinner than THIN of the other side
THIN = 0.08
OUTGROWN = 1.7  # times the largest other component: larger, at the picture's edge, is the paper's edge,
HAS_EDGES = 100  # if the picture's longer side has so many pixels
SPECK = 0.4  # of the largest digit's height
WORD = 1.7  # of its height: what is wider is a word or a dash, where there is something else
FULL = 0.5  # of full ink: paler is the outside of a stroke
STRAIGHT = 0.5  # of the ink further in: as much at the picture's edge is cut off, less only touches it,
AS_TALL = 0.7  # of its height, a whole digit beside it
SLIM = 0.12  # of a digit's longer side, as wide as the pens of half of MNIST's digits


@dataclass(frozen=True)
class Digit:
    """The ink of a digit alone, 0 to 1, and its box in shares of the picture: left, top, width, height; and
    whether it is a piece of one that the picture's left or right edge cuts off, beside others that are whole.
    """

    ink: Array
    box: tuple[float, float, float, float]
    cut: bool

    @property
    def size(self) -> float:
        """Along its longer side, as a share of the picture's sides."""
        return max(self.box[2:])


def segment(ink: Array) -> list[Digit]:
    """The digits in a picture of ink, (rows, columns), in reading order."""
    rows, columns = ink.shape
    smallest = max(FEWEST, SMALLEST * max(ink.shape))
    ink = unruled(_without_boxes(ink, smallest))
    found, labels = components(ink, smallest)
    strokes = _plausible(found, labels)
    pieces = joined(_cut_off(strokes, labels, ink), labels)
    of_pieces = {label for piece in pieces for label in piece.labels}
    parts = joined([stroke for stroke in strokes if of_pieces.isdisjoint(stroke.labels)], labels) + pieces
    tallest = max((part.height for part in parts), default=0)
    parts = [part for part in parts if part.size >= SPECK * tallest]
    parts = [part for part in parts if part.width <= WORD * part.height] or parts
    digits = []
    for part in in_reading_order(parts):
        alone = np.where(np.isin(labels[part.window], part.labels), ink[part.window], 0)
        full = np.quantile(alone[alone > 0], FULL_QUANTILE)  # a pale one is ink as well
        alone = np.minimum(alone / full, 1)
        missing = round((SLIM * part.size - part.pen) / 2)  # on either side of a thin pen's strokes
        box = part.left / columns, part.top / rows, part.width / columns, part.height / rows
        digits.append(Digit(morphology.dilation(alone, max(0, missing)), box, part in pieces))
    return digits


def _cut_off(strokes: list[Component], labels: Array, ink: Array) -> list[Component]:
    """Those of digits on either side that the picture cuts off, beside whole ones as tall."""
    rows, columns = labels.shape
    if any(stroke.top == 0 or stroke.bottom == rows for stroke in strokes):  # all is cut out tightly
        return []
    cut = []
    for stroke in strokes:
        depth = 1 + max(1, round(stroke.pen / 2))
        full = (labels[stroke.window] == stroke.labels[0]) & (ink[stroke.window] > FULL)
        sides = (stroke.left == 0, full[:, :depth]), (stroke.right == columns, full[:, ::-1][:, :depth])
        along = [side.sum(axis=0) for touches, side in sides if touches]  # the edge, and further in
        if any(ink[0] >= STRAIGHT * ink.max() > 0 for ink in along):
            cut.append(stroke)
    tallest = max((stroke.height for stroke in strokes if not _at_the_edge(stroke, labels)), default=0)
    return [stroke for stroke in cut if tallest >= AS_TALL * max(stroke.height for stroke in cut)]


def _without_boxes(ink: Array, smallest: float) -> Array:
    """The ink without the lines of the boxes that digits were written into."""
    found, labels = components(ink, smallest)
    ink = ink.copy()
    for box in found:
        if box.size > BOX * max(ink.shape):
            alone = np.where(labels[box.window] == box.labels[0], ink[box.window], 0)
            ink[box.window] -= alone - unboxed(alone, holds=any(box.surrounds(other) for other in found))
    return ink


def _plausible(found: list[Component], labels: Array) -> list[Component]:
    """Without blots, lines across the picture, frames around other components, and the edge of the paper."""
    rows, columns = labels.shape
    strokes = [
        stroke
        for stroke in found
        if stroke.pen < PLUMP * stroke.size
        and not (stroke.width > LINE * columns and stroke.height < THIN * rows)
        and not (stroke.height > LINE * rows and stroke.width < THIN * columns)
    ]
    strokes = [
        stroke
        for stroke in strokes
        if not any(other.size > SPECK * stroke.size and _frames(stroke, other, labels) for other in strokes)
    ]
    if max(labels.shape) < HAS_EDGES:
        return strokes
    marks = joined(strokes, labels)
    at_the_edge = [mark for mark in marks if _at_the_edge(mark, labels)]
    inner = [
        mark.size
        for mark in marks
        if mark not in at_the_edge and not any(is_fragment(mark, other, labels) for other in at_the_edge)
    ]
    largest = OUTGROWN * max(inner, default=inf)
    return [stroke for stroke in strokes if stroke.size <= largest or not _at_the_edge(stroke, labels)]


def _frames(frame: Component, other: Component, labels: Array) -> bool:
    """Whether a component has ink on all four sides of another one."""
    rows, columns = other.window
    sides = (
        (rows, slice(frame.left, other.left)),
        (rows, slice(other.right, frame.right)),
        (slice(frame.top, other.top), columns),
        (slice(other.bottom, frame.bottom), columns),
    )
    return frame.surrounds(other) and all(np.isin(labels[side], frame.labels).any() for side in sides)


def _at_the_edge(part: Component, labels: Array) -> bool:
    return (
        part.top == 0 or part.left == 0 or (part.bottom == labels.shape[0] or part.right == labels.shape[1])
    )
