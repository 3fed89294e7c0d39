"""From light to ink: whatever the paper, the pen and the lamp were.

light -> dark on light -> the share of the paper's light that is missing -> ink, 0 to 1
"""

from __future__ import annotations

import numpy as np

from nnbp_cli.digits import morphology
from nnbp_cli.nn.arrays import Array

WIDEST = 0.13  # of the picture's longer side: half of the widest stroke
NEAR = 0.1  # of the longer side: what a stroke is held against to tell whether it is dark or light
BORDER, MOST = 0.5, 0.7  # how much the picture's border counts in that, and at most
DARKEST = 0.02  # of white: no paper is darker
NOISE = 4.0  # deviations of the noise, which ink is beyond
CONTRAST = 0.2  # the least share of the light that ink takes away
ROUGH = 3.0  # times what four fifths of the paper lack: there ink begins, but
FAINTEST, BOLDEST = 0.2, 0.8  # of the threshold between ink and paper at the least and the most
FULL = 0.9  # quantile of the ink that counts as full


def binarize(light: Array) -> Array:
    """How much ink is on each pixel, 0 to 1, of a picture of light, 0 to 1; none at all on a blank page."""
    reach = max(2, round(WIDEST * max(light.shape)))
    if light_on_dark(light):
        light, unit = 1 - light, np.ones_like(light)
        paper = morphology.closing(light, reach)
    else:
        paper = morphology.closing(light, reach)
        unit = np.maximum(paper, DARKEST)
    missing = (paper - light) / unit
    missing -= np.quantile(missing, 0.3)  # that of the paper, even where half of the picture is ink
    noise = _noise(light) / unit
    dark = missing[missing > np.maximum(NOISE * noise, CONTRAST)]
    if not len(dark):
        return np.zeros_like(light)
    threshold = otsu(dark)
    full = np.quantile(dark[dark >= threshold], FULL)
    rough = np.quantile(missing[missing < threshold], 0.8)  # the rest may be the grey of strokes, not paper
    least = np.clip(ROUGH * rough, FAINTEST * threshold, BOLDEST * threshold)
    return np.clip((missing - least) / (full - least), 0, 1)


def light_on_dark(light: Array) -> bool:
    """Whether the ink is the light part of a picture.

    Strokes are narrow, so they differ far from the mean around them and the paper between them less far: the
    sum of the cubes has the sign of the ink. The border of a picture is paper rather than ink.
    """
    apart = light - morphology.box_mean(light, max(1, round(NEAR * max(light.shape))))
    cubes = apart**3
    border = np.median(np.concatenate([light[0], light[-1], light[:, 0], light[:, -1]]))
    beyond = (light.mean() - border) / max(light.std(), 1e-9)
    sign = cubes.sum() / max(np.abs(cubes).sum(), 1e-9)
    return bool(sign + BORDER * np.clip(beyond, -MOST, MOST) > 0)


def otsu(values: Array) -> float:
    """The threshold that parts `values` in two so that the means of the parts are far apart and the parts
    narrow: Otsu, "A Threshold Selection Method from Gray-Level Histograms" (1979).
    """
    if np.ptp(values) < 1e-6:  # one heap, which is not to be parted by how it was rounded
        return float(values.min())
    counts, edges = np.histogram(values, 64)
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    total = sums[-1] + counts[-1] * middles[-1]
    between = (total * below / len(values) - sums) ** 2 / np.maximum(below * (len(values) - below), 1)
    return float(edges[1 + between.argmax()])


def _noise(picture: Array) -> float:
    """The deviation of the noise: most pixels next to each other differ by nothing else."""
    steps = np.concatenate([np.abs(np.diff(picture, axis=axis)).ravel() for axis in (0, 1)])
    return float(1.4826 / 2**0.5 * np.median(steps)) if len(steps) else 0.0
