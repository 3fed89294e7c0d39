"""Digits of people's pictures: found on them, and fitted into 28x28 as MNIST's are."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnbp_cli.datasets import loading
from nnbp_cli.digits import binarize, candidates, morphology, normalize, segment
from nnbp_cli.digits.binarization import light_on_dark, otsu
from nnbp_cli.digits.components import components, label
from nnbp_cli.digits.sheet import spread
from tests import photographs
from tests.normal_vectors import VECTORS, picture_of


def sheet(height: int, width: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    """White paper with black boxes: top, left, bottom, right."""
    light = np.ones((height, width))
    for top, left, bottom, right in boxes:
        light[top:bottom, left:right] = 0
    return light


def places(light: np.ndarray) -> list[tuple[int, ...]]:
    """The boxes of the digits found, in pixels: top, left, bottom, right."""
    boxes = [digit.box for digit in next(candidates(light))]
    corners = [(top, left, top + height, left + width) for left, top, width, height in boxes]
    return [tuple(round(share * side) for share, side in zip(box, light.shape * 2)) for box in corners]


def test_it_is_the_normalization_of_the_vectors() -> None:
    """Which exact fractions made, in a loop over pixels; report/digit.js is held to the same."""
    vectors: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    assert len(vectors) > 40
    for vector in vectors:
        made = normalize(picture_of(vector["ink"]) / 255)
        assert np.array_equal(made, picture_of(vector["image"]))


@pytest.mark.mnist
def test_the_images_of_mnist_are_normalized_already(real_data: Path) -> None:
    images = loading.load("mnist", real_data).validation.images[:1000].reshape(-1, 28, 28)
    same = [np.array_equal(normalize(image / 255), image) for image in images]
    assert np.mean(same) > 0.99


def squares(picture: np.ndarray, reach: int) -> np.ndarray:
    """Every whole square of 2 reach + 1 pixels, its pixels along the last axis."""
    whole = np.lib.stride_tricks.sliding_window_view(picture, (2 * reach + 1,) * 2)
    return whole.reshape(*whole.shape[:2], -1)


@pytest.mark.parametrize("reach", [0, 1, 3, 20])
def test_morphology_is_what_is_in_each_square(reach: int) -> None:
    picture = np.random.default_rng(1).random((13, 9))
    means = np.nanmean(squares(np.pad(picture, reach, constant_values=np.nan), reach), axis=-1)
    np.testing.assert_allclose(morphology.box_mean(picture, reach), means)
    dilated = squares(np.pad(picture, 2 * reach, mode="edge"), reach).max(axis=-1)
    assert np.array_equal(morphology.closing(picture, reach), squares(dilated, reach).min(axis=-1))
    assert np.array_equal(
        morphology.dilation(picture, reach), squares(np.pad(picture, 2 * reach), reach).max(axis=-1)
    )


def flooded(mask: np.ndarray) -> np.ndarray:
    """The label of each pixel of `mask`, by one flood after the other."""
    labels, count = np.pad(np.where(mask, -1, 0), 1), 0
    while len(start := np.argwhere(labels < 0)):
        count, waiting = count + 1, [tuple(start[0])]
        while waiting:
            i, j = waiting.pop()
            if labels[i, j] < 0:
                labels[i, j] = count
                waiting += [(i + y, j + x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return labels[1:-1, 1:-1]


def test_labels_are_what_a_flood_finds() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        mask = rng.random(rng.integers(1, 30, 2)) < rng.random()
        assert np.array_equal(label(mask), flooded(mask))


def test_a_component_by_hand() -> None:
    """A box of 4 by 10: its area is 40 and its outline 28 sides, so the pen is 80 / (28 pi / 4)."""
    drawn = np.zeros((20, 30))
    drawn[3:13, 7:11] = 1
    drawn[15, 20] = 1
    drawn[3:13, 25] = 0.1
    (component,), labels = components(drawn, min_size=2)
    assert (component.top, component.left, component.bottom, component.right) == (3, 7, 13, 11)
    assert component.pen == pytest.approx(80 / (7 * np.pi))
    assert (labels == component.labels[0]).sum() == 40


def test_the_threshold_parts_two_heaps() -> None:
    values = np.concatenate([np.full(500, 0.2), np.full(50, 0.8)])
    assert 0.2 < otsu(values) < 0.8
    assert otsu(np.array([0.25])) == 0.25
    assert otsu(np.array([0.25, 0.25 + 1e-16])) == 0.25


@pytest.mark.parametrize("upside_down", [False, True])
def test_dark_on_light_and_light_on_dark_are_the_same(upside_down: bool) -> None:
    light = sheet(60, 80, (20, 30, 40, 34))
    light = 1 - light if upside_down else light
    assert light_on_dark(light) == upside_down
    assert places(light) == [(20, 30, 40, 34)]


def test_where_half_of_a_picture_is_ink_its_border_tells_the_paper() -> None:
    y, x = np.mgrid[:40, :40] - 19.5
    light = np.where(x * x + y * y < 17 * 17, 0.1, 0.9)
    assert not light_on_dark(light)
    assert light_on_dark(1 - light)


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_broad_stroke_that_touches_the_edges_is_ink(upside_down: bool) -> None:
    """Of an 8 that a brush drew, in which the paper is narrower than the strokes."""
    y, x = np.mgrid[-34.5:71, -37.5:38]
    light = np.where(np.minimum(abs(np.hypot(x, y) - 24), abs(np.hypot(x, y - 36) - 24)) < 11, 0, 0.9)
    assert light_on_dark(1 - light if upside_down else light) == upside_down


def test_what_noise_does_to_paper_is_no_ink() -> None:
    for seed in range(5):
        rough = 0.8 + np.random.default_rng(seed).normal(0, 0.1, (60, 60))
        assert (binarize(np.clip(rough, 0, 1)) > 0).mean() < 0.01


def test_a_blank_page_has_no_digits() -> None:
    rng = np.random.default_rng(3)
    for light in (np.ones((50, 60)), np.zeros((5, 5)), np.full((1, 1), 0.5), np.ones((1, 90))):
        assert places(light) == []
    for _ in range(20):  # noise and uneven light
        paper = np.full(rng.integers(40, 300, 2), 0.9)
        assert places(photographs.gradient(paper, rng) + rng.normal(0, 0.01, paper.shape)) == []


def test_what_is_no_darker_than_coarse_noise_is_no_ink_and_a_pale_digit_is() -> None:
    """Noise of blocks, as a JPEG leaves it, in light that falls off."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        blocks = rng.normal(0, 0.03, (40, 50)).repeat(4, axis=0).repeat(4, axis=1)
        paper = np.linspace(0.9, 0.3, 200) + blocks + rng.normal(0, 0.01, blocks.shape)
        assert places(paper) == []
        paper[50:110, 60:68] -= 0.25
        (top, left, bottom, right), *others = places(paper)
        assert not others
        assert abs(np.subtract((top, left, bottom, right), (50, 60, 110, 68))).max() <= 8


