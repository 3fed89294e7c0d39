"""Segmentation: the digits among the connected components of the ink.

ink -> no boxes, no lines, nothing faint -> components -> no frames and blots -> strokes joined -> no specks
and words -> digits in reading order
"""

from dataclasses import dataclass
from math import inf

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.binarization import FULL_QUANTILE
from nnbp_cli.digits.components import Component, components, label
from nnbp_cli.digits.joining import is_fragment, joined
from nnbp_cli.digits.reading_order import in_reading_order
from nnbp_cli.digits.ruling import unboxed, unruled
from nnbp_cli.nn.arrays import Array

SMALLEST = 0.015  # of the picture's longer side, and
FEWEST = 7  # pixels: nothing smaller is a digit
FAINT = 0.15  # of a component's darkest ink: paler are shadows and lines, which join what is written
PLUMP = 0.45  # of a component's longer side: a pen that wide makes a blot
BOX = 0.2  # of the picture's longer side: no box of a form is smaller
LINE = 0.9  # of the picture's side, when it is thinner than THIN of the other side
THIN = 0.08
FILLING = 0.85  # of the height, as tall as another mark: a line up and down is then a 1 of a row
OUTGROWN = 1.7  # times the largest other component: larger, at the picture's edge, is the paper's edge,
HAS_EDGES = 100  # if the picture's longer side has so many pixels
SPECK = 0.4  # of the largest digit's height
WORD = 1.7  # of its height: what is wider is a word or a dash, where there is something else
FULL = 0.5  # of full ink: paler is the outside of a stroke
STRAIGHT = 0.5  # of the ink further in: as much at the picture's edge is cut off, less only touches it,
AS_TALL = 0.7  # of its height, a whole digit beside it
SHORT, NARROW = 0.6, 0.35  # of its height: what the picture cuts off is shorter or narrower than that,
THINNER = 0.7  # or as thin, of its pen
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
    ink = _without_faint(unruled(_without_boxes(ink, smallest)))
    found, labels = components(ink, smallest)
    strokes = _plausible(found, labels)
    pieces = joined(_cut_off(strokes, labels, ink), labels)
    of_pieces = {of_piece for piece in pieces for of_piece in piece.labels}
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


def _without_faint(ink: Array) -> Array:
    """The ink of each component that is not much fainter than its darkest, and what is next to that."""
    labels = label(ink > 0)
    darkest = np.zeros(labels.max(initial=0) + 1)
    np.maximum.at(darkest, labels.ravel(), ink.ravel())
    return np.where(morphology.dilation(ink > FAINT * darkest[labels], 1)[1:-1, 1:-1], ink, 0)


def _cut_off(strokes: list[Component], labels: Array, ink: Array) -> list[Component]:
    """Those of digits and lines at the sides that the picture cuts off, beside whole ones as tall; where it
    has room for no more than the digits, only what is less than a digit.
    """
    whole = [stroke for stroke in strokes if not _at_the_edge(stroke, labels)]
    cut = [stroke for stroke in strokes if _is_cut(stroke, labels, ink)]
    if not whole or not cut:
        return []
    tallest = max(whole, key=lambda stroke: stroke.height)
    if all(stroke.top > 0 and stroke.bottom < len(labels) for stroke in strokes):
        return cut if tallest.height >= AS_TALL * max(stroke.height for stroke in cut) else []
    return [
        stroke
        for stroke in cut
        if not any(is_fragment(stroke, other, labels) for other in whole)
        and (
            stroke.size < SHORT * tallest.height
            or stroke.pen < THINNER * tallest.pen
            or (stroke.top > 0 and stroke.bottom < len(labels) and stroke.width < NARROW * tallest.height)
        )
    ]


def _is_cut(stroke: Component, labels: Array, ink: Array) -> bool:
    """Whether a stroke goes on beyond an edge of the picture: hardly less of it is there than further in."""
    depth = 1 + max(1, round(stroke.pen / 2))
    full = (labels[stroke.window] == stroke.labels[0]) & (ink[stroke.window] > FULL)
    rows, columns = labels.shape
    touches = stroke.left == 0, stroke.right == columns, stroke.top == 0, stroke.bottom == rows
    sides = full, full[:, ::-1], full.T, full[::-1].T
    along = [side[:, :depth].sum(axis=0) for touch, side in zip(touches, sides) if touch]
    return any(inward[0] >= STRAIGHT * inward.max() > 0 for inward in along)


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
    is_tight = any(stroke.height > FILLING * rows and stroke.width >= THIN * columns for stroke in found)
    strokes = [
        stroke
        for stroke in found
        if stroke.pen < PLUMP * stroke.size
        and not (stroke.width > LINE * columns and stroke.height < THIN * rows)
        and not (stroke.height > LINE * rows and stroke.width < THIN * columns and not is_tight)
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
