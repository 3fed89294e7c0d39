"""The bones of the drawn digits: where a pen goes, as control points set by hand.

Each paragraph of skeletons.txt, and of more_skeletons.txt, is a digit, 0 to 9, and each line one way to write
it. A point is `x,y` in hundredths of the digit's box, y downwards; a curve runs through the points in the
order of writing, and `|` lifts the pen. A point that comes twice in a row is a corner; a stroke that ends
where it began is a ring; strokes that name the same point meet there, however the hand misses it.
"""

from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

USUAL = "skeletons"  # the table of what MNIST's writers do
MORE = "more_skeletons"  # and of what others were taught: a 1 with a flag, a 7 with a bar
DOTS = 72  # along a digit, equally far apart
DRIFT = 3  # slow waves along a digit
FINE = 256  # steps from one control point to the next, to measure lengths by

# Catmull and Rom's cubic: from four points and t in 0 to 1 to a place between the two in the middle.
CATMULL_ROM = np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2


class Skeletons(NamedTuple):
    """All ways to write all digits, such that the dots of one are `points @ curves`.

    A skeleton's rows are its control points, then the waves (which are nothing unless a hand drifts).
    """

    points: NDArray[np.float32]  # (skeletons, 2, rows): x and y, from -1 to 1
    curves: NDArray[np.float32]  # (skeletons, rows, DOTS)
    first: NDArray[np.int64]  # (10,): where a digit's skeletons begin
    ways: NDArray[np.int64]  # (10,): how many it has


def written(*tables: str) -> list[list[str]]:
    """The tables: for each digit the ways to write it."""
    folder = resources.files("nnbp_cli.datasets")
    texts = [folder.joinpath(f"{table}.txt").read_text(encoding="utf-8") for table in tables]
    digits = zip(*(text.split("\n\n") for text in texts), strict=True)
    return [[way for lines in of_digit for way in lines.splitlines()] for of_digit in digits]


@cache
def skeletons(*tables: str) -> Skeletons:
    """The tables, as arrays; made once, as it takes longer than the data of a small run."""
    bones = [skeleton(way) for lines in written(*tables) for way in lines]
    ways = np.array([len(lines) for lines in written(*tables)])
    points = np.zeros((len(bones), 2, max(p.shape[1] for p, _ in bones) + DRIFT), np.float32)
    curves = np.zeros((len(bones), points.shape[2], DOTS), np.float32)
    for i, (p, curve) in enumerate(bones):
        points[i, :, : p.shape[1]] = p
        curves[i, : p.shape[1]] = curve
    curves[:, -DRIFT:] = np.cos(np.pi * np.outer(np.arange(1, DRIFT + 1), (np.arange(DOTS) + 0.5) / DOTS))
    return Skeletons(points, curves, ways.cumsum() - ways, ways)


def skeleton(way: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The distinct points, (2, n), of one line of the table, and the curve, (n, DOTS), through them."""
    names = list(dict.fromkeys(way.replace("|", " ").split()))
    points = np.array([name.split(",") for name in names], float).T / 50 - 1
    fine = [spline([names.index(name) for name in stroke.split()], len(names)) for stroke in way.split("|")]
    middles = np.concatenate([(a[:, 1:] + a[:, :-1]) / 2 for a in fine], axis=1)
    walked = np.concatenate([np.hypot(*np.diff(points @ a)) for a in fine]).cumsum()
    return points, middles[:, np.searchsorted(walked, walked[-1] * (np.arange(DOTS) + 0.5) / DOTS)]


def spline(order: list[int], n: int) -> NDArray[np.float64]:
    """Weights, (n, steps), of n points in a smooth curve through those of them that `order` names."""
    before, after = (order[-2], order[1]) if order[0] == order[-1] else (order[0], order[-1])
    path = np.eye(n)[[before, *order, after]]
    t = np.arange(FINE)[:, None] / FINE
    weights = t ** np.arange(4) @ CATMULL_ROM
    pieces = [weights @ path[i : i + 4] for i in range(len(order) - 1)]
    return np.concatenate([*pieces, path[-2:-1]]).T
