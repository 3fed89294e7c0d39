"""The book's expanded data: images moved by one pixel, all of them or one in each epoch; and their order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.datasets.augment import Augmentation, distortion
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.shifts import SHIFTS
from nnbp_cli.models import weights
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system import signals
from nnbp_cli.training import loop
from nnbp_cli.training.batches import chunks
from tests.command_line import nnbp
from tests.interruption import Interruption
from tests.small_run import results, train

SHAPE = (4, 7)
IMAGES = np.random.default_rng(0).integers(1, 256, (700, 28), np.uint8)  # no pixel is blank
LABELS = np.arange(700, dtype=np.uint8) % 11
ALL = ("--set", "data.augment.shifts=all", "--set", "training.shuffle=once", "--set", "training.epochs=2")


def expanded(image: Bytes) -> list[bytes]:
    """As expand_mnist.py does it: an image and, rolled by a pixel with the line that came round made blank,
    its four shifts.
    """
    made = [image.tobytes()]
    for step, axis, blank in ((1, 0, 0), (-1, 0, -1), (1, 1, 0), (-1, 1, -1)):
        rolled = np.roll(image.reshape(SHAPE), step, axis)
        rolled[(blank, slice(None)) if axis == 0 else (slice(None), blank)] = 0
        made.append(rolled.tobytes())
    return made


def epoch(split: Split, number: int = 0, first: int = 0, **how: Any) -> tuple[list[bytes], list[int]]:
    """The images and labels of an epoch from batch `first` of 30 on."""
    parts = filter(None, chunks(split, 30, 3, seed=1, epoch=number, first=first, **how))
    pairs = [(image.tobytes(), int(label)) for part in parts for image, label in zip(*part, strict=True)]
    return [image for image, _ in pairs], [label for _, label in pairs]


def test_all_shifts_are_five_times_the_images_as_the_book_expands_them() -> None:
    split = Split(IMAGES, LABELS, SHAPE)
    images, labels = epoch(split)
    assert split.examples == len(images) == 5 * 700
    book = [
        (made, int(label)) for image, label in zip(IMAGES, LABELS, strict=True) for made in expanded(image)
    ]
    assert sorted(zip(images, labels, strict=True)) == sorted(book)
    assert images != epoch(split, 1)[0]
    for first in (1, 18, 100):
        assert epoch(split, first=first) == (images[30 * first :], labels[30 * first :])


def test_one_shift_is_each_image_once_in_each_epoch_another_of_the_five() -> None:
    how: dict[str, Any] = {"distortion": distortion(Augmentation(shifts="one"), SHAPE), "shuffle": "never"}
    epochs = [epoch(Split(IMAGES, LABELS), number, **how)[0] for number in range(3)]
    which = np.array([[expanded(i).index(made) for i, made in zip(IMAGES, images)] for images in epochs])
    assert np.bincount(which.ravel(), minlength=5).min() > 0.15 * 3 * 700
    assert 0.1 < (which[0] == which[1]).mean() < 0.3, "by chance a fifth"
    assert len(SHIFTS) == 5


@pytest.mark.parametrize(("shuffle", "orders"), [("epoch", 3), ("once", 1), ("never", 1)])
def test_images_are_shuffled_in_each_epoch_or_once_or_never(shuffle: str, orders: int) -> None:
    split = Split(IMAGES, LABELS)
    drawn = [epoch(split, number, shuffle=shuffle)[0] for number in range(3)]
    assert len({tuple(images) for images in drawn}) == orders
    assert (drawn[0] == [image.tobytes() for image in IMAGES]) == (shuffle == "never")
    assert sorted(drawn[0]) == sorted(drawn[1])
    assert epoch(split, 2, first=7, shuffle=shuffle)[0] == drawn[2][210:]


def test_a_run_on_all_shifts_counts_them_and_records_the_images_there_are(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BATCHES_PER_CHUNK", 1)
    assert train("--out", "whole", "-q", *ALL).status == 0
    with monkeypatch.context() as patched:
        patched.setattr(signals, "defer", Interruption(150).defer)
        assert train("--out", "parts", "-q", *ALL).status == 130
    said = nnbp("train", "--resume", "parts")
    assert said.status == 0
    assert "parts: 1 epoch and 2" in said.err
    assert "of 125 batches are done" in said.err, "5 x 500 images in batches of 20"
    assert results(here / "parts") == results(here / "whole")
    assert "\ntrain = 500\n" in Path("whole/config.toml").read_text()
    assert weights.load(Path("whole/weights.npz")).penalty.images == 2500
    assert nnbp("eval", "whole").status == 0
    assert nnbp("train", "whole/config.toml", "--out", "again", "-q").status == 0
    assert results(here / "again") == results(here / "whole")