def test_where_a_shadow_ends_is_no_ink_and_a_digit_that_lies_across_it_is() -> None:
    """The corner of one, which is narrower than a stroke may be."""
    y, x = np.mgrid[:200, :240]
    light = 0.9 - 0.4 / (1 + np.exp((80 + np.abs(x - 120) - y) / -1.5))
    assert places(light) == []
    light[70:130, 118:124] *= 0.3
    assert places(light) == [(70, 118, 130, 124)]


def test_a_pen_that_is_as_wide_as_a_third_of_the_picture_is_filled() -> None:
    y, x = np.mgrid[:90, :90] - 44.5
    nought = np.where(np.abs(np.hypot(x, y) - 24) < 13, 0.2, 0.9)
    (digit,) = segment(binarize(nought))
    np.testing.assert_array_equal(digit.ink > 0.5, nought[8:-8, 8:-8] < 0.5)


def test_digits_are_in_reading_order() -> None:
    boxes = [(12, 20, 40, 26), (10, 60, 38, 66), (14, 100, 42, 106), (60, 22, 88, 28), (58, 80, 86, 86)]
    assert places(sheet(100, 130, *boxes[::-1])) == boxes


def test_lines_that_slope_are_read_one_after_the_other() -> None:
    """By a third of their width: the last digit of the first line is lower than the first of the second."""
    first = [(20 + 12 * k, 30 + 40 * k, 50 + 12 * k, 36 + 40 * k) for k in range(6)]
    second = [(top + 50, left, bottom + 50, right) for top, left, bottom, right in first]
    assert first[-1][0] > second[0][0]
    assert places(sheet(200, 300, *second, *first)) == first + second
    far_right = [(top + 84, left + 280, bottom + 84, right + 280) for top, left, bottom, right in first[:2]]
    assert places(sheet(200, 400, *second[:2], *far_right)) == far_right + second[:2]


