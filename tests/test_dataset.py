"""Data sets: what is read, how it is split, and everything that can be wrong with the files of one."""

import gzip
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli.datasets import synthetic
from nnbp_cli.datasets.catalog import CATALOG, NAMES
from nnbp_cli.datasets.loading import load
from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.skeletons import MORE, USUAL
from nnbp_cli.datasets.sources import locate
from nnbp_cli.datasets.synthetic import draw
from nnbp_cli.errors import ConfigError, MissingData, NnbpError
from nnbp_cli.nn.arrays import Bytes
from tests.peak_memory import measured, output_with_peak
from tests.tiny import published

RNG = np.random.default_rng(3)
RIGHT = {
    NAMES[0]: RNG.integers(0, 256, (60, 28, 28), np.uint8),
    NAMES[1]: RNG.permutation(np.arange(60, dtype=np.uint8) % 10),
    NAMES[2]: RNG.integers(0, 256, (11, 28, 28), np.uint8),
    NAMES[3]: np.arange(11, dtype=np.uint8) % 10,
}


def put(folder: Path, *, suffix: str = ".gz", **changed: Any) -> Path:
    """The four files in `folder`; `changed` gives other arrays: images, labels, test_images, test_labels."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("images", "labels", "test_images", "test_labels")
    for key, (name, array) in zip(keys, RIGHT.items(), strict=True):
        idx.write(folder / f"{name}{suffix}", changed.get(key, array))
    return folder


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a made-up published data set called tiny, which the catalog knows as it is there."""
    return publish(monkeypatch, put(tmp_path / "tiny"))


def publish(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    content = {f"{name}.gz": (folder / f"{name}.gz").read_bytes() for name in NAMES}
    monkeypatch.setitem(CATALOG, folder.name, published(folder.name, content))
    return folder


def refusal(name: str, data_dir: Path, kind: type[NnbpError] = NnbpError, **numbers: Any) -> str:
    with pytest.raises(NnbpError) as error:
        load(name, data_dir, **numbers)
    assert type(error.value) is kind
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def _usual_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or every command that is recommended would have a --data-dir."""
    monkeypatch.setenv("NNBP_DATA_DIR", str(tmp_path))


@pytest.mark.mnist
def test_mnist_is_mnist(real_data: Path) -> None:
    data = load("mnist", real_data)
    assert data.training.images.shape == (50_000, 784)
    assert data.validation.images.shape == data.test.images.shape == (10_000, 784)
    assert (data.shape, data.classes) == ((28, 28), 10)
    counts = np.bincount(np.concatenate([data.training.labels, data.validation.labels]))
    assert counts.tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert data.digest == "b2d8f5bf39174ee5ffeefa97e42d673c35432b411bb5d1f74fbbeddae7f1690a"


@pytest.mark.mnist
@measured
def test_mnist_is_in_memory_once(real_data: Path) -> None:
    (grown,) = output_with_peak(
        "import sys, pathlib; from nnbp_cli.datasets.loading import load\n"
        "before = peak(); data = load('mnist', pathlib.Path(sys.argv[1])); print(peak() - before)\n",
        real_data,
    )
    assert int(grown) < 70e6  # the images alone have 55


def test_the_first_images_train_and_the_last_validate(tiny: Path) -> None:
    data = load("tiny", tiny.parent, train=30, validation=7)
    images = RIGHT[NAMES[0]].reshape(60, 784)
    np.testing.assert_array_equal(data.training.images, images[:30])
    np.testing.assert_array_equal(data.training.labels, RIGHT[NAMES[1]][:30])
    np.testing.assert_array_equal(data.validation.images, images[-7:])
    np.testing.assert_array_equal(data.validation.labels, RIGHT[NAMES[1]][-7:])
    np.testing.assert_array_equal(data.test.images, RIGHT[NAMES[2]].reshape(11, 784))
    np.testing.assert_array_equal(data.test.labels, RIGHT[NAMES[3]])
    assert (data.name, data.shape, data.classes) == ("tiny", (28, 28), 10)


def test_drawn_digits_come_before_those_of_mnist(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that MNIST's last images validate, and its own test. They know more ways of writing."""
    monkeypatch.setitem(CATALOG, "mnist", CATALOG["tiny"])
    data = load("mnist+synthetic", tiny.parent, size=64, seed=2, validation=7)
    drawn, labels = draw(64, 2, "training", (USUAL, MORE))
    assert not np.array_equal(drawn, draw(64, 2, "training")[0])
    np.testing.assert_array_equal(data.training.images[:64], drawn.reshape(64, 784))
    np.testing.assert_array_equal(data.training.labels, [*labels, *RIGHT[NAMES[1]][:-7]])
    alone = load("tiny", tiny.parent, validation=7)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(getattr(data, part).images, getattr(alone, part).images)
    with pytest.raises(MissingData, match="nnbp download"):
        load("mnist+synthetic", tiny.parent / "elsewhere")


def test_what_is_not_said_of_the_split_is_a_sixth_and_the_rest(tiny: Path) -> None:
    for train, validation, sizes in (
        *((None, None, (50, 10)), (None, 25, (35, 25)), (20, None, (20, 10))),
        *((60, 0, (60, 0)), (35, 25, (35, 25))),
    ):
        data = load("tiny", tiny.parent, train=train, validation=validation)
        assert (len(data.training.images), len(data.validation.labels)) == sizes
        assert (len(data.training.labels), len(data.validation.images)) == sizes


def test_splits_are_views_that_cannot_be_written(tiny: Path) -> None:
    data = load("tiny", tiny.parent)
    whole = data.training.images.base
    assert whole is not None
    assert data.validation.images.base is whole
    with pytest.raises(ValueError, match="read-only"):
        data.training.images[0, 0] = 1


BOTH = "51 training and 10 validation images (data.validation)"
TOO_MANY = f"data.train: {BOTH} are more than the 60 there are beside 11 test images; lower one"


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"train": 51, "validation": 10}, TOO_MANY),
        ({"train": 51}, TOO_MANY),
        (
            {"train": 61, "validation": 61},
            "data.train: 61 training and 61 validation images (data.validation) are more than the 60 "
            "there are beside 11 test images; lower both",
        ),
        ({"train": 0}, "data.train: expected a number of at least 1, got 0"),
        ({"validation": 60}, "data.train: expected a number of at least 1, got 0"),
        ({"validation": -1}, "data.validation: expected a number of at least 0, got -1"),
    ],
)
def test_a_split_that_does_not_fit_is_refused(tiny: Path, numbers: dict[str, int], message: str) -> None:
    assert refusal("tiny", tiny.parent, ConfigError, **numbers) == message


