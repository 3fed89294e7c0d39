"""Arrays that took long to make of files, kept beside these as IDX files: reading them takes no longer than
reading MNIST. They are believed as long as the files are the same, and their own digest is right.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from nnbp_cli.datasets.readers import idx
from nnbp_cli.datasets.readers.arrays import Arrays
from nnbp_cli.errors import NnbpError
from nnbp_cli.nn.arrays import Bytes
from nnbp_cli.system import files, json_text
from nnbp_cli.system.reporter import Note

FOLDER = ".nnbp"  # beside the files; hidden, so that it is no class of pictures
FORMAT = 4  # another one, where the same files become other arrays
NAMES = ("images", "labels", "test_images", "test_labels")  # of the files, and of the fields of Arrays
MAX_INDEX_BYTES = 1 << 20


@dataclass(frozen=True)
class _Index:
    """What is said of the arrays in a folder: what they were made of, their digest, how many dimensions each
    has, and what else is known.
    """

    format: int
    identity: dict[str, Any]
    digest: str
    dimensions: tuple[int, ...]
    class_names: tuple[str, ...]
    remarks: tuple[str, ...]


_INDEX = TypeAdapter(_Index)


def arrays(
    folder: Path, name: str, identity: Mapping[str, Any], make: Callable[[], Arrays], note: Note
) -> Arrays:
    """What `make` gives, or gave when files of the same `identity` in `folder` were read before, under this
    `name`. Where nothing can be written, it is made each time.
    """
    place = folder / FOLDER / name
    with suppress(NnbpError, OSError, ValueError):
        return _read(place, dict(identity))
    note(f"reading {name} in {folder}; what is made of it is kept in {place}")
    made = make()
    try:
        _write(place, dict(identity), made)
    except (NnbpError, OSError) as error:
        note(f"note: nothing is kept, and it is read anew each time: {error}")
    return made


def _read(place: Path, identity: dict[str, Any]) -> Arrays:
    """Raises NnbpError, OSError or ValueError where they are not there, damaged, or of other files."""
    wrong = NnbpError(f"{place}: no index of what was kept")
    content = files.read_bytes(place / "index.json", MAX_INDEX_BYTES, missing=wrong, too_large=wrong)
    index = _INDEX.validate_python(json_text.loads(content))
    if (index.format, index.identity) != (FORMAT, identity):
        raise ValueError("of other files")
    read = (
        idx.read(place / f"{name}.idx", dimensions)
        for name, dimensions in zip(NAMES, index.dimensions, strict=True)
    )
    images, labels, test_images, test_labels = read
    found = Arrays(images, labels, test_images, test_labels, index.class_names, index.remarks)
    if _digest(found) != index.digest:
        raise ValueError("damaged")
    return found


def _write(place: Path, identity: dict[str, Any], made: Arrays) -> None:
    files.make_directory(place)
    files.write(place.parent / ".gitignore", "*\n")
    for name, array in zip(NAMES, _members(made)):
        idx.write(place / f"{name}.idx", array)
    dimensions = tuple(array.ndim for array in _members(made))
    index = _Index(FORMAT, identity, _digest(made), dimensions, made.class_names, made.remarks)
    files.write(place / "index.json", json_text.dumps(asdict(index)) + "\n")


def _members(made: Arrays) -> list[Bytes]:
    return [getattr(made, name) for name in NAMES]


def _digest(made: Arrays) -> str:
    return idx.digest(_members(made))
