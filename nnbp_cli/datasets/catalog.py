"""The published data sets: where they are, how large, and the SHA-256 that tells the right bytes.

MNIST's own site no longer serves the files. All three sets use the same four names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

TRAINING_IMAGES = "train-images-idx3-ubyte"
TRAINING_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
NAMES = (TRAINING_IMAGES, TRAINING_LABELS, TEST_IMAGES, TEST_LABELS)  # "" or ".gz" follows


@dataclass(frozen=True)
class File:
    """A published file: its name, its size in bytes and its SHA-256, all of the .gz as served."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Entry:
    """A published data set of 28x28 images in ten classes; its files are in the order of NAMES.

    Mirrors over https come before those over plain http.
    """

    name: str
    title: str
    licence: str | None
    mirrors: tuple[str, ...]
    files: tuple[File, ...]
    class_names: tuple[str, ...] = ()  # where they are not the digits


def _files(*facts: tuple[int, str]) -> tuple[File, ...]:
    return tuple(File(f"{name}.gz", size, sha256) for name, (size, sha256) in zip(NAMES, facts, strict=True))


_MNIST = Entry(
    name="mnist",
    title="MNIST",
    licence=None,
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://raw.githubusercontent.com/fgnt/mnist/master/",
    ),
    files=_files(
        (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
)

_FASHION_MNIST = Entry(
    name="fashion-mnist",
    title="Fashion-MNIST",
    licence="MIT",
    mirrors=(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=_files(
        (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    class_names=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
)

_KMNIST = Entry(
    name="kmnist",
    title="Kuzushiji-MNIST",
    licence="CC BY-SA 4.0",
    mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    files=_files(
        (18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        (29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        (3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        (5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
)

CATALOG: Mapping[str, Entry] = {entry.name: entry for entry in (_MNIST, _FASHION_MNIST, _KMNIST)}
