"""Binarization: background by grey closing, polarity by third moment, threshold by Otsu.

grayscale -> dark on light -> the share of the background's light that is missing -> ink, 0 to 1
"""

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.digits.contrast import standing_out
from nnbp_cli.nn.arrays import Array

CLOSING_REACH = 0.18  # of the picture's longer side: half of the widest stroke, but for
WIDE_REACH = 0.3  # those of a brush; shadows are as narrow as that, too
MEAN_REACH = 0.1  # of the longer side: the mean that tells whether strokes are dark or light
TWO_LEVELS = 0.9  # of the variance: as much between light and dark, and there is little else
MIXED = 0.1  # of the border: less of one kind is a stroke that touches it
BORDER_WEIGHT = 0.5  # what the picture's border counts in that, and
MAX_BORDER = 0.7  # up to how many deviations
MIN_BACKGROUND = 0.02  # of white: no paper is darker
MIN_DEVIATIONS = 4.0  # of the noise, which ink is beyond
COARSE = 60  # pixels of the shorter side: on a smaller picture the grey of strokes is more than noise
MIN_CONTRAST = 0.2  # the least share of the light that ink takes away
ROUGHNESS = 3.0  # times what four fifths of the paper lack: there ink begins, but
MIN_ONSET, MAX_ONSET = 0.2, 0.8  # of the threshold between ink and paper at the least and the most
FULL_QUANTILE = 0.9  # of the ink: what counts as full


def binarize(picture: Array, inverted: bool | None = None, reach: float = CLOSING_REACH) -> Array:
    """Ink, 0 to 1, of a grayscale picture, 0 black to 1 white; none at all on a blank page. `inverted` says
    whether the ink is light; None: find out. `reach` is that of the closing.
    """
    if inverted is None:
        inverted = light_on_dark(picture)
    if inverted:
        picture = 1 - picture
    background = morphology.closing(picture, max(2, round(reach * max(picture.shape))))
    unit = np.ones_like(picture) if inverted else np.maximum(background, MIN_BACKGROUND)
    missing = (background - picture) / unit
    missing -= np.quantile(missing, 0.3)  # that of the paper, even where half of the picture is ink
    noise, threshold = _noise(picture), 0.0
    for _ in range(1 + (min(picture.shape) > COARSE)):
        dark = missing[missing > np.maximum(MIN_DEVIATIONS * noise / unit, MIN_CONTRAST)]
        if not len(dark):
            return np.zeros_like(picture)
        threshold = otsu(dark)
        noise = max(noise, _coarse_noise((background - picture)[missing < threshold]))
    full = np.quantile(dark[dark >= threshold], FULL_QUANTILE)
    rough = np.quantile(missing[missing < threshold], 0.8)  # the rest may be the grey of strokes, not paper
    onset = np.clip(ROUGHNESS * rough, MIN_ONSET * threshold, MAX_ONSET * threshold)
    return standing_out(np.clip((missing - onset) / (full - onset), 0, 1), picture, background)


def light_on_dark(picture: Array) -> bool:
    """Polarity: whether the ink is the light part of a picture.

    Where it has two levels, and its border hardly more than one, the border is paper. Elsewhere strokes are
    narrow, so they differ far from the mean around them and the paper between them less far: the third moment
    has the sign of the ink. The border of a picture is paper rather than ink there, too.
    """
    is_light = picture >= otsu(picture.ravel())
    share = around(is_light).mean()
    has_margin = abs(share - 0.5) > 0.5 - MIXED and not is_light.all()
    if has_margin and np.corrcoef(picture.ravel(), is_light.ravel())[0, 1] ** 2 > TWO_LEVELS:
        return bool(share < 0.5)
    cubes = (picture - morphology.box_mean(picture, max(1, round(MEAN_REACH * max(picture.shape))))) ** 3
    beyond = (picture.mean() - np.median(around(picture))) / max(picture.std(), 1e-9)
    sign = cubes.sum() / max(np.abs(cubes).sum(), 1e-9)
    return bool(sign + BORDER_WEIGHT * np.clip(beyond, -MAX_BORDER, MAX_BORDER) > 0)


def around(picture: Array) -> Array:
    """The pixels along the border."""
    return np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])


def otsu(values: Array) -> float:
    """The threshold of the largest variance between the two classes that it makes of `values`.

    Otsu, "A Threshold Selection Method from Gray-Level Histograms" (1979).
    """
    if np.ptp(values) < 1e-6:  # one class, which is not to be parted by how it was rounded
        return float(values.min())
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    total = sums[-1] + counts[-1] * middles[-1]
    variance = (total * below / len(values) - sums) ** 2 / np.maximum(below * (len(values) - below), 1)
    return float(edges[1 + variance.argmax()])


def _noise(picture: Array) -> float:
    """The deviation of the noise: most pixels next to each other differ by nothing else."""
    steps = np.concatenate([np.abs(np.diff(picture, axis=axis)).ravel() for axis in (0, 1)])
    return float(1.4826 / 2**0.5 * np.median(steps)) if len(steps) else 0.0


def _coarse_noise(missing: Array) -> float:
    """The deviation of what paper lacks of its light: a JPEG has smoothed noise away from pixel to pixel, and
    left it from block to block. Between these two quantiles a normal distribution has 1.28 deviations; above
    them is the grey of strokes.
    """
    low, high = np.quantile(missing, (0.1, 0.5))
    return float((high - low) / 1.28)