def test_a_bar_apart_from_its_digit_belongs_to_it() -> None:
    assert places(sheet(90, 70, (20, 20, 60, 26), (60, 20, 66, 44), (12, 20, 16, 44))) == [(12, 20, 66, 44)]
    assert len(places(sheet(120, 70, (50, 20, 90, 26), (90, 20, 96, 44), (12, 20, 36, 24)))) == 2
    assert places(sheet(120, 120, (20, 50, 100, 62), (60, 70, 70, 74))) == [(20, 50, 100, 62)], "a speck"


def test_a_piece_that_broke_off_at_the_edge_is_no_reason_to_leave_the_digit_out() -> None:
    """Of a digit that touches the edge, on paper whose edge may be there."""
    digit, piece = (0, 60, 70, 70), (64, 72, 70, 86)
    assert places(sheet(120, 130, digit, piece)) == [(0, 60, 70, 86)]


def test_pieces_of_which_one_is_near_the_digit_at_the_edge_are_of_it() -> None:
    """Each near the one before; the last is too far away to be a fragment of the digit itself."""
    digit, *pieces = (0, 60, 70, 70), (72, 72, 86, 78), (88, 72, 110, 78)
    assert places(sheet(140, 130, digit, *pieces)) == [(0, 60, 110, 78)]


def test_a_stroke_is_no_frame_around_what_it_is_open_to() -> None:
    """A 4, of which the upper left has broken off."""
    four, broken_off = [(80, 20, 88, 70), (10, 58, 120, 66), (118, 10, 120, 66)], (22, 24, 74, 32)
    assert places(sheet(130, 90, *four, broken_off)) == [(10, 10, 120, 70)]


