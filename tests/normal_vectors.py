"""Writes tests/normal_vectors.json: inks of many kinds, and the 28x28 image that each of them is.

    python -m tests.normal_vectors > tests/normal_vectors.json

The images come from exact fractions and a loop over pixels, not from the package nor from its page. Ink is in
bytes, as hexadecimal digits; so are the images.
"""

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np

VECTORS = Path(__file__).with_name("normal_vectors.json")
HALF = Fraction(1, 2)


def picture_of(lines: list[str]) -> np.ndarray:
    """An ink or an image of the file."""
    return np.array([list(bytes.fromhex(line)) for line in lines], np.uint8)


def nearest(value: Fraction) -> int:
    return floor(value + HALF)


def cut(line: list[Fraction], pieces: int) -> list[Fraction]:
    """The mean of each of so many equal pieces of a line of pixels."""
    fine, n = [value for value in line for _ in range(pieces)], len(line)
    return [Fraction(sum(fine[k * n : (k + 1) * n])) / n for k in range(pieces)]


def corner(masses: list[Fraction]) -> int:
    middle = Fraction(sum(k * mass for k, mass in enumerate(masses))) / Fraction(sum(masses))
    return min(max(nearest(14 - middle), 0), 28 - len(masses))


def image(ink: np.ndarray) -> list[list[int]]:
    made = [[0] * 28 for _ in range(28)]
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return made
    box = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = (max(1, nearest(Fraction(20 * side, max(box.shape)))) for side in box.shape)
    lines = [cut([Fraction(int(byte), 255) for byte in line], width) for line in box]
    fitted = [list(row) for row in zip(*(cut(list(column), height) for column in zip(*lines)))]
    top, left = corner([sum(row) for row in fitted]), corner([sum(column) for column in zip(*fitted)])
    for i, row in enumerate(fitted):
        for j, value in enumerate(row):
            made[top + i][left + j] = nearest(255 * value)
    return made


def inks() -> Iterator[np.ndarray]:
    """Nothing, a pixel, two lines, a box, a triangle, grey; then blots in many sizes, some of them grey."""
    yield np.zeros((3, 5), np.uint8)
    yield np.full((1, 1), 1, np.uint8)
    yield np.full((1, 30), 255, np.uint8)
    yield np.full((41, 1), 200, np.uint8)
    yield np.pad(np.full((10, 5), 255, np.uint8), ((7, 13), (2, 33)))
    yield np.triu(np.full((28, 28), 255, np.uint8))
    yield np.full((20, 20), 128, np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(40):
        ink = np.zeros(rng.integers(1, 50, 2), np.uint8)
        for _ in range(rng.integers(1, 5)):
            top, left = rng.integers(0, ink.shape)
            height, width = rng.integers(1, 30, 2)
            ink[top : top + height, left : left + width] = (255, 128, rng.integers(256))[rng.integers(3)]
        yield ink


if __name__ == "__main__":

    def digits(lines: Iterable[Iterable[int]]) -> list[str]:
        return [bytes(line).hex() for line in lines]

    vectors = [{"ink": digits(ink), "image": digits(image(ink))} for ink in inks()]
    print("[\n" + ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors) + "\n]")
