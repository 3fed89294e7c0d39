"""Distorted images: against a slow implementation of its own, a textbook's elastic field, and the rules."""

import threading
from collections.abc import Iterator
from math import floor, sqrt
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nnbp_cli.datasets import augment
from nnbp_cli.datasets.augment import Augmentation, Distortion, distortion
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.sampling import Sampler
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.training import batches as training_batches
from nnbp_cli.training.prefetch import prefetch
from tests.by_the_clock import by_the_clock, until
from tests.datasets import batches

Doubles = NDArray[np.float64]

SHAPE = (9, 14)
EVERYTHING = Augmentation(shift=2.0, rotation=25.0, scaling=0.3, shear=0.4, elastic=8.0, sigma=2.0)


def noise(n: int, shape: tuple[int, int] = SHAPE, seed: int = 0) -> Bytes:
    """Images, (n, pixels), with no two pixels alike."""
    rows, columns = shape
    return np.random.default_rng(seed).integers(0, 256, (n, rows * columns), np.uint8)


def distorted(
    augmentation: Augmentation,
    images: Bytes,
    seed: int = 0,
    shape: tuple[int, int] = SHAPE,
) -> Bytes:
    return distortion(augmentation, shape).distorted(images, np.random.default_rng(seed))


def slowly(image: Doubles, forward: Doubles, moved: Doubles) -> Doubles:
    """One image under the linear map `forward` about its centre, (x, y) from (x, y), pixel by pixel.

    `moved` is what is added to where a pixel comes from.
    """
    rows, columns = image.shape
    centre = np.array([(columns - 1) / 2, (rows - 1) / 2])
    back = np.linalg.inv(forward)
    new = np.zeros_like(image)
    for row in range(rows):
        for column in range(columns):
            x, y = back @ (np.array([column, row]) - centre) + centre + moved
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
                r, c = floor(y) + i, floor(x) + j
                if 0 <= r < rows and 0 <= c < columns:
                    new[row, column] += image[r, c] * (1 - abs(y - r)) * (1 - abs(x - c))
    return new


# The affine map


@pytest.mark.parametrize("pixels", [50_176, 100])
def test_nothing_asked_for_changes_nothing_not_even_an_image_larger_than_a_block(
    pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augment, "PIXELS_AT_ONCE", pixels)
    images = noise(5)
    np.testing.assert_array_equal(distorted(Augmentation(), images), images)


@pytest.mark.parametrize(
    ("shape", "shift"), [(SHAPE, 2.0), ((12, 5), 2.0), ((1, 7), 2.0), ((6, 6), 2.0), (SHAPE, 25.0)]
)
def test_images_are_those_of_a_slow_implementation(shape: tuple[int, int], shift: float) -> None:
    most = Augmentation(shift=shift, rotation=70.0, scaling=0.4, shear=0.5)
    images = noise(7, shape)
    fast = distorted(most, images, 5, shape).reshape(-1, *shape)
    numbers = np.random.default_rng(5).uniform(-1, 1, (6, distortion(most, shape).at_once))[:, :7]
    for k, (turn, wider, higher, lean, right, down) in enumerate(numbers.T):
        angle = -np.radians(70) * turn  # y is down
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        slanted = np.array([[1, 0.5 * lean], [0, 1]])
        scaled = np.diag([1 + 0.4 * wider, 1 + 0.4 * higher])
        image, moved = images[k].reshape(shape).astype(float), shift * np.array([right, down])
        slow = slowly(image, turned @ slanted @ scaled, moved)
        np.testing.assert_allclose(fast[k], slow, atol=0.6)  # half a level of rounding, and float32


# The elastic field