def test_the_digest_is_that_of_the_unpacked_files(tiny: Path, tmp_path: Path) -> None:
    unpacked = b"".join(gzip.decompress((tiny / f"{name}.gz").read_bytes()) for name in NAMES)
    digest = load("tiny", tiny.parent).digest
    assert digest == hashlib.sha256(unpacked).hexdigest()
    assert digest == load(str(put(tmp_path / "plain", suffix="")), tmp_path, train=3, validation=2).digest
    other = RIGHT[NAMES[3]].copy()
    other[-1] += 1
    assert digest != load(str(put(tmp_path / "other", test_labels=other)), tmp_path).digest


def test_files_that_are_not_there_are_missing_data(tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "my data"
    for name, data_dir, title, command in (
        ("mnist", tmp_path, "MNIST", "nnbp download"),
        ("kmnist", tmp_path, "Kuzushiji-MNIST", "nnbp download kmnist"),
        ("mnist", other, "MNIST", f"nnbp download --data-dir '{other}'"),
    ):
        said = refusal(name, data_dir, MissingData)
        assert said == f"{data_dir / name}: no {title} files here; run '{command}'"
    (tiny / f"{NAMES[2]}.gz").unlink()
    what = f"no '{NAMES[2]}.gz' here; run 'nnbp download tiny'"
    assert refusal("tiny", tmp_path, MissingData) == f"{tiny}: {what}"
    for name in NAMES:
        (tiny / name).touch()
    what = "only unpacked files here; run 'nnbp download tiny', or use the folder"
    assert refusal("tiny", tmp_path, MissingData) == f"{tiny}: {what} '{tiny}' as it is"


LARGER = {"images": np.ones((60, 29, 28), np.uint8), "test_images": np.ones((11, 29, 28), np.uint8)}
WRONG = [
    ({"labels": RIGHT[NAMES[1]][:-1]}, "60 training images with 59 labels"),
    ({"test_labels": np.zeros(12, np.uint8)}, "11 test images with 12 labels"),
    ({"images": np.zeros((0, 28, 28), np.uint8)}, "no training images in the files"),
    ({"test_images": np.zeros((11, 0, 28), np.uint8)}, "no test images in the files"),
]
NOT_ALIKE = "training images of 28x28 and test images of 29x28 where one size is due"
NO_DIGITS = [
    ({"labels": np.full(60, 37, np.uint8)}, "a training label of 37 where 0 to 9 are due"),
    ({"test_labels": np.full(11, 10, np.uint8)}, "a test label of 10 where 0 to 9 are due"),
    (LARGER, "training images of 29x28 and test images of 29x28 where 28x28 is due"),
]


@pytest.mark.parametrize(
    ("known", "changed", "what"),
    [
        *((False, *wrong) for wrong in (*WRONG, ({"test_images": LARGER["test_images"]}, NOT_ALIKE))),
        *((True, *wrong) for wrong in (*WRONG, *NO_DIGITS)),
    ],
)
def test_files_that_do_not_belong_together_and_published_ones_without_digits_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool, changed: dict[str, Any], what: str
) -> None:
    folder = put(tmp_path / "tiny", **changed)
    if known:
        publish(monkeypatch, folder)
    remedy = "run 'nnbp download tiny'" if known else "put a good copy there"
    assert refusal("tiny" if known else str(folder), tmp_path) == f"{folder}: {what}; {remedy}"


