"""Contrast: ink that stands out from its paper, on all sides. The other is noise, or where a shadow ends.

A stroke is darker than the paper is anywhere, if both are seen as coarse as the pen is wide; and there is
paper on all sides of it, whereas the corner of a shadow, which a closing fills as well, goes on on one side.
"""

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.components import Component, components
from nnbp_cli.nn.arrays import Array

ROUGHEST = 0.999  # the quantile of what paper lacks of its light
BEYOND = 1.5  # times that: less is no ink
TIGHT = 0.5  # of the picture: with a mark that large there is hardly paper to hold it against
SECTORS = 16  # around a mark
EDGE = 0.4  # of the contrast in the best quarter of them: less is no edge
OPEN = 0.25  # of what is around a mark, without an edge: more is a shadow's
BESIDE = 3  # pixels: what is around it, but for those that touch it, which are grey


def standing_out(ink: Array, picture: Array, background: Array) -> Array:
    """The ink, (rows, columns), without marks that do not stand out. `picture` is dark on light, and
    `background` its paper's light.
    """
    found, labels = components(ink, 1)
    missing = background - picture
    smoothed: dict[int, tuple[Array, float, float]] = {}
    gone = []
    for mark in found:
        reach = max(1, round((mark.pen - 1) / 2))
        if reach not in smoothed:
            coarse, paper = morphology.box_mean(missing, reach), ~_grown(ink > 0, reach + 1)
            smoothed[reach] = (
                coarse,
                *(np.quantile(coarse[paper], (0.5, ROUGHEST)) if paper.any() else (0, 0)),
            )
        coarse, usual, roughest = smoothed[reach]
        full = (labels[mark.window] == mark.labels[0]) & (ink[mark.window] > 0.5)
        if mark.size < TIGHT * max(ink.shape):
            faint = coarse[mark.window][full].mean() - usual < BEYOND * (roughest - usual)
            if faint or _open(mark, labels, ink, picture) > OPEN:
                gone.append(mark.labels[0])
    return np.where(np.isin(labels, gone), 0, ink)


def _open(mark: Component, labels: Array, ink: Array, picture: Array) -> float:
    """The share of what is around a mark that is as dark as the mark is beside it."""
    window = (
        slice(max(0, mark.top - BESIDE), mark.bottom + BESIDE),
        slice(max(0, mark.left - BESIDE), mark.right + BESIDE),
    )
    own = labels[window] == mark.labels[0]
    inside = own & (ink[window] > 0.5)
    around = _grown(own, BESIDE) & ~_grown(own, 1) & (ink[window] == 0)
    y, x = np.indices(own.shape)
    angle = np.arctan2(y - y[own].mean(), x - x[own].mean())
    sector = ((angle / np.pi + 1) / 2 * SECTORS).astype(int) % SECTORS

    def mean(where: Array) -> Array:
        sums = np.bincount(sector[where], picture[window][where], SECTORS)
        return sums / np.bincount(sector[where], minlength=SECTORS)

    with np.errstate(invalid="ignore"):  # a sector may have no ink, or nothing around it
        edge = mean(around) - mean(inside)
    known = np.isfinite(edge)
    if not known.any():
        return 0.0
    counts = np.bincount(sector[around], minlength=SECTORS)
    is_open = edge < EDGE * np.quantile(edge[known], 0.75)
    return float(counts[is_open].sum() / counts.sum())


def _grown(mask: Array, reach: int) -> Array:
    grown: Array = morphology.dilation(mask, reach)[reach:-reach, reach:-reach]
    return grown