def blurred(side: int, sigma: float) -> Doubles:
    """The smoothing of Simard's recipe, word by word: what a Gaussian makes of each pixel, (side, side)."""
    reach = np.arange(-int(10 * sigma) - 1, int(10 * sigma) + 2)
    gaussian = np.exp(-(reach**2) / (2 * sigma**2))
    gaussian /= gaussian.sum()
    return np.array([np.convolve(pixel, gaussian)[len(reach) // 2 :][:side] for pixel in np.eye(side)])


def fields(shape: tuple[int, int], alpha: float, sigma: float, count: int) -> Doubles:
    """How far our elastic distortion moves each pixel, (2, rows, count, columns)."""
    points = np.empty((2, shape[0], count, shape[1]), np.float32)
    bending = distortion(Augmentation(elastic=alpha, sigma=sigma), shape)
    bending.draw(np.random.default_rng(9), points)
    y, x = np.mgrid[: shape[0], : shape[1]]
    moved: Doubles = points - np.stack([x, y])[:, :, None, :].astype(float)
    return moved


@pytest.mark.parametrize(
    ("shape", "alpha", "sigma"), [((28, 28), 34.0, 4.0), ((13, 21), 20.0, 1.5), ((17, 10), 9.0, 0.7)]
)
def test_the_elastic_field_varies_as_smoothed_uniform_numbers(
    shape: tuple[int, int], alpha: float, sigma: float
) -> None:
    n = 4000
    across, down = fields(shape, alpha, sigma, n).transpose(0, 2, 1, 3)
    vertical, horizontal = (blurred(side, sigma).T @ blurred(side, sigma) for side in shape)
    variance = alpha**2 / 3 * np.outer(vertical.diagonal(), horizontal.diagonal())
    for field in (across, down):
        np.testing.assert_allclose(field.mean(axis=0), 0, atol=5 * sqrt(variance.max() / n))
        np.testing.assert_allclose(field.var(axis=0), variance, rtol=0.11)  # its deviation is sqrt(2/n), 2.2%
        assert field.var(axis=0).mean() == pytest.approx(variance.mean(), rel=0.02)
    assert abs((across * down).mean()) / variance.mean() < 0.03, "sideways and down are independent"


@pytest.mark.parametrize(
    ("shape", "sigma"),
    [
        *(((28, 28), 4.0), ((28, 28), 1.0), ((13, 21), 6.0), ((3, 40), 0.1), ((1, 5), 100.0)),
        ((513, 28), 0.3),
        *(
            pytest.param(shape, sigma, marks=pytest.mark.slow)
            for shape, sigma in (((600, 700), 4.0), ((520, 520), 1.0), ((600, 600), 90.0), ((600, 1), 2000.0))
        ),
    ],
)
def test_the_elastic_field_keeps_the_covariance_of_the_textbook_but_for_a_thousandth_an_axis(
    shape: tuple[int, int], sigma: float
) -> None:
    bending = distortion(Augmentation(elastic=sqrt(3), sigma=sigma), shape)
    for side, ours in zip(shape, (bending.of_row[:, :-2], bending.of_column[:-2].T), strict=True):
        smoothing = blurred(side, sigma)
        covariance, kept = smoothing.T @ smoothing, ours.astype(float) @ ours.T
        assert 0.999 * np.trace(covariance) <= np.trace(kept) <= np.trace(covariance) * (1 + 1e-6)
        assert np.abs(kept - covariance).max() <= 0.001 * np.trace(covariance)
        singular = np.linalg.svd(smoothing, compute_uv=False)
        fewest = 1 + np.searchsorted(np.cumsum(singular**2) / (singular**2).sum(), 0.999)
        assert ours.shape[1] <= min(side, fewest + 2)


def test_the_elastic_field_of_common_images_has_the_bits_of_a_singular_value_decomposition() -> None:
    pixel = np.arange(28)
    whole = np.exp(-0.5 * (np.arange(-36, 37) / 4) ** 2).sum()
    P, s, _ = np.linalg.svd(np.exp(-0.5 * ((pixel[:, None] - pixel) / 4) ** 2) / whole)
    np.testing.assert_array_equal(augment.waves(28, Augmentation(elastic=34.0, sigma=4.0)), (P * s)[:, :6])


def test_the_elastic_field_of_large_images_takes_no_time_to_prepare() -> None:
    start = process_time()
    distortion(Augmentation(elastic=34.0, sigma=4.0), (2000, 2000))
    assert process_time() - start < 2, "the decompositions alone took eight seconds"


def test_every_image_has_a_field_of_its_own() -> None:
    moved = fields((28, 28), 34.0, 4.0, 200).transpose(2, 0, 1, 3).reshape(200, -1)
    alike = np.corrcoef(moved) - np.eye(200)
    assert np.abs(alike).max() < 0.9
    assert abs(alike.mean()) < 0.01


# The images


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 200])
def test_as_many_images_as_given_all_of_them_distorted_in_bytes_of_their_own(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augment, "PIXELS_AT_ONCE", 64 * 9 * 14)
    images = noise(200)
    images.setflags(write=False)
    some = distorted(EVERYTHING, images[:n], 3)
    assert some.dtype == np.uint8
    assert some.shape == (n, 9 * 14)
    assert some.flags.c_contiguous
    assert (some != images[:n]).any(axis=1).all()
    assert not np.shares_memory(some, images)


def test_a_sampler_reads_fewer_images_than_it_has_room_for_and_forgets_the_others() -> None:
    sampler, y_x = Sampler(3, SHAPE), np.mgrid[: SHAPE[0], : SHAPE[1]]
    for n in (3, 1, 2):
        sampler.points[:] = y_x[::-1, :, None, :]
        pictures = noise(n, seed=n).reshape(-1, *SHAPE)
        np.testing.assert_array_equal(sampler.interpolate(pictures), pictures)


# In training


def epoch(images: Bytes, batch_size: int = 30, background: bool = False, **where: int) -> list[Any]:
    split = Split(images, (np.arange(len(images)) % 7).astype(np.uint8))
    how: dict[str, Any] = {"distortion": distortion(EVERYTHING, SHAPE), "background": background}
    where = {"seed": 1, "epoch": 0, "first": 0} | where
    return list(batches(split, np.eye(7), batch_size, dtype=np.float32, **where, **how))


def same(some: list[Any], others: list[Any]) -> bool:
    pairs = zip(some, others, strict=True)
    return all(np.array_equal(x, x2) and np.array_equal(y, y2) for (x, y), (x2, y2) in pairs)


def test_every_epoch_and_every_seed_distorts_otherwise() -> None:
    images = np.tile(noise(1), (1000, 1))  # one image, many times: what differs is how it is distorted
    new = [
        x for seed, number in ((1, 0), (1, 1), (2, 0)) for x, _ in epoch(images, 100, seed=seed, epoch=number)
    ]
    assert len(np.unique(np.concatenate(new), axis=0)) == 3000, "two blocks of an epoch too"


@settings(max_examples=20, deadline=None)
@example(first=0, background=True)
@given(first=st.integers(0, 37), background=st.booleans())
def test_an_epoch_taken_up_at_any_batch_has_the_images_it_would_have_had(
    first: int, background: bool
) -> None:
    assert same(epoch(noise(1100), first=first, background=background), epoch(noise(1100))[first:])


def test_a_block_of_large_images_has_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    unobserved = Distortion.distorted

    def noting(self: Distortion, images: Bytes, rng: np.random.Generator) -> Bytes:
        sizes.append(len(images))
        return unobserved(self, images, rng)

    monkeypatch.setattr(Distortion, "distorted", noting)
    monkeypatch.setattr("nnbp_cli.training.batches.PIXELS_PER_BLOCK", 100 * 9 * 14)
    epoch(noise(1100))
    assert sizes == [90] * 12 + [20]


@pytest.mark.parametrize("background", [False, True])
def test_a_batch_of_large_images_may_be_left_after_some_of_them(
    monkeypatch: pytest.MonkeyPatch, background: bool
) -> None:
    monkeypatch.setattr(training_batches, "PIXELS_PER_BLOCK", 14 * 9 * 14)
    monkeypatch.setattr(augment, "PIXELS_AT_ONCE", 4 * 9 * 14)
    split = Split(noise(70), np.zeros(70, np.uint8))
    how: dict[str, Any] = {"distortion": distortion(EVERYTHING, SHAPE), "background": background}
    rest = training_batches.chunks(split, 30, 1, seed=1, epoch=0, first=0, **how)
    assert [chunk and len(chunk[0]) for chunk in rest] == [None, None, 30, None, None, 30, 10]
    monkeypatch.setattr(training_batches, "PIXELS_PER_BLOCK", 30 * 9 * 14)
    undivided = epoch(noise(70), background=background)
    monkeypatch.setattr(training_batches, "PIXELS_PER_BLOCK", 1)
    assert same(undivided, epoch(noise(70), background=background))


WIDER = {
    1: [0, 255, 255, 255, 0],
    0.5: [0, 128, 255, 128, 0],
    0: [0, 0, 255, 0, 0],
    -0.5: [0, 0, 128, 0, 0],
}


@pytest.mark.parametrize(("wider", "row"), WIDER.items())
def test_strokes_are_wider_or_narrower_by_so_much_of_a_pixel(wider: float, row: list[int]) -> None:
    """Of a line of one pixel, from top to bottom; beside an image that stays as it is."""
    line = np.zeros((2, 4, 5), np.uint8)
    line[:, :, 2] = 255
    changed = augment.thickened(line, np.array([wider, 0, 1], np.float32))
    assert changed[0].tolist() == [row] * 4
    assert np.array_equal(changed[1], line[1])


def test_thickness_is_every_images_own() -> None:
    line = np.zeros((70, 9, 14), np.uint8)
    line[:, :, 7] = 255
    ink = distorted(Augmentation(thickness=0.5), line.reshape(70, -1)).sum(axis=1) / line[0].sum()
    assert len(np.unique(ink)) > 30
    assert 0.5 <= ink.min() < 0.7
    assert 1.7 < ink.max() <= 2.01


# The other thread


@pytest.fixture(autouse=True)
def before() -> Iterator[int]:
    """How many threads there were before a test, and are after it."""
    before = threading.active_count()
    yield before
    assert threading.active_count() == before


def test_items_come_in_their_order_one_ahead_and_each_from_the_other_thread() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for k in range(5):
            assert threading.current_thread() != threading.main_thread()
            made.append(k)
            yield k

    for count, item in enumerate(prefetch(items())):
        assert item == count
        ahead = min(5, item + 2)
        assert until(lambda: len(made) >= ahead)  # noqa: B023
        sleep(0.02)
        assert made == list(range(ahead))
    assert item == 4


def test_what_goes_wrong_in_the_other_thread_is_raised_where_its_item_is_due() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError("there")

    prefetched = prefetch(items())
    assert next(prefetched) == 1
    with pytest.raises(ZeroDivisionError, match="there"):
        next(prefetched)


@by_the_clock
def test_closing_early_waits_for_no_more_than_the_item_at_hand(tmp_path: Path) -> None:
    made = []

    def items() -> Iterator[int]:
        for k in range(1000):
            sleep(0.05)
            made.append(k)
            yield k

    prefetched = prefetch(items())
    next(prefetched)
    start = perf_counter()
    prefetched.close()
    assert perf_counter() - start < 0.5
    assert len(made) <= 2


def test_leaving_an_epoch_early_leaves_no_thread_behind(before: int) -> None:
    split = Split(noise(1100), np.zeros(1100, np.uint8))
    how: dict[str, Any] = {"distortion": distortion(EVERYTHING, SHAPE), "background": True}
    rest = training_batches.chunks(split, 30, 1, seed=1, epoch=0, first=0, **how)
    next(rest)
    assert threading.active_count() == before + 1
    del rest


def test_the_other_thread_ignores_what_this_one_ignores() -> None:
    def overflowing() -> Iterator[Any]:
        yield np.full(1, 3e38, np.float32) * np.float32(10)

    with np.errstate(over="ignore"):
        assert np.isinf(next(prefetch(overflowing())))
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        next(prefetch(overflowing()))
