"""How data of one's own are shared out, and what is said of those that are odd."""

from pathlib import Path

import numpy as np
import pytest

from nnbp_cli import config
from nnbp_cli.datasets.catalog import NAMES
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.remarks import remarks
from nnbp_cli.errors import ConfigError
from nnbp_cli.nn.arrays import Array
from tests.command_line import nnbp
from tests.forms import IMAGES, LABELS, load, mnists
from tests.small_run import replace


def test_sorted_data_are_shuffled_unless_they_are_not_to_be(here: Path) -> None:
    order = np.argsort(LABELS[:70], kind="stable")
    own = here / "own"
    own.mkdir()
    mnists(own)
    for name, array in zip(NAMES, (IMAGES[:70][order], LABELS[:70][order])):
        idx.write(own / f"{name}.gz", array)
    replace(here / "small.toml", 'name = "synthetic"\nsize = 600', 'name = "own"\nvalidation = 28')
    said = nnbp("train", "small.toml", "--out", "shuffled")
    assert (said.status, "note: " in said.err) == (0, False)
    written = config.load("shuffled/config.toml").data
    assert (written.shuffle, written.seed) == (True, 1)
    said = nnbp("train", "small.toml", "--out", "sorted", "--set", "data.shuffle=false")
    missing = (
        "6 classes without validation images (0, 1, 2, 3, 4 and others): the best epoch is chosen without"
    )
    assert f"note: {missing} them; data.shuffle mixes what is sorted\n" in said.err
    assert "note: 4 classes without training images (6, 7, 8 and 9): they cannot be learned\n" in said.err
    said = nnbp("train", "small.toml", "--out", "few", "--set", "data.validation=3")
    assert "chosen without them; raise data.validation, or add images of such a class\n" in said.err

    first = load(own, validation=28, shuffle=True, seed=1)
    again, other = (load(own, validation=28, shuffle=True, seed=seed) for seed in (1, 2))
    assert first.validation.labels.tolist() == again.validation.labels.tolist()
    assert first.validation.labels.tolist() != other.validation.labels.tolist()
    assert first.digest == load(own).digest
    for split in ("training", "validation"):
        images = {image.tobytes() for image in getattr(first, split).images}
        assert images <= {image.tobytes() for image in IMAGES[:70]}
        labels = {image.tobytes(): label for image, label in zip(IMAGES, LABELS)}
        given = getattr(first, split)
        assert [labels[each.tobytes()] for each in given.images] == given.labels.tolist()
    assert not {*map(bytes, first.training.images)} & {*map(bytes, first.validation.images)}


def test_runs_of_before_are_not_shuffled_and_named_data_never_by_themselves(here: Path) -> None:
    replace(here / "small.toml", 'name = "synthetic"\nsize = 600', 'name = "own"')
    assert config.load("small.toml").data.shuffle is True
    Path("log.csv").touch()
    assert config.load("small.toml").data.shuffle is False, "a run left it, and knew nothing of it"
    assert config.loads(Path("small.toml").read_text(), "").data.shuffle is False
    Path("log.csv").unlink()
    for name, shuffle, seed in (("mnist", None, None), ("kmnist", None, None), ("synthetic", None, 1)):
        data = config.load("small.toml", [f"data.name={name}"]).data
        assert (data.shuffle, data.seed) == (shuffle, seed)
    data = config.load("small.toml", ["data.name=mnist", "data.shuffle=true", "data.seed=5"]).data
    assert (data.shuffle, data.seed) == (True, 5)
    with pytest.raises(ConfigError, match="means something only with name 'synthetic'"):
        config.load("small.toml", ["data.shuffle=false", "data.seed=5"])


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        (
            IMAGES // 128,
            LABELS,
            "no pixel is more than 1 of 255, which is black to a network; multiply them by",
        ),
        (
            255 - IMAGES,
            LABELS,
            " are dark on light, and those of MNIST, of 'nnbp predict' and of the pad in a rep",
        ),
        (
            255 - IMAGES[:, :20],
            LABELS,
            " are dark on light, which is hard to learn; invert them: 255 - pixel",
        ),
        (
            IMAGES[:, :20],
            LABELS,
            "the images are 20x28, and 'nnbp predict' and the pad of a report make 28x28",
        ),
        (
            IMAGES,
            LABELS + 1,
            "the labels begin at 1: what the network has for 0 is never right; count them fr",
        ),
        (IMAGES, LABELS * (LABELS != 4), "a class without training images (4): they cannot be learned"),
        (IMAGES, np.where(np.arange(90) == 85, 6, LABELS), "a class without test images (5): the test"),
    ],
)
def test_what_is_odd_in_ones_own_data_is_said(
    tmp_path: Path, images: Array, labels: Array, said: str
) -> None:
    some = slice(80, None) if "test images" in said else slice(70, None)
    for name, array in zip(NAMES, (images[:70], labels[:70], images[some], labels[some])):
        idx.write(tmp_path / name, array.astype(np.uint8))
    first, *_ = remarks(load(tmp_path, validation=20), shuffled=False)
    assert said in first
    mnists(tmp_path)
    for name in NAMES:
        (tmp_path / name).unlink()
    assert [*remarks(load(tmp_path, validation=20), shuffled=False)] == []
