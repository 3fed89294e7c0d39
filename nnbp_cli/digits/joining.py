"""Joining: components that are parts of one digit, since a pen skips and some digits have two strokes."""

from itertools import combinations

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.components import Component
from nnbp_cli.nn.arrays import Array

PART = 0.6  # of the other's size: a component that is smaller may be a part of a digit
NEAR = 1.5  # pens from ink to ink, between a part and the rest of it
BESIDE = 0.5  # of the lower one's height: digits beside each other share more, halves of one have it less
WIDEST = 1.3  # of its height: no digit that is joined is wider
OVERLAP = 0.3  # of the narrower one's width: then the two stand above each other
APART = 0.2  # of the digit's height, between a part that stands above the rest and that


def joined(parts: list[Component], labels: Array) -> list[Component]:
    """The components, with those that are parts of one digit made one. `labels` tell their pixels."""
    for one, other in combinations(parts, 2):
        if _belong_together(one, other, labels):
            others = (part for part in parts if part is not one and part is not other)
            return joined([one + other, *others], labels)
    return parts


def is_fragment(part: Component, rest: Component, labels: Array) -> bool:
    """Whether a component is much smaller than another one, and its ink near the other's."""
    return part.size < PART * rest.size and _is_near(part, rest, max(1, round(NEAR * rest.pen)), labels)


def _belong_together(one: Component, other: Component, labels: Array) -> bool:
    """Whether two components are one digit: a part and the rest of it, or two halves with hardly a gap."""
    part, rest = sorted((one, other), key=lambda component: component.size)
    beside, above = _gaps(one, other)
    if part.size < rest.pen:  # a speck
        return False
    whole = one + other
    if whole.width <= WIDEST * whole.height:
        if is_fragment(part, rest, labels):
            return True
        if -above < BESIDE * min(one.height, other.height) and _is_near(part, rest, round(rest.pen), labels):
            return True
    is_part = part.size < PART * rest.size
    if -beside >= OVERLAP * min(one.width, other.width):
        return above <= (APART * rest.size if is_part else rest.pen)
    return is_part and above < 0 and beside <= rest.pen


def _gaps(one: Component, other: Component) -> tuple[int, int]:
    """How far apart two boxes are, sideways and up or down; negative where they overlap."""
    beside = max(one.left, other.left) - min(one.right, other.right)
    return beside, max(one.top, other.top) - min(one.bottom, other.bottom)


def _is_near(part: Component, rest: Component, reach: int, labels: Array) -> bool:
    """Whether ink of two components is within `reach` pixels, along rows and along columns."""
    if max(_gaps(part, rest)) >= reach:
        return False
    first, end = (
        np.maximum((part.top - reach, part.left - reach), 0),
        (part.bottom + reach, part.right + reach),
    )
    around = labels[first[0] : end[0], first[1] : end[1]]
    grown = morphology.dilation(np.isin(around, part.labels), reach)[reach:-reach, reach:-reach]
    return bool((grown & np.isin(around, rest.labels)).any())
