"""Which files a data set's name stands for, and what their owner can do when something is wrong."""

import glob
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from os import altsep, sep
from pathlib import Path

from nnbp_cli.datasets.catalog import CATALOG, NAMES, Entry
from nnbp_cli.errors import ConfigError, MissingData
from nnbp_cli.wording import did_you_mean

SYNTHETIC = "synthetic"
MIXED = "mnist+synthetic"  # MNIST, and drawn digits to learn from beside it
DRAWN = (SYNTHETIC, MIXED)
SIZE, SEED = 20_000, 1  # of the synthetic data set, where nothing else is said
KNOWN = (*CATALOG, *DRAWN)  # by name; any path may be a data set too
DIGITS, SHAPE = 10, (28, 28)  # the classes of all that are known by name, and the shape of their images
NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # a path may have it, a config may not

DATA_FILE = re.compile(r"[-_.]idx|\.(csv|npz)$", re.I)  # a file of those that share the beginning of a name


@dataclass(frozen=True)
class Source:
    """The files of the data set `name`: four, in the order of NAMES, each with its SHA-256 where it is known.

    `remedy` is what to do about damage.
    """

    name: str
    folder: Path
    paths: tuple[Path, ...]
    remedy: str
    checksums: tuple[str | None, ...] = (None,) * len(NAMES)


def locate(
    name: str, data_dir: Path, *, size: int | None = None, seed: int | None = None, where: str = "data.name"
) -> Path:
    """Where the data set `name` is, there or not: the folder of one of the catalog, of "synthetic" (of `size`
    and `seed`), or the path that it is. Raises ConfigError for any other name, given as `where` says.
    """
    if entry := published(name):
        return data_dir / entry.name
    if name == SYNTHETIC:
        size, seed = SIZE if size is None else size, SEED if seed is None else seed
        return data_dir / f"{SYNTHETIC}-{size}-seed-{seed}"
    if _is_path(name):
        return _path(name)
    hint = what_instead(name, KNOWN, f"use {', '.join(KNOWN)} or a path")
    raise ConfigError(f"{where}: no data set and no path is called '{name}'; {hint}")


def what_instead(name: str, names: Sequence[str], otherwise: str) -> str:
    """The hint for a `name` that is none of `names`. EMNIST, whose files are read, is no MNIST mistyped."""
    if name.lower().startswith("emnist"):
        return "EMNIST is brought by hand, as docs/data.md says; name the path of its files"
    return did_you_mean(name, names, otherwise)


def published(name: str) -> Entry | None:
    """What a download brings for the data set `name`, if anything."""
    return CATALOG.get("mnist" if name == MIXED else name)


def absolute(name: str) -> str:
    """The name of the same data set from whatever directory: a path becomes absolute, or stays as it is where
    that is no text that a config can hold.
    """
    if name in KNOWN or not _is_path(name):
        return name
    try:
        path = str(_without_parents(_path(name).absolute()))
    except OSError:  # the current directory was deleted
        return name
    return name if NO_TEXT.search(path) else path


def check_there(name: str, where: Path) -> None:
    """Raise MissingData where the files that the run or weights at `where` were trained on have gone."""
    if not _is_there(name):
        raise MissingData(
            f"{where}: was trained on '{name}', which is not there; name where it is now with --data"
        )


def find(name: str, folder: Path) -> Source:
    """The files of the data set `name`, which has a name, in its folder; those of the synthetic one, there or
    not.

    Raises MissingData where one of them is not there.
    """
    if entry := published(name):
        return _published(entry, folder)
    if name == SYNTHETIC:
        paths = tuple(folder / f"{name}.gz" for name in NAMES)
        return Source(name, folder, paths, "delete it, and it will be drawn again")
    raise ValueError(f"{name} has no files of known names")


def download_command(name: str, data_dir: Path) -> str:
    """The command that brings a data set into `data_dir`, as short as it can be."""
    usual = Path(os.environ.get("NNBP_DATA_DIR", "data"))
    which = [] if name == "mnist" else [name]
    where = [] if data_dir == usual else ["--data-dir", str(data_dir)]
    return shlex.join(["nnbp", "download", *which, *where])


def _published(entry: Entry, folder: Path) -> Source:
    remedy = f"run '{download_command(entry.name, folder.parent)}'"
    paths = tuple(folder / file.name for file in entry.files)
    missing = [path for path in paths if not path.exists()]
    if not missing:
        return Source(entry.name, folder, paths, remedy, tuple(file.sha256 for file in entry.files))
    if all(path.with_suffix("").exists() for path in missing):
        own = os.path.join(".", folder)  # noqa: PTH118, a Path would drop the dot
        remedy += f", or use the folder '{own}' as it is"
        raise MissingData(f"{folder}: only unpacked files here; {remedy}")
    what = f"no {entry.title} files" if len(missing) == len(paths) else f"no '{missing[0].name}'"
    raise MissingData(f"{folder}: {what} here; {remedy}")


def _path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111, which would raise for no such user


def _is_there(name: str) -> bool:
    """Whether there is a folder or a file, or in its folder files of data whose names go on after it; of data
    that have a name that is not asked.
    """
    path = _path(name)
    try:
        beside = path.parent.glob(f"{glob.escape(path.name)}[-_.]*")
        return name in KNOWN or path.exists() or any(DATA_FILE.search(each.name) for each in beside)
    except OSError:  # a name that is too long
        return False


def _is_path(name: str) -> bool:
    return sep in name or bool(altsep and altsep in name) or _is_there(name)


def _without_parents(path: Path) -> Path:
    """The same place, where it is there, by a path that no `..` makes depend on folders which it is not in.
    Links are kept, unless a `..` comes after one that leads elsewhere.
    """
    if os.pardir not in path.parts or not path.exists():
        return path
    shorter = Path(os.path.normpath(path))
    return shorter if shorter.exists() and shorter.samefile(path) else path.resolve()
