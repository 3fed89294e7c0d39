"""Which files a data set's name stands for, and what their owner can do when something is wrong."""

import os
import re
import shlex
from dataclasses import dataclass
from os import altsep, sep
from pathlib import Path

from nnbp_cli.datasets.catalog import CATALOG, NAMES, Entry
from nnbp_cli.errors import ConfigError, MissingData, NnbpError
from nnbp_cli.wording import did_you_mean

SYNTHETIC = "synthetic"
SIZE, SEED = 20_000, 1  # of the synthetic data set, where nothing else is said
KNOWN = (*CATALOG, SYNTHETIC)  # by name; any folder is a data set too
NO_TEXT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # a path may have it, a config may not


@dataclass(frozen=True)
class Source:
    """Four files in the order of NAMES, each with its SHA-256 where it is known.

    `digits`: they must hold 28x28 images in ten classes. `remedy` is what to do about damage.
    """

    folder: Path
    paths: tuple[Path, ...]
    digits: bool
    remedy: str
    checksums: tuple[str | None, ...] = (None,) * len(NAMES)


def locate(
    name: str, data_dir: Path, *, size: int | None = None, seed: int | None = None, where: str = "data.name"
) -> Path:
    """The folder, there or not, of the data set `name`: of the catalog, "synthetic" (of `size` and `seed`)
    or the path of a folder. Raises ConfigError for any other name, which was given as `where` says.
    """
    if name in CATALOG:
        return data_dir / name
    if name == SYNTHETIC:
        size, seed = SIZE if size is None else size, SEED if seed is None else seed
        return data_dir / f"{SYNTHETIC}-{size}-seed-{seed}"
    if _is_path(name):
        return _folder(name)
    hint = did_you_mean(name, KNOWN, f"use {', '.join(KNOWN)} or a folder")
    raise ConfigError(f"{where}: no data set and no folder is called '{name}'; {hint}")


def absolute(name: str) -> str:
    """The name of the same data set from whatever directory: that of a folder is its absolute path, or stays
    as it is where that path is no text that a config can hold.
    """
    if name in KNOWN or not _is_path(name):
        return name
    try:
        path = str(_without_parents(_folder(name).absolute()))
    except OSError:  # the current directory was deleted
        return name
    return name if NO_TEXT.search(path) else path


def check_there(name: str, where: Path) -> None:
    """Raise MissingData where the folder that the run or weights at `where` were trained on has gone."""
    if name not in KNOWN and not _is_folder(name):
        raise MissingData(
            f"{where}: was trained on '{name}', which is not there; name where it is now with --data"
        )


def find(name: str, folder: Path) -> Source:
    """The files of the data set `name` in its folder; those of the synthetic one, there or not.

    Raises MissingData where a download brings one that is not there, NnbpError where none does.
    """
    if name in CATALOG:
        return _published(CATALOG[name], folder)
    if name == SYNTHETIC:
        paths = tuple(folder / f"{name}.gz" for name in NAMES)
        return Source(folder, paths, True, "delete it, and it will be drawn again")
    return _own(folder)


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
        return Source(folder, paths, True, remedy, tuple(file.sha256 for file in entry.files))
    if all(path.with_suffix("").exists() for path in missing):
        own = os.path.join(".", folder)  # noqa: PTH118, a Path would drop the dot
        remedy += f", or use the folder '{own}' as it is"
        raise MissingData(f"{folder}: only unpacked files here; {remedy}")
    what = f"no {entry.title} files" if len(missing) == len(paths) else f"no '{missing[0].name}'"
    raise MissingData(f"{folder}: {what} here; {remedy}")


def _own(folder: Path) -> Source:
    """A folder of one's own: each of the files may be gzipped or plain."""
    if not folder.is_dir():
        raise NnbpError(f"{folder}: no such folder; name one that holds four IDX files")
    paths = []
    for name in NAMES:
        found = [path for path in (folder / f"{name}.gz", folder / name) if path.exists()]
        if not found:
            raise NnbpError(f"{folder}: no '{name}' here, nor '{name}.gz'; put it there")
        paths.append(found[0])
    return Source(folder, tuple(paths), False, "put a good copy there")


def _folder(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111, which would raise for no such user


def _is_folder(name: str) -> bool:
    return os.path.isdir(_folder(name))  # noqa: PTH112, which would raise for a name that is too long


def _is_path(name: str) -> bool:
    return _is_folder(name) or sep in name or bool(altsep and altsep in name)


def _without_parents(path: Path) -> Path:
    """The same folder, where it is there, by a path that no `..` makes depend on folders which it is not in.
    Links are kept, unless a `..` comes after one that leads elsewhere.
    """
    if os.pardir not in path.parts or not _is_folder(str(path)):
        return path
    shorter = Path(os.path.normpath(path))
    return shorter if _is_folder(str(shorter)) and shorter.samefile(path) else path.resolve()
