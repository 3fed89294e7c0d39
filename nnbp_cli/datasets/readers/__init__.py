"""Data sets as people have them, a module a kind of file: arrays from files that may have come from anywhere.

What a path leads to is found by looking at what is there. Each module has `present`, the files or folders of
its kind, and `data_set`, which gives None where there are none and raises NnbpError where they are not sound.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nnbp_cli.datasets.catalog import CATALOG
from nnbp_cli.datasets.readers import csv, idx, npz, pictures
from nnbp_cli.datasets.readers.arrays import MAX_LABEL, Arrays, files_at, with_tests_taken_out, with_unused
from nnbp_cli.datasets.sources import Source
from nnbp_cli.errors import NnbpError
from nnbp_cli.system import files
from nnbp_cli.system.reporter import Note
from nnbp_cli.wording import counted, listed, quoted, some

KINDS = (idx, csv, npz, pictures)
MAX_LEVELS, MAX_FOLDERS = 3, 100  # that are looked into below a path, and in each level
PICKLES = (".pkl", ".pickle", ".p", ".joblib")
ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar")
CLASS_NAMES = "classes.txt"
MAX_NAMES_BYTES = 1 << 20
FORMS = "IDX files, CSV files, an .npz file, or what holds a folder of pictures for each class, two at least"


def read(path: Path, note: Note) -> Arrays:
    """The data set at `path`; `note` is told where that takes a while. Raises NnbpError where there is none,
    and what there is.
    """
    for number, kind in enumerate(KINDS):
        if found := kind.data_set(path, note):
            beside = [each for other in KINDS[number + 1 :] for each in other.present(path)]
            found = with_unused(found, path if path.is_dir() else path.parent, beside)
            found = found if found.class_names else _named(found, path)
            complete = found.test_labels.size or len(found.images) != len(found.labels)
            return found if complete else with_tests_taken_out(found)
    there = files_at(path)
    for file in there:
        if file.name.lower().removesuffix(".gz").endswith(PICKLES):
            why = "a pickle can run any program when it is opened, so it never is"
            remedy = (
                "'nnbp download' brings MNIST, and numpy.savez(x_train=..., ...) writes what is read here"
            )
            raise NnbpError(f"{file}: {why}; {remedy}")
        if file.name.lower().removesuffix(".gz").endswith(ARCHIVES):
            raise NnbpError(f"{file}: an archive; unpack it, and name the folder")
    if not path.exists():
        raise NnbpError(f"{path}: no such file or folder; name {FORMS}")
    kinds = Counter(f"{file.suffix.lower() or 'nameless'} files" for file in there)
    if path.is_dir():
        kinds.update("folders" for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    what = [counted(number, kind) for kind, number in kinds.most_common(3)] or ["nothing"]
    if below := _below(path):
        remedy = f"there may be one in {some([str(each.relative_to(path)) for each in below])}, so name that"
        raise NnbpError(f"{path}: {listed(what, 'and')} here, and no data set; {remedy}")
    raise NnbpError(f"{path}: {listed(what, 'and')} here, and no data set; name {FORMS}")


def _below(path: Path) -> list[Path]:
    """The nearest folders below `path` where something is that may be a data set."""
    level = [path]
    for _ in range(MAX_LEVELS):
        level = [each for folder in level for each in sorted(folder.glob("[!.]*/"))][:MAX_FOLDERS]
        found = list[Path]()
        for folder in level:
            with suppress(NnbpError):  # it may be somebody else's
                found += [folder] if any(kind.present(folder) for kind in KINDS) else []
        if found:
            return found
    return []


def read_source(source: Source) -> Arrays:
    """The data set that a name of ours stands for. Raises NnbpError where a file is not what it should be."""
    images, labels, test_images, test_labels = (
        idx.read(path, dimensions, sha256, remedy=source.remedy)
        for path, sha256, dimensions in zip(source.paths, source.checksums, (3, 1, 3, 1), strict=True)
    )
    known = CATALOG.get(source.name)
    return Arrays(images, labels, test_images, test_labels, known.class_names if known else ())


def _named(found: Arrays, path: Path) -> Arrays:
    """With the names in the file beside the others that has some, if there is one."""
    file = (path if path.is_dir() else path.parent) / CLASS_NAMES
    if not file.is_file():
        return found
    wrong = f"{file}: expected the name of each class on a line, {MAX_LABEL + 1} at most"
    content = files.read_bytes(file, MAX_NAMES_BYTES, missing=NnbpError(wrong), too_large=NnbpError(wrong))
    try:
        names = tuple(filter(None, map(str.strip, content.decode("utf-8-sig").splitlines())))
    except UnicodeDecodeError as error:
        raise NnbpError(f"{file}: not UTF-8 text; save it as UTF-8") from error
    labels = 1 + max((int(each.max()) for each in (found.labels, found.test_labels) if each.size), default=0)
    if not labels <= len(names) <= MAX_LABEL + 1:
        raise NnbpError(f"{wrong}, and {labels} at least; it has {len(names)}")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise NnbpError(f"{file}: two classes are called {quoted(twice[0])}; give each a name of its own")
    return replace(found, class_names=names)
