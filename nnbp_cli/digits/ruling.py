"""Ruling: lines from one edge of the picture to the other, of ruled paper or of a form, taken from the ink.

A line is where a sum along a slope finds ink from edge to edge (a Hough transform of few slopes). Of it goes
what is no higher than the line: strokes that cross it stay whole.
"""

import numpy as np

from nnbp_cli.digits.components import pens
from nnbp_cli.nn.arrays import Array

STRIPS = 24  # of columns, each of which a line runs through
SLOPES = np.linspace(-0.08, 0.08, 17)
COVERED = 0.85  # of a line that is ink
THICKEST = 0.05  # of the picture's side: what is thicker is no line
WEAKEST = 0.2  # of each strip
END = 0.03  # of the picture's side: a line begins and ends as near to its edges
FEWEST = 12  # rows: nothing lower has lines
LEFT = 0.25  # of a box's height that is left when its lines are gone
SLENDER = 0.1  # of a box's shorter side: wider than that are strokes
LESS_THAN_PEN = 0.6  # of the width of the other strokes: a line alone is as thin as that


def unruled(ink: Array) -> Array:
    """The ink without lines from edge to edge, along the rows and along the columns."""
    for _ in range(2):
        gone = _lines(ink, from_edge=True)[0]
        ink = np.where(gone, 0, ink).T
    return ink


def unboxed(ink: Array, holds: bool) -> Array:
    """The ink of a component, as large as its box, without the lines from side to side, where two or more
    thin ones along the rows and along the columns make boxes. In these must be something: strokes that touch
    the lines, or others that they hold; or it is a square nought.
    """
    along, rows = _lines(ink)
    across, columns = _lines(ink.T)
    rest = np.where(along | across.T, 0, ink)
    if min(rows, columns) < 2:
        return ink
    thickest = max(along.sum() / rows / ink.shape[1], across.sum() / columns / ink.shape[0])
    is_box = thickest < SLENDER * min(ink.shape) and (holds or (rest > 0).any(axis=1).mean() > LEFT)
    return rest if is_box else ink


def _lines(ink: Array, from_edge: bool = False) -> tuple[Array, int]:
    """The ink of lines from left to right, and how many there are; or only of those `from_edge` to edge. A
    line alone is none where it is as thick as the other strokes.
    """
    mask = ink > 0
    lines = _traces(mask, from_edge)
    gone = np.zeros_like(mask)
    if not lines:
        return gone, 0
    heights = _run_lengths(mask)
    for at in lines:
        gone |= _of_line(mask, heights, at)
    rest = mask & ~gone
    if len(lines) == 1 and (
        not rest.any() or np.median(heights[gone]) > LESS_THAN_PEN * pens(rest.astype(int), 2)[1]
    ):
        return np.zeros_like(mask), 0
    return gone, len(lines)


def _traces(mask: Array, from_edge: bool) -> list[Array]:
    """For each line its row in each column, (columns,)."""
    rows, columns = mask.shape
    strips = min(STRIPS, columns // 4)
    if strips < 4 or rows < FEWEST:
        return []
    near = mask.copy()
    near[1:] |= mask[:-1]
    near[:-1] |= mask[1:]
    edges = np.linspace(0, columns, strips + 1).astype(int)
    covered = np.add.reduceat(near, edges[:-1], axis=1, dtype=float) / np.diff(edges)
    middles = (edges[1:] + edges[:-1]) / 2 - columns / 2
    end = max(1, round(END * columns))
    ends = np.column_stack([near[:, :end].any(axis=1), near[:, -end:].any(axis=1)])
    score, slope_of = np.zeros(rows), np.zeros(rows)
    for slope in SLOPES:
        at = np.arange(rows)[:, None] + np.rint(slope * middles).astype(int)
        inside = ((at >= 0) & (at < rows)).all(axis=1)
        along = covered[at.clip(0, rows - 1), np.arange(strips)]
        if from_edge:
            inside &= np.take_along_axis(ends, at[:, [0, -1]].clip(0, rows - 1), axis=0).all(axis=1)
        mean = np.where(inside & (along.min(axis=1) > WEAKEST), along.mean(axis=1), 0)
        slope_of[mean > score] = slope
        score = np.maximum(score, mean)
    steps = np.diff(score >= COVERED, prepend=False, append=False).nonzero()[0].reshape(-1, 2)
    column = np.arange(columns) - columns / 2
    found = []
    for first, end in steps:
        if end - first <= max(6, THICKEST * rows):
            best = first + score[first:end].argmax()
            found.append((first + end - 1) / 2 + slope_of[best] * column)
    return found


def _of_line(mask: Array, heights: Array, at: Array) -> Array:
    """The ink of a line: where no more ink is above and below than along most of it."""
    rows, columns = mask.shape
    centre = np.rint(at).astype(int).clip(0, rows - 1)
    found = np.zeros(columns, int)
    for offset in (2, -2, 1, -1, 0):  # the nearest ink to where it should be
        near = (centre + offset).clip(0, rows - 1)
        found = np.where(mask[near, np.arange(columns)], heights[near, np.arange(columns)], found)
    thickness = np.median(found[found > 0])
    reach = thickness / 2 + 2
    band = np.abs(np.arange(rows)[:, None] - at) <= reach
    line: Array = mask & band & (heights <= 1.5 * thickness + 1)
    return line


def _run_lengths(mask: Array) -> Array:
    """How many pixels above and below, without a gap, are ink with each pixel: itself among them."""
    rows = np.arange(1, len(mask) + 1)[:, None]
    above = rows - np.maximum.accumulate(np.where(mask, 0, rows), axis=0)
    flipped = mask[::-1]
    below = (rows - np.maximum.accumulate(np.where(flipped, 0, rows), axis=0))[::-1]
    lengths: Array = np.where(mask, above + below - 1, 0)
    return lengths