def test_halves_of_a_slanted_stroke_are_one_digit_and_digits_beside_each_other_are_two() -> None:
    light = sheet(120, 120)
    for row in range(20, 100):
        light[row, 90 - row // 2 : 98 - row // 2] = 0 if abs(row - 60) > 2 else 1
    assert places(light) == [(20, 41, 100, 88)]
    assert len(places(sheet(120, 120, (20, 40, 70, 48), (35, 55, 85, 63)))) == 2


def test_pieces_of_neighbours_are_cut_off_and_digits_that_touch_the_sides_are_not() -> None:
    y, x = np.mgrid[:120, :280]

    def rings(*radii: int) -> np.ndarray:
        """Around a point of the left side, and 100 and 200 pixels from it; 0 is none."""
        drawn = [abs(np.hypot(y - 60, x - 100 * k) - radius) < 5 for k, radius in enumerate(radii) if radius]
        ink: np.ndarray = np.any(drawn, axis=0) * 1.0
        return ink

    def cut_off(ink: np.ndarray) -> list[bool]:
        return [digit.cut for digit in segment(ink)]

    assert cut_off(rings(30, 30, 30)[:, :200]) == [True, False, True]
    assert cut_off(rings(30, 30, 30)) == [True, False, False]
    assert cut_off(rings(30, 28, 30)[26:95, :200]) == [False] * 3, "all is cut out tightly"
    assert cut_off(rings(0, 30, 30)[:, 66:]) == [False] * 2, "a ring that touches the side"
    assert cut_off(rings(30, 0, 30)[:, :200]) == [False] * 2, "nothing whole beside them"
    assert cut_off(rings(30, 19, 0)) == [False] * 2, "nothing as tall"


def test_what_is_left_of_a_box_is_cut_off_and_a_one_that_touches_the_edges_is_not() -> None:
    def cut_off(*boxes: tuple[int, int, int, int]) -> list[bool]:
        return [digit.cut for digit in segment(1 - sheet(140, 130, (30, 50, 110, 60), *boxes))]

    assert cut_off((0, 10, 90, 13), (60, 125, 140, 128)) == [True, False, True], "thin lines"
    assert cut_off((0, 80, 35, 90)) == [True, False], "the end of a digit above it"
    assert cut_off((50, 0, 140, 10)) == [False] * 2
    assert cut_off((0, 52, 28, 56)) == [False], "a piece of the digit itself"


def test_the_grey_of_strokes_that_fill_a_picture_is_no_noise() -> None:
    """Of a third of its pixels, where the paper has a fifth."""
    y, x = np.mgrid[:90, :70]
    light = 0.9 - 0.8 * np.clip(1.6 - abs(np.hypot((y - 45) / 40, (x - 35) / 30) - 0.75) / 0.18, 0, 1)
    (digit,) = segment(binarize(light))
    assert min(digit.box[2:]) > 0.8


def test_a_small_picture_has_no_edge_of_the_paper() -> None:
    """So that a digit which is cut out tightly is one, beside others that touch no edge."""
    assert places(sheet(60, 70, (0, 50, 60, 58), (14, 20, 44, 26))) == [(14, 20, 44, 26), (0, 50, 60, 58)]
    assert places(sheet(120, 140, (0, 120, 120, 130), (14, 20, 44, 26))) == [(14, 20, 44, 26)]


@pytest.mark.parametrize("desk", [0.1, 0.3])
@pytest.mark.parametrize("cut", [0, 30])
def test_what_lies_around_the_sheet_is_not_read(desk: float, cut: int) -> None:
    """A sheet on a desk, and one that goes on beyond two edges of the picture."""
    table = np.full((200, 240), desk)
    table[30:170, 40:200] = sheet(140, 160, (50, 70, 90, 76))
    assert places(table[cut:, 2 * cut :]) == [(80 - cut, 110 - 2 * cut, 120 - cut, 116 - 2 * cut)]


def test_what_is_written_on_a_board_is_read_and_not_the_board() -> None:
    """White on black, on a page or in a window that is light."""
    light = np.ones((200, 240))
    light[30:170, 40:200] = 1 - sheet(140, 160, (50, 70, 90, 76))
    assert places(light) == [(80, 110, 120, 116)]


def test_neither_what_is_hardly_lighter_nor_what_has_no_corners_is_a_sheet() -> None:
    y, x = np.mgrid[:200, :240]
    for shape in ((abs(y - 100) < 70) & (abs(x - 120) < 80), np.hypot((y - 100) / 70, (x - 120) / 80) < 1):
        for around in (0.3, 0.65):
            light = np.where(shape, 0.9, around)
            is_sheet = around < 0.5 and shape[31, 41]
            assert np.array_equal(spread(light), light) != is_sheet


def test_beside_a_sheet_all_of_the_picture_is_another_way_to_see_it() -> None:
    """White ink on black, around a blank label."""
    board = np.full((200, 240), 0.15)
    board[30:130, 30:150] = board[150:185, 190:196] = 0.9
    assert [len(found) for found in candidates(board)][1:] == [1]


def test_a_large_light_digit_is_no_sheet() -> None:
    light = sheet(100, 100, (20, 30, 80, 70), (35, 45, 65, 55))
    y, x = np.mgrid[:100, :100] - 49.5
    for dark in (
        1 - light,
        (np.hypot(x, y) < 35) * 1.0,
        np.where(np.hypot(x, y) < 12, 0, np.hypot(x, y) < 35),
    ):
        assert np.array_equal(spread(dark), dark) or not segment(binarize(spread(dark)))


def test_lines_from_edge_to_edge_go_and_what_crosses_them_stays() -> None:
    digit = (30, 60, 110, 68)
    ruled = [(top, 0, top + 2, 160) for top in (20, 70, 120)]
    grid = [(0, left, 140, left + 2) for left in (20, 30, 120)]
    assert places(sheet(140, 160, digit, *ruled)) == [digit]
    assert places(sheet(140, 160, digit, *ruled, *grid)) == [digit]
    slanted = sheet(140, 160, digit)
    slanted[(70 + np.arange(160) // 20)[:, None] + [0, 1], np.arange(160)[:, None]] = 0
    assert places(slanted) == [digit]
    assert places(sheet(140, 160, (66, 2, 74, 158), (20, 70, 120, 78))) != [(20, 70, 120, 78)], (
        "as thick as the pen"
    )


def test_strokes_that_end_before_the_edge_are_no_lines() -> None:
    """An 11, as large as most who draw on 28x28 pixels draw it."""
    ones = [(2, 6, 26, 9), (2, 18, 26, 21)]
    assert places(sheet(28, 28, *ones)) == ones


def test_a_digit_that_touches_the_box_that_it_is_in() -> None:
    """Which is no digit where it is empty and all there is, but a square nought."""
    box = [(40, 50, 42, 110), (118, 50, 120, 110), (40, 50, 120, 52), (40, 108, 120, 110)]
    assert places(sheet(160, 160, (60, 75, 118, 83), *box)) == [(60, 75, 120, 83)]
    assert places(sheet(160, 160, (60, 75, 80, 83), *box)) == [(60, 75, 80, 83)]
    assert places(sheet(160, 160, *box)) == [(40, 50, 120, 110)]


def test_what_is_no_digit_is_left_out() -> None:
    one = (40, 50, 80, 56)
    speck, blot = (20, 20, 22, 22), (90, 80, 110, 100)
    rule, margin, edge = (95, 0, 97, 130), (0, 12, 120, 14), (0, 118, 120, 130)
    frame = [(25, 35, 27, 75), (93, 35, 95, 75), (25, 35, 95, 37), (25, 73, 95, 75)]
    word = (100, 30, 112, 80)
    for other in ([speck], [blot], [rule], [margin], [edge], [word], frame):
        assert places(sheet(120, 130, one, *other)) == [one]
    row = [(0, 20, 100, 30), (4, 70, 98, 84)]
    assert places(sheet(100, 130, *row)) == row, "a 1 beside a digit that is as tall"


@pytest.mark.parametrize(
    "edge", [(0, 20, 12, 115), (20, 0, 115, 12), (108, 20, 120, 115), (20, 118, 115, 130)]
)
def test_the_edge_of_the_paper_is_no_digit(edge: tuple[int, int, int, int]) -> None:
    """Where the ink is known: a closing takes it for paper."""
    assert len(segment(1 - sheet(120, 130, (40, 50, 80, 56), edge))) == 1


def test_faint_ink_joins_no_digits_and_is_none_but_beside_strokes() -> None:
    """Where a shadow was taken for ink, or a line of the paper that is broken."""
    ink = 1 - sheet(120, 130, (40, 30, 80, 36), (40, 70, 80, 76))
    ink[50:70, 20:90] = np.maximum(ink[50:70, 20:90], 0.1)
    assert [digit.ink.shape for digit in segment(ink)] == [(40, 8)] * 2
    ink[50:70, 36:70] = 0.2
    assert len(segment(ink)) == 1


def test_a_thin_pen_is_widened() -> None:
    drawn = np.zeros((300, 300))
    drawn[50:250, 150:152] = 1
    (digit,) = segment(drawn)
    assert digit.ink.max(axis=0).sum() > 10


def test_the_grey_of_a_stroke_counts_on_clean_paper_and_not_on_rough() -> None:
    """Ink that takes a quarter of the light beside ink that takes all of it; then paper that takes a tenth
    itself, here and there.
    """
    light = sheet(60, 80, (20, 30, 40, 34))
    light[40:46, 30:34] = 0.75
    rough = light - 0.1 * (np.indices(light.shape).sum(axis=0) % 3 == 0) * (light > 0.5)
    assert places(light) == [(20, 30, 46, 34)]
    assert binarize(light)[42, 32] > 0.15
    assert binarize(rough)[42, 32] == 0


@pytest.mark.parametrize(("height", "width", "pen"), [(40, 40, 11), (40, 34, 8), (20, 16, 5), (160, 120, 30)])
def test_a_nought_of_a_thick_pen_is_no_box(height: int, width: int, pen: int) -> None:
    drawn = Image.new("L", (2 * width, 2 * height), 255)
    ImageDraw.Draw(drawn).ellipse((10, 10, 9 + width, 9 + height), outline=0, width=pen)
    assert places(np.asarray(drawn) / 255) == [(10, 10, 10 + height, 10 + width)]
