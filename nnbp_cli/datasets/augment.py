"""Augmentation: random affine maps, and the elastic distortion of Simard, Steinkraus and Platt, "Best
Practices for Convolutional Neural Networks Applied to Visual Document Analysis" (2003): every pixel is pushed
sideways, and up or down, by a number from -1 to 1 that a Gaussian of deviation sigma has smoothed over the
image, times alpha.

Smoothing noise U is a product with a matrix on either side, S U S'. The singular values s of S = P s Q' tell
how little of it is left: Q' U Q is noise again, of variance 1/3 as U is, and most columns of P s are all but
zero. For 28 pixels and a sigma of 4, six of them hold 99.9% of the variance along an axis, so that 36 normal
numbers make a field. An affine map is a sum of the same kind, of a function of the row times one of the
column: y times 1, 1 times x, 1 times 1. So two matrix products tell where the pixels of all the images of a
block come from.
"""

from dataclasses import dataclass
from functools import cached_property, reduce
from math import ceil, pi, prod, sqrt

import numpy as np
from numpy.typing import NDArray

from nnbp_cli.datasets.sampling import Sampler
from nnbp_cli.datasets.shifts import SHIFTS, shifted
from nnbp_cli.nn.arrays import Bytes, Floats

SIGMA = 4.0  # pixels, as in the paper
VARIANCE_KEPT = 0.999  # of the smoothed noise, along each axis
PIXELS_AT_ONCE = 50_176  # 64 images of 28 x 28: what they need stays in the cache
MAX_IMAGES_AT_ONCE = 512  # where they are small
MAX_SIDE_FOR_SVD = 512  # pixels; that of a longer side takes seconds, eight times as many of twice it