def test_a_folder_of_ones_own_has_any_size_and_any_classes(tmp_path: Path) -> None:
    own = put(
        tmp_path / "own",
        suffix="",
        images=np.ones((60, 3, 5), np.uint8),
        labels=np.arange(60, dtype=np.uint8),
        test_images=np.ones((11, 3, 5), np.uint8),
        test_labels=np.full(11, 70, np.uint8),
    )
    data = load(str(own), tmp_path / "elsewhere")
    assert (data.shape, data.classes) == ((3, 5), 71)
    assert data.training.images.shape == (50, 15)


def test_a_folder_of_ones_own_without_a_file_is_not_to_be_downloaded(tmp_path: Path) -> None:
    own = put(tmp_path / "own")
    (own / f"{NAMES[1]}.gz").unlink()
    assert refusal(str(own), tmp_path) == f"{own}: no '{NAMES[1]}' here, nor '{NAMES[1]}.gz'; put it there"


def test_where_a_name_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("own", "mnist", "synthetic"):
        Path(folder).mkdir()
    assert locate("mnist", Path("data")) == Path("data/mnist")
    assert locate("synthetic", Path("data")) == Path("data/synthetic-20000-seed-1")
    assert locate("synthetic", Path("data"), size=50, seed=0) == Path("data/synthetic-50-seed-0")
    assert locate("own", Path("data")) == Path("own")
    assert locate("./mnist", Path("data")) == Path("mnist")
    assert locate("no/where", Path("data")) == Path("no/where")


def test_a_name_of_nothing_gets_a_hint(tmp_path: Path) -> None:
    for name, hint in (
        ("minst", "did you mean 'mnist'?"),
        ("fashion", "did you mean 'fashion-mnist'?"),
        ("emnist-letters", "EMNIST is brought by hand, as docs/data.md says; name the path of its files"),
        ("zalando", "use mnist, fashion-mnist, kmnist, synthetic, mnist+synthetic or a path"),
    ):
        message = f"data.name: no data set and no path is called '{name}'; {hint}"
        assert refusal(name, tmp_path, ConfigError) == message


def there(folder: Path) -> set[str]:
    """The files below `folder`."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_synthetic_digits_are_drawn_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = load("synthetic", tmp_path, size=66, seed=4)
    images, labels = synthetic.draw(66, 4, "training")
    np.testing.assert_array_equal(data.training.images, images[:55].reshape(55, 784))
    np.testing.assert_array_equal(data.validation.labels, labels[55:])
    np.testing.assert_array_equal(data.test.images, synthetic.draw(13, 4, "test")[0].reshape(13, 784))
    assert (data.name, data.shape, data.classes) == ("synthetic", (28, 28), 10)
    monkeypatch.setattr(idx, "write", None)
    assert load("synthetic", tmp_path, size=66, seed=4).digest == data.digest
    assert there(tmp_path) == {f"synthetic-66-seed-4/{name}.gz" for name in NAMES}


def test_synthetic_digits_that_are_damaged_or_there_in_part_are_drawn_again(tmp_path: Path) -> None:
    digest = load("synthetic", tmp_path, size=20).digest
    for name in NAMES:
        path = tmp_path / "synthetic-20-seed-1" / f"{name}.gz"
        path.write_bytes(b"")
        message = f"{path}: damaged: zero bytes; delete it, and it will be drawn again"
        assert refusal("synthetic", tmp_path, size=20) == message
        path.rename(path.with_name(f".{path.name}.123-abc.part"))  # as a drawing that is killed leaves it
        assert load("synthetic", tmp_path, size=20).digest == digest
        assert there(path.parent) == {f"{name}.gz" for name in NAMES}


def test_digits_drawn_by_many_at_once_are_right(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: load("synthetic", tmp_path, size=500).digest, range(4)))
    assert len(set(drawn)) == 1
    assert there(tmp_path) == {f"synthetic-500-seed-1/{name}.gz" for name in NAMES}


@pytest.mark.parametrize(
    ("number", "change"),
    [
        *((0, lambda a: a[:-1]), (0, lambda a: a[:, :, 1:]), (0, lambda a: a // 2), (0, lambda a: a[::-1])),
        (1, lambda a: (a + 1) % 10),
    ],
)
def test_synthetic_digits_that_another_version_drew_are_refused(
    tmp_path: Path, number: int, change: Callable[[Bytes], Bytes]
) -> None:
    load("synthetic", tmp_path, size=80)
    folder = tmp_path / "synthetic-80-seed-1"
    path = folder / f"{NAMES[number]}.gz"
    idx.write(path, change(idx.read(path, 3 - 2 * number)))
    message = f"{folder}: not what this version draws; delete it, and it will be drawn again"
    assert refusal("synthetic", tmp_path, size=80) == message


def test_too_many_or_too_few_synthetic_digits_are_refused(tmp_path: Path) -> None:
    for size, message in (
        (10**12, "1,000,000,000,000 images would not fit this machine's memory; take fewer"),
        (4, "expected a number of at least 5, got 4"),
    ):
        assert refusal("synthetic", tmp_path, ConfigError, size=size) == f"data.size: {message}"
    assert not list(tmp_path.iterdir())
