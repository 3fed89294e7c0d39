"""A data set in the forms that people have it in, and what is made of it."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.datasets import loading
from nnbp_cli.datasets.catalog import NAMES
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.readers import idx
from nnbp_cli.errors import NnbpError

RNG = np.random.default_rng(7)
SIDE = 28
IMAGES, LABELS = RNG.integers(0, 256, (90, SIDE, SIDE), np.uint8), np.arange(90, dtype=np.uint8) % 10
IMAGES[:, :4] = 0  # as in MNIST most numbers have one digit
ARRAYS = (IMAGES[:70], LABELS[:70], IMAGES[70:], LABELS[70:])
PARTS = {"train": (IMAGES[:70], LABELS[:70]), "test": (IMAGES[70:], LABELS[70:])}


def idx_files(folder: Path, names: str, pack: bool = False) -> None:
    """Four IDX files: in `names` PART and WHAT stand for what they are, # for their dimensions."""
    for part, arrays in PARTS.items():
        for what, array in zip(("images", "labels"), arrays):
            name = names.replace("PART", part).replace("WHAT", what).replace("#", str(array.ndim))
            idx.write(folder / f"{name}{'.gz' * pack}", array)


def mnists(folder: Path) -> None:
    for name, array in zip(NAMES, ARRAYS):
        idx.write(folder / f"{name}.gz", array)


def unpacked_by_a_tool(folder: Path) -> None:
    """Each file in a folder of its own name, as a well-known copy has them, and beside that by another."""
    for name, array in zip(NAMES, ARRAYS):
        (folder / name).mkdir()
        idx.write(folder / name / name, array)
        idx.write(folder / name.replace("-idx", ".idx"), array)


def wide_labels_in_several_members(folder: Path) -> None:
    for name, array in zip(NAMES, ARRAYS):
        content = idx.header(array.shape) + array.tobytes()
        if array.ndim == 1:
            content = b"\0\0\x0c" + content[3:8] + array.astype(">i4").tobytes()
        (folder / f"{name}.gz").write_bytes(gzip.compress(content[:99]) + gzip.compress(content[99:]) + b"\0")


def lines(part: str, delimiter: str = ",", last: bool = False) -> list[str]:
    """The lines of a CSV file, with the label first or last."""
    rows = (
        [*image.ravel(), label] if last else [label, *image.ravel()] for image, label in zip(*PARTS[part])
    )
    return [delimiter.join(map(str, row)) for row in rows]


def csv_files(
    folder: Path, names: str = "mnist_PART.csv", change: Callable[[list[str]], str] | None = None, **how: Any
) -> None:
    for part in PARTS:
        text = change(lines(part, **how)) if change else "\n".join(lines(part, **how)) + "\n"
        (folder / names.replace("PART", part)).write_bytes(text.encode())


def kaggles(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    head = ",".join(["label", *(f"pixel{k}" for k in range(SIDE * SIDE))])
    csv_files(folder, "PART.csv", lambda rows: "\n".join([head, *rows]))
    (folder / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")


def openmls(folder: Path) -> None:
    head = ",".join([*(f"pixel{k}" for k in range(SIDE * SIDE)), "class"])
    csv_files(folder, "mnist_784-PART.csv", lambda rows: "\n".join([head, *rows]), last=True)


def pandas_columns(folder: Path) -> None:
    head = ",".join(map(str, range(SIDE * SIDE + 1)))
    csv_files(folder, change=lambda rows: "\n".join([head, *rows]) + "\n")


def pandas_index(folder: Path, name: str = "") -> None:
    """A column before all others, which numbers the lines."""
    head = ",".join([name, "label", *(f"pixel{k}" for k in range(SIDE * SIDE))])
    csv_files(
        folder, change=lambda rows: "\n".join([head, *(f"{999 + k},{row}" for k, row in enumerate(rows))])
    )


def spreadsheets(folder: Path) -> None:
    """Windows' line ends, a mark of the byte order, blank lines at the end."""
    csv_files(folder, change=lambda rows: "\ufeff" + "\r\n".join(rows) + "\r\n\r\n\r\n", delimiter=";")


def quoted_and_spaced(folder: Path) -> None:
    csv_files(folder, change=lambda rows: "\n".join(re.sub(r"(\d+),", r'"\1" , ', row) for row in rows))


def keras_arrays(**changed: Any) -> Any:
    """The arrays of an .npz file by their names; None leaves one out."""
    arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), ARRAYS)) | changed
    return {name: array for name, array in arrays.items() if array is not None}


def kerass(folder: Path) -> None:
    np.savez_compressed(folder / "mnist.npz", **keras_arrays())


def odd_npz(folder: Path) -> None:
    images, labels, test_images, test_labels = ARRAYS
    np.savez(
        folder / "own.npz",
        x_train=np.asfortranarray(images),
        y_train=labels.astype(">i8")[:, None],
        x_test=test_images[..., None],
        y_test=test_labels,
        extra=np.zeros(3),
    )


def pngs(folder: Path, names: tuple[str, str] = ("training", "testing"), offset: int = 0) -> None:
    for name, (images, labels) in zip(names, PARTS.values()):
        for number, (image, label) in enumerate(zip(images, labels)):
            place = folder / name / str(label + offset)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{number:05}.png")


def load(name: Path, **options: Any) -> Dataset:
    return loading.load(str(name), Path("nowhere"), **options)


def said_of(name: Path, **options: Any) -> list[str]:
    """The notes on what was made of the files, without the path."""
    notes = list[str]()
    load(name, note=notes.append, **options)
    return [note[6:].replace(f"{name}", "HERE") for note in notes if note.startswith("note: ")]


def refusal(name: Path, **options: Any) -> str:
    """What is said of it, without its path."""
    with pytest.raises(NnbpError) as error:
        load(name, **options)
    said = str(error.value)
    assert "\n" not in said
    return said.replace(f"{name}", "HERE")