@dataclass(frozen=True)
class Augmentation:
    """How far images are distorted, at most; each has numbers of its own, as likely one way as the other.

    `shift` is in pixels, `rotation` in degrees; `scaling` is a share of the width, and another of the height;
    `shear` is the share of its height by which the top of an image leans over its bottom; `elastic` is
    Simard's alpha (34 in the paper) and `sigma`, in pixels, how smooth the bending is; `thickness` is how
    much wider strokes get on either side, or narrower, in pixels. With `shifts` each is as it is or one of
    its shifts by a pixel, and nothing else.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scaling: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    sigma: float = SIGMA
    thickness: float = 0.0
    shifts: str | None = None


@dataclass(frozen=True)
class Distortion:
    """An augmentation of images of `shape` (rows, columns).

    What is added up to make the points: products of a function of the row, `of_row`, (rows, functions), and
    one of the column, `of_column`, (functions, columns). The last two of each are y and 1, and x and 1, which
    are in pixels from the centre; those before them are the waves of the elastic field.
    """

    augmentation: Augmentation
    shape: tuple[int, int]
    of_row: Floats
    of_column: Floats

    @property
    def at_once(self) -> int:
        """How many images are distorted at once. Random numbers are drawn for all, though fewer be left."""
        return max(1, min(MAX_IMAGES_AT_ONCE, PIXELS_AT_ONCE // prod(self.shape)))

    def distorted(self, images: Bytes, rng: np.random.Generator) -> Bytes:
        """Images, (n, pixels), as those of `images`, each distorted in its own way. One thread at a time."""
        if self.augmentation.shifts:
            return shifted(images, rng.integers(len(SHIFTS), size=len(images)), self.shape)
        pictures, sampler = images.reshape(-1, *self.shape), self._sampler
        new, block = np.empty_like(pictures), sampler.images
        for start in range(0, len(pictures), block):
            self.draw(rng, sampler.points)
            new[start : start + block] = sampler.interpolate(pictures[start : start + block])
        if limit := self.augmentation.thickness:
            for start in range(0, len(new), block):
                wider = rng.uniform(-limit, limit, block).astype(np.float32)
                new[start : start + block] = thickened(new[start : start + block], wider)
        return new.reshape(images.shape)

    @cached_property
    def _sampler(self) -> Sampler:
        return Sampler(self.at_once, self.shape)

    def draw(self, rng: np.random.Generator, points: Floats) -> None:
        """Fill `points`, (2, rows, n, columns), with x and y of where each pixel of n images comes from."""
        _, rows, n, columns = points.shape
        a, b = self.of_row.shape[1], len(self.of_column)
        factors = np.zeros((2, a, n, b), np.float32)
        factors[:, :-2, :, :-2] = rng.standard_normal((2, a - 2, n, b - 2), np.float32)
        along_x, along_y, at_centre = self.maps(rng, n)
        factors[:, -1, :, -2], factors[:, -2, :, -1], factors[:, -1, :, -1] = along_x, along_y, at_centre
        factors[:, -1, :, -1] += [[(columns - 1) / 2], [(rows - 1) / 2]]
        halfway = self.of_row @ factors.reshape(2, a, n * b)
        np.matmul(halfway.reshape(-1, b), self.of_column, out=points.reshape(-1, columns))

    def maps(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats, Floats]:
        """n affine maps from new pictures to old: what of x, y and 1 is in the old x and y, each (2, n).

        A picture is moved, scaled, slanted and turned, in this order, so the way back begins with the turn.
        """
        limits = self.augmentation
        turn, wider, higher, lean, right, down = rng.uniform(-1, 1, (6, n))
        cos, sin = np.cos(np.radians(limits.rotation) * turn), np.sin(np.radians(limits.rotation) * turn)
        width, height, lean = 1 + limits.scaling * wider, 1 + limits.scaling * higher, limits.shear * lean
        return (
            np.array([(cos - lean * sin) / width, sin / height]),
            np.array([(-sin - lean * cos) / width, cos / height]),
            np.array([limits.shift * right, limits.shift * down]),
        )


def thickened(images: Bytes, wider: Floats) -> Bytes:
    """Images, (n, rows, columns), with strokes wider on either side by so much of a pixel, (n or more,), or
    narrower where it is negative: that share of the way to the largest or the smallest of each pixel and its
    four neighbours.
    """
    wider = wider[: len(images), None, None]
    edges = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    neighbours = edges[:, :-2, 1:-1], edges[:, 2:, 1:-1], edges[:, 1:-1, :-2], edges[:, 1:-1, 2:]
    towards = np.where(
        wider > 0, reduce(np.maximum, neighbours, images), reduce(np.minimum, neighbours, images)
    )
    changed: Floats = images + np.abs(wider) * (towards.astype(np.float32) - images)
    return np.rint(changed).astype(np.uint8)


def distortion(augmentation: Augmentation, shape: tuple[int, int]) -> Distortion:
    """What an augmentation is for images of `shape` (rows, columns)."""
    functions = {
        side: np.column_stack([waves(side, augmentation), np.arange(side) - (side - 1) / 2, np.ones(side)])
        for side in set(shape)
    }
    of_row, of_column = (functions[side].copy() for side in shape)
    of_row[:, :-2] *= augmentation.elastic / sqrt(3)  # the deviation of alpha times a number from -1 to 1
    return Distortion(
        augmentation, shape, of_row.astype(np.float32), np.ascontiguousarray(of_column.T, np.float32)
    )


def waves(side: int, augmentation: Augmentation) -> NDArray[np.float64]:
    """The columns of P s that hold VARIANCE_KEPT over `side` pixels, (side, as many as that takes).

    Where `side` is long, those of S C instead, for the slowest cosines C, an orthonormal basis that is close
    to the singular vectors: they hold as much with a column or two more.
    """
    if not augmentation.elastic:
        return np.empty((side, 0))
    sigma, pixel = augmentation.sigma, np.arange(side)
    reach = np.arange(-ceil(9 * sigma), ceil(9 * sigma) + 1)
    whole = np.exp(-0.5 * (reach / sigma) ** 2).sum()
    smoothing = np.exp(-0.5 * ((pixel[:, None] - pixel) / sigma) ** 2) / whole
    if side <= MAX_SIDE_FOR_SVD:
        P, s, _ = np.linalg.svd(smoothing)
        smooth, variances = P * s, s**2
        total = variances.sum()
    else:
        # The cosine of k half waves keeps exp(-(pi k sigma / side)^2) of its variance. Those with a k below
        # 0.74 side / sigma hold VARIANCE_KEPT of it, if it were not for the ends of the side.
        k = np.arange(ceil(min(side, 8 + 0.8 * side / sigma)))
        cosines = np.cos(pi / side * np.outer(pixel + 0.5, k)) * np.sqrt(np.where(k, 2, 1) / side)
        smooth = smoothing @ cosines
        variances, total = (smooth**2).sum(axis=0), (smoothing**2).sum()
    held = np.cumsum(variances) / total
    few: NDArray[np.float64] = smooth[:, : 1 + int(np.searchsorted(held, VARIANCE_KEPT))]
    return few
