"""The drawn digits: the same for the same seed, centred as MNIST is, and inked as a pen would."""

import numpy as np
import pytest

from nnbp_cli.datasets.skeletons import DOTS, DRIFT, MORE, USUAL, skeleton, skeletons, written
from nnbp_cli.datasets.synthetic import DIGITS_PER_BLOCK, EDGE, SIDE, draw, ink
from nnbp_cli.nn.arrays import Bytes

SIZE = 3000


@pytest.fixture(scope="module")
def digits() -> tuple[Bytes, Bytes]:
    return draw(SIZE, 1, "training")


def test_another_seed_another_name_and_another_block_draw_other_digits() -> None:
    drawn = (draw(2 * DIGITS_PER_BLOCK, *which) for which in ((4, "training"), (5, "training"), (4, "test")))
    images = np.concatenate([images for images, _ in drawn])
    assert len(np.unique(images, axis=0)) == len(images)


@pytest.mark.parametrize("size", [0, 1, DIGITS_PER_BLOCK, 2 * DIGITS_PER_BLOCK + 9])
def test_the_same_seed_draws_the_same_bytes_and_a_smaller_set_is_the_beginning_of_a_larger_one(
    digits: tuple[Bytes, Bytes], size: int
) -> None:
    for drawn, expected in zip(draw(size, 1, "training"), digits, strict=True):
        assert drawn.dtype == np.uint8
        np.testing.assert_array_equal(drawn, expected[:size])


def test_all_ten_digits_come_equally_often_but_for_chance(digits: tuple[Bytes, Bytes]) -> None:
    counts = np.bincount(digits[1], minlength=10)
    deviation = np.sqrt(SIZE * 0.1 * 0.9)
    assert counts.shape == (10,)
    assert np.all(np.abs(counts - SIZE / 10) < 4 * deviation)


def test_the_centre_of_mass_is_at_pixel_14_give_or_take(digits: tuple[Bytes, Bytes]) -> None:
    images = digits[0].astype(float)
    mass = images.sum(axis=(1, 2))
    x = images.sum(axis=1) @ np.arange(SIDE) / mass
    y = images.sum(axis=2) @ np.arange(SIDE) / mass
    for centre in (x, y):
        assert abs(centre.mean() - 14) < 0.1
        assert 0.7 < centre.std() < 1.0
        assert np.abs(centre - 14).max() < 3


def test_every_digit_shows_and_is_of_the_size_and_ink_of_handwriting(digits: tuple[Bytes, Bytes]) -> None:
    images = digits[0]
    inked = images > 127
    height = inked.any(axis=2).sum(axis=1)
    width = inked.any(axis=1).sum(axis=1)
    assert images.max(axis=(1, 2)).min() > 180
    assert np.maximum(height, width).min() >= 14
    assert np.maximum(height, width).max() <= 27
    assert 0.12 < inked.mean() < 0.17
    assert inked.mean(axis=(1, 2)).max() < 0.45
    inked[:, 1:-1, 1:-1] = False
    assert inked.any(axis=(1, 2)).mean() < 0.05, "ink hardly ever reaches the rim"


def test_ink_is_as_wide_as_the_pen_and_fades_over_the_edge() -> None:
    # Straight lines in the middle, level and at 30 degrees, against the distance from the line itself.
    angle = np.array([[0], [np.pi / 6]], np.float32)
    pen = np.array([[1.7], [3.1]], np.float32)
    along = np.linspace(-20, 20, DOTS, dtype=np.float32)
    drawn = ink(13.6 + np.cos(angle) * along, 14.3 + np.sin(angle) * along, pen)
    row, column = np.mgrid[:SIDE, :SIDE]
    distance = np.abs(np.cos(angle[..., None]) * (row - 14.3) - np.sin(angle[..., None]) * (column - 13.6))
    expected = 255 * np.clip((pen[..., None] / 2 - distance) / EDGE + 0.5, 0, 1)
    assert np.abs(drawn - expected).max() < 4


def test_a_lifted_pen_leaves_no_ink_and_does_not_change_the_width() -> None:
    x = np.linspace(4, 24, DOTS, dtype=np.float32)[None, :]
    y = np.where(np.arange(DOTS) < DOTS // 2, 8, 20).astype(np.float32)[None, :]
    drawn = ink(x, y, np.array([[3]], np.float32))[0] / 255
    assert drawn[12:17].max() == 0
    assert drawn[:, 8].sum() == pytest.approx(3, abs=0.15)
    assert drawn.sum(axis=0).max() < 5.5  # where two round ends overlap; a step inked twice adds 1.7


def test_dots_are_equally_far_apart_along_a_curve_through_its_points() -> None:
    points, curve = skeleton("10,20 60,0 90,40 50,70 20,100")
    dots = points @ curve
    steps = np.hypot(*np.diff(dots))
    assert steps.max() / steps.min() < 1.2
    distance = np.hypot(*(points[:, :, None] - dots[:, None, :])).min(axis=1)
    assert distance.max() <= steps.max()
    assert curve.sum(axis=0) == pytest.approx(np.ones(DOTS))


def test_a_point_named_twice_is_one_point_for_the_hand() -> None:
    ring, _ = skeleton("50,0 10,50 50,100 90,50 50,0")
    corner, _ = skeleton("10,0 90,0 90,0 40,100|40,50 90,0")
    assert ring.shape == (2, 4)
    assert corner.shape == (2, 4)


@pytest.mark.parametrize("tables", [(USUAL,), (USUAL, MORE)])
def test_every_way_of_writing_is_in_the_box_and_belongs_to_its_digit(tables: tuple[str, ...]) -> None:
    hands = skeletons(*tables)
    assert hands.ways.tolist() == [len(lines) for lines in written(*tables)]
    assert len(written(*tables)) == 10
    assert min(hands.ways) >= 5
    assert hands.first.tolist() == [sum(hands.ways[:digit]) for digit in range(10)]
    assert np.abs(hands.points).max() <= 1
    assert not hands.points[:, :, -DRIFT:].any()
    assert np.abs(hands.points @ hands.curves).max() < 1.2
