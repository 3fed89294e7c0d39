"""Data sets as people have them, a module a kind of file: arrays from files that may have come from anywhere.

What a path leads to is found by looking at what is there. Each module has `data_set`, which gives None
where nothing of its kind is there, and raises NnbpError where it is not sound.
"""

from collections import Counter
from pathlib import Path

from nnbp_cli.datasets.readers import csv, idx, npz, pictures
from nnbp_cli.datasets.readers.arrays import Arrays, Note, files_at
from nnbp_cli.errors import NnbpError
from nnbp_cli.wording import counted, listed

KINDS = (idx.data_set, csv.data_set, npz.data_set, pictures.data_set)
PICKLES = (".pkl", ".pickle", ".p", ".joblib")
FORMS = "IDX files, CSV files, an .npz file, or a folder of pictures for each class"


def read(path: Path, note: Note) -> Arrays:
    """The data set at `path`; `note` is told where that takes a while. Raises NnbpError where there is none,
    and what there is.
    """
    for kind in KINDS:
        if found := kind(path, note):
            return found
    there = files_at(path)
    for file in there:
        if file.name.lower().removesuffix(".gz").endswith(PICKLES):
            why = "a pickle can run any program when it is opened, so it never is"
            remedy = (
                "'nnbp download' brings MNIST, and numpy.savez(x_train=..., ...) writes what is read here"
            )
            raise NnbpError(f"{file}: {why}; {remedy}")
    if not path.exists():
        raise NnbpError(f"{path}: no such file or folder; name {FORMS}")
    kinds = Counter(f"{file.suffix.lower() or 'nameless'} files" for file in there)
    if path.is_dir():
        kinds.update("folders" for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    what = [counted(number, kind) for kind, number in kinds.most_common(3)] or ["nothing"]
    raise NnbpError(f"{path}: {listed(what, 'and')} here, and no data set; name {FORMS}")
