"""Folders of pictures, one a class: which are read, how they become images, and what is wrong with them."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nnbp_cli import digits
from nnbp_cli.datasets import readers
from tests.forms import IMAGES, LABELS, PARTS, load, pngs, refusal, said_of

PICTURES = (pngs, lambda folder: pngs(folder, ("train", "val"), offset=1))


@pytest.mark.parametrize("form", PICTURES)
def test_folders_of_pictures_are_classes(tmp_path: Path, form: Callable[[Path], None]) -> None:
    form(tmp_path)
    (tmp_path / ".git").mkdir()
    next(tmp_path.rglob("*.png")).with_name("._0.png").touch()  # as macOS leaves it
    for _ in range(2):
        data = load(tmp_path, validation=0)
        order, of_tests = (np.argsort(labels, kind="stable") for _, labels in PARTS.values())
        np.testing.assert_array_equal(data.training.images, IMAGES[:70][order].reshape(70, -1))
        np.testing.assert_array_equal(data.test.labels, LABELS[70:][of_tests])
        names = () if form is pngs else tuple(str(k) for k in range(1, 11))
        assert (data.class_names, data.classes, said_of(tmp_path)) == (names, 10, [])


def test_one_tree_of_pictures_is_split(tmp_path: Path) -> None:
    pngs(tmp_path, ("", ""))
    data = load(tmp_path, validation=0)
    assert (len(data.training.labels), np.bincount(data.test.labels).tolist()) == (60, [1] * 10)
    assert said_of(tmp_path)[0].startswith("no test images are there: every sixth image of each class")


def test_pictures_of_several_sizes_are_made_as_predict_makes_them(tmp_path: Path) -> None:
    """Dark ink on light paper, on a desk, and what has none is left out."""
    image = np.full((60, 50), 230, np.uint8)
    image[10:50, 20:24] = 20
    for name in ("one", "bar"):
        (tmp_path / name).mkdir()
        for size in (60, 90, 100, 101, 102, 103):
            on_desk = np.pad(image, 20 * (size > 100), constant_values=30)
            picture = on_desk if name == "one" else on_desk.T
            Image.fromarray(picture).resize((size, size)).save(tmp_path / name / f"{size}.jpg")
    Image.new("L", (40, 40), 255).save(tmp_path / "one" / "blank.png")
    data = load(tmp_path, validation=0)
    assert (data.shape, data.class_names, len(data.test.labels)) == ((28, 28), ("bar", "one"), 2)
    made, blank, _ = said_of(tmp_path)
    assert made == "the pictures are made 28x28, as nnbp predict makes those that it reads"
    assert blank.startswith("1 picture left out, with nothing written there: ")
    for name in ("60.jpg", "102.jpg"):
        (mark,) = next(digits.candidates(digits.grayscale(tmp_path / "one" / name)))
        some = data.training.images[data.training.labels == 1]
        assert any(np.array_equal(each, digits.normalize(mark.ink).ravel()) for each in some)


def pictures(folder: Path, *named: tuple[str, Image.Image]) -> None:
    """A picture to learn from and one to test with of each class."""
    for name, picture in named:
        for part in ("train", "test"):
            (folder / part / name).mkdir(parents=True)
            picture.save(folder / part / name / "1.png")


def marked(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Image.Image:
    """Black boxes on white paper."""
    picture = Image.new("L", (width, height), 255)
    for box in boxes:
        ImageDraw.Draw(picture).rectangle(box, 0)
    return picture


def test_classes_come_in_the_order_of_numbers_and_then_of_names(tmp_path: Path) -> None:
    pictures(tmp_path, *((name, marked(28, 28, (9, 9, 18, 18))) for name in ("b", "10", "2", "a")))
    assert load(tmp_path, validation=0).class_names == ("2", "10", "a", "b")


@pytest.mark.parametrize(("width", "shape"), [(128, (128, 128)), (129, (28, 28))])
def test_pictures_of_one_size_are_taken_as_they_are_up_to_128x128(
    tmp_path: Path, width: int, shape: tuple[int, int]
) -> None:
    pictures(tmp_path, *((name, marked(width, 128, (40, 20, 60, 100))) for name in "ab"))
    assert load(tmp_path, validation=0).shape == shape


def test_all_marks_of_a_picture_are_in_one_image_where_they_are(tmp_path: Path) -> None:
    two = [
        marked(200, 180, *boxes)
        for boxes in (
            ((20, 60, 40, 140), (120, 30, 150, 150)),
            ((30, 70, 60, 160), (100, 20, 150, 120)),
        )
    ]
    pictures(tmp_path, *zip("ab", two))
    for image, picture in zip(load(tmp_path, validation=0).training.images, two):
        whole = digits.normalize(1 - np.asarray(picture) / 255)
        assert np.abs(image.astype(float) - whole.ravel()).mean() < 1


@pytest.mark.parametrize("height", [28, 20])
def test_pictures_of_dark_ink_are_inverted(tmp_path: Path, height: int) -> None:
    pngs(tmp_path)
    for path in tmp_path.rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path))[:height]).save(path)
    expected = load(tmp_path).digest
    for path in tmp_path.rglob("*.png"):
        Image.fromarray(255 - np.asarray(Image.open(path))).save(path)
    assert said_of(tmp_path) == ["the pictures are dark on light, and are inverted, as nnbp predict does"]
    assert load(tmp_path).digest == expected


def test_pictures_are_read_anew_where_one_was_changed(tmp_path: Path) -> None:
    pngs(tmp_path)
    before = load(tmp_path)
    path = tmp_path / "training" / "3" / "00003.png"
    Image.fromarray(255 - IMAGES[3]).save(path)
    after = load(tmp_path)
    assert before.digest != after.digest
    path.unlink()
    assert len(load(tmp_path, validation=0).training.labels) == 69


def test_folders_of_pictures_that_are_wrong_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pngs(tmp_path)
    (tmp_path / "testing" / "0").rename(tmp_path / "testing" / "zero")
    remedy = "move the folder away"
    assert refusal(tmp_path) == f"HERE/testing: no training picture is of class 'zero'; {remedy}"
    assert refusal(tmp_path / "testing" / "1").startswith("HERE: 2 .png files here, and no data set; ")
    (tmp_path / "above").mkdir()
    assert refusal(tmp_path / "above") == f"HERE: nothing here, and no data set; name {readers.FORMS}"
    shutil.rmtree(tmp_path / "testing" / "zero")
    (tmp_path / "training" / "3" / "bad.png").write_bytes(b"GIF")
    said = "HERE/training/3/bad.png: not a picture that is read here; name a PNG, JPEG, WebP, TIFF, HEIC"
    assert refusal(tmp_path) == f"{said}, BMP or GIF file"
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert refusal(tmp_path) == "HERE: needs Pillow; pip install 'nnbp-cli[predict]'"
