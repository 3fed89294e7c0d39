"""The sheet of paper on a picture: what lies around it, a desk or a black frame, becomes paper. Or a board,
which is dark on something light.

picture -> small, without ink -> light and dark, by Otsu -> the largest light part, if it has four corners
"""

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.binarization import MIN_BACKGROUND, around, otsu
from nnbp_cli.digits.components import label, outlines
from nnbp_cli.nn.arrays import Array

SIDE = 100  # pixels of the longer side that are enough to find it
STROKE = 0.05  # of that side: half of the widest stroke, which the small picture lacks
LEAST = 0.15  # of the picture that a sheet covers,
LEAST_BOARD = 0.3  # and a board
COMPACT = 0.75  # 4 pi area over the outline's square: of sheets at least, of digits at most
FOUR_CORNERS = 0.8  # of it that the largest quadrilateral in it covers; of an ellipse 0.64
BESIDE = 0.5  # of the picture's border that is beside it
DARKER = 0.6  # of its light that what is next to it has at the most; a shadow leaves more,
DARK = 0.4  # and of the light next to it that a board has
MARGIN = 0.015  # of the longer side, which its edge may be wide
REACHES = (0.05, 0.15, 0.5, 1.0)  # of the longer side: from how far away what is outside gets its light


def spread(picture: Array) -> Array:
    """The picture with the light of the sheet all over it, but for what is on the sheet, or with a board's
    dark; as it is, where there is no sheet on something darker, and no board on something lighter.
    """
    step = -(-max(picture.shape) // SIDE)
    small = _reduced(picture, step)
    light = small >= otsu(small.ravel())
    if _is_sheet(sheet := _largest(light), small, LEAST, DARKER):
        return _spread(picture, small, sheet, step)
    if _is_sheet(board := _largest(~light), 1 / np.maximum(small, MIN_BACKGROUND), LEAST_BOARD, DARK):
        return 1 - _spread(1 - picture, 1 - small, board, step)
    return picture


def _spread(picture: Array, small: Array, sheet: Array, step: int) -> Array:
    paper = morphology.closing(small, max(1, round(STROKE * max(small.shape))))
    margin = max(1, round(MARGIN * max(small.shape)))
    inside = ~morphology.dilation(~sheet, margin)[margin:-margin, margin:-margin]
    light = paper * inside
    known = inside.astype(float)
    for reach in (max(1, round(share * max(small.shape))) for share in REACHES):
        share = morphology.box_mean(known, reach)
        near = morphology.box_mean(light, reach) / np.maximum(share, 1e-9)
        light = np.where(known > 0, light, near)
        known = ((known > 0) | (share > 1e-6)).astype(float)
    return np.where(_enlarged(inside, step, picture.shape), picture, _enlarged(light, step, picture.shape))


def _largest(light: Array) -> Array:
    """The largest component, without holes."""
    labels = label(light)
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    around = label(~np.pad(labels == counts.argmax(), 1))
    whole: Array = (around != around[0, 0])[1:-1, 1:-1]
    return whole


def _is_sheet(sheet: Array, picture: Array, least: float, darker: float) -> bool:
    """Whether a light part of a picture is a sheet, and no light stroke."""
    if sheet.mean() < least or (~around(sheet)).mean() < BESIDE:
        return False
    beside = morphology.dilation(sheet, 2)[2:-2, 2:-2] & ~sheet
    is_darker = np.median(picture[beside]) < darker * np.median(picture[sheet])
    compact = 4 * np.pi * sheet.sum() / outlines(sheet.astype(int), 2)[1] ** 2
    return bool(is_darker and compact > COMPACT and _quadrilateral(sheet) > FOUR_CORNERS)


def _quadrilateral(mask: Array) -> float:
    """The share of a mask that a quadrilateral covers: of its two points that are farthest apart, and of the
    farthest from the line between these on either side.
    """
    rows, columns = np.nonzero(mask & morphology.dilation(~np.pad(mask, 1), 1)[2:-2, 2:-2])
    points = np.column_stack([columns, rows]).astype(float)
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    one, other = points[list(np.unravel_index(apart.argmax(), apart.shape))]
    beside = (points - one) @ np.array([one[1] - other[1], other[0] - one[0]])  # twice a triangle's area
    return float((beside.max() - beside.min()) / 2 / mask.sum())


def _reduced(picture: Array, step: int) -> Array:
    """The means of squares of so many pixels; those at the end have what is left."""
    rows, columns = (np.arange(0, side, step) for side in picture.shape)
    sums = np.add.reduceat(np.add.reduceat(picture, rows, axis=0), columns, axis=1)
    counts = np.diff(np.append(rows, picture.shape[0]))[:, None] * np.diff(
        np.append(columns, picture.shape[1])
    )
    means: Array = sums / counts
    return means


def _enlarged(small: Array, step: int, shape: tuple[int, ...]) -> Array:
    return small.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]
