"""Whatever a command writes, at a name that is free, its own, somebody else's, or no name of a file at all:
what is not nnbp's is not touched, and what is refused is refused before any work is done.
"""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from threading import Thread

import numpy as np

from nnbp_cli.system import files
from tests.command_line import Said, nnbp
from tests.small_run import CONFIG
from tests.torture.harness import Outcome


@dataclass(frozen=True)
class Writer:
    """A command that writes the file `name`; `line` is the command line with OUTPUT where the name is due.

    `decides` says whether the name's ending decides the format, `never_over` that it replaces no file at all.
    """

    name: str
    line: tuple[str, ...]
    decides: bool = False
    never_over: bool = False

    @property
    def ending(self) -> str:
        """How names of its files end."""
        return Path(self.name).suffix

    def __call__(self, output: str) -> Said:
        """Run the command."""
        return nnbp(*(output if each == "OUTPUT" else each for each in self.line))


TRAIN = ("train", "--config", "small.toml", "--set", "training.epochs=1", "--weights", "OUTPUT")
WRITERS = (
    Writer("trained.npz", TRAIN),
    Writer("resumed.npz", ("train", "--resume", "stopped", "--weights", "OUTPUT")),
    Writer("imported.npz", ("import", "network.json", "-o", "OUTPUT")),
    Writer("model.onnx", ("export", "run", "OUTPUT"), decides=True),
    Writer("model.safetensors", ("export", "run", "OUTPUT"), decides=True),
    Writer("curves.png", ("plot", "run", "-o", "OUTPUT"), decides=True),
    Writer("curves.svg", ("plot", "run", "-o", "OUTPUT"), decides=True),
    Writer("curves.pdf", ("plot", "run", "--what", "weights", "-o", "OUTPUT"), decides=True),
    Writer("report.html", ("report", "run", "-o", "OUTPUT")),
    # These two decide the name by themselves.
    Writer("seen/digit-1.png", ("predict", "run", "digit.png", "--save-input", "seen")),
    Writer("configs/mnist.toml", ("init", "mnist"), never_over=True),
)
NAMES_ITSELF = ("seen/digit-1.png", "configs/mnist.toml")


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Try so many pairs of a command and what is at its output's name, or all; `seed` gives the order."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    before = os.environ.get("NNBP_DATA_DIR")
    os.environ["NNBP_DATA_DIR"] = str(folder / "data")
    try:
        with chdir(folder):
            own = dict(_furnish())
            pairs = [pair for pair in product(WRITERS, KINDS) if _is_possible(*pair)]
            for k in rng.permutation(len(pairs))[:tries]:
                writer, kind = pairs[k]
                outcome.tries += 1
                for problem in _problems(writer, kind, own, folder / f"{k}"):
                    outcome.failures.append(f"{' '.join(writer.line)}, at its output {kind}: {problem}")
    finally:
        os.environ.pop("NNBP_DATA_DIR")
        if before is not None:
            os.environ["NNBP_DATA_DIR"] = before
    return outcome


def _furnish() -> Iterator[tuple[str, bytes]]:
    """Make what the commands need in the current directory; each one's own output, by its name."""
    Path("small.toml").write_text(CONFIG)
    book = {"sizes": [784, 10], "weights": [[[0.5] * 784] * 10], "biases": [[[0.0]] * 10]}
    Path("network.json").write_text(json.dumps(book | {"cost": "QuadraticCost"}))
    Path("digit.png").write_bytes(_picture())
    for name in ("run", "stopped"):
        nnbp(*TRAIN[:-2], "--out", name, "--weights", f"{name}.npz", "-q")
    # A run that has an epoch to go, however often it is taken up again.
    Path("left").mkdir()
    for file in Path("stopped").iterdir():
        Path("left", file.name).write_bytes(file.read_bytes())
    for writer in WRITERS:
        _leave_a_run_unfinished()
        if (said := writer(writer.name)).status:
            raise RuntimeError(said.err)
        yield writer.name, Path(writer.name).read_bytes()
        Path(writer.name).unlink()


def _leave_a_run_unfinished() -> None:
    for file in Path("left").iterdir():
        Path("stopped", file.name).write_bytes(file.read_bytes())
    Path("stopped", "summary.json").unlink(missing_ok=True)


# What is at a name before the command, and what is due.

FREE, OWN, OTHERS_OWN = "nothing", "its own work", "another command's work"
FOREIGN, FOREIGN_ARCHIVE = "a foreign file of its format", "an archive with a meta"
CHECKPOINT, EMPTY = "a checkpoint", "an empty file"
LINK, FOREIGN_LINK, DANGLING, LOOP = (
    "a link",
    "a link to a foreign file",
    "a link to nothing",
    "a link to itself",
)
FOLDER, SLASH, PIPE, DEVICE = "a folder", "a name with a slash", "a pipe", "a device"
ENDING, LONG, LONGEST, NOWHERE = "another ending", "a long name", "too long a name", "no such folder"
KINDS = (
    *(FREE, OWN, OTHERS_OWN, FOREIGN, FOREIGN_ARCHIVE, CHECKPOINT, EMPTY),
    *(LINK, FOREIGN_LINK, DANGLING, LOOP),
    *(FOLDER, SLASH, PIPE, DEVICE, ENDING, LONG, LONGEST, NOWHERE),
)
WRITTEN = (FREE, OWN, LINK, DANGLING, PIPE, DEVICE, LONG)


def _is_possible(writer: Writer, kind: str) -> bool:
    if kind in (FOREIGN_ARCHIVE, CHECKPOINT):
        return writer.ending == ".npz"
    named = kind not in (SLASH, PIPE, DEVICE, ENDING, LONG, LONGEST, NOWHERE)
    return named if writer.name in NAMES_ITSELF else True


def _problems(writer: Writer, kind: str, own: dict[str, bytes], folder: Path) -> Iterator[str]:
    """What did not happen as promised when `writer` found `kind` at its output's name."""
    _leave_a_run_unfinished()
    if writer.name in NAMES_ITSELF:
        path = Path(writer.name)
    else:
        folder.mkdir()
        path = folder / ("n" * 60 + writer.ending if kind == LONG else f"name{writer.ending}")
    given = str(path)
    link = None
    others = next(each for name, each in own.items() if Path(name).suffix != writer.ending)
    foreign: dict[str, bytes] = {
        OTHERS_OWN: others,
        FOREIGN: _foreign(writer.ending),
        FOREIGN_LINK: _foreign(writer.ending),
        FOREIGN_ARCHIVE: _archive(),
        CHECKPOINT: Path("run", "checkpoint.npz").read_bytes(),
        EMPTY: b"",
    }
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    match kind:
        case _ if kind in foreign or kind in (OWN, LINK):
            target = path
            if kind in (LINK, FOREIGN_LINK):
                (target := path.with_name(f"target{writer.ending}")).unlink(missing_ok=True)
                path.symlink_to(target.name)
                link = target.name
            target.write_bytes(foreign.get(kind, own[writer.name]))
        case "a link to nothing":
            link = f"target{writer.ending}"
            path.symlink_to(link)
        case "a link to itself":
            link = path.name
            path.symlink_to(link)
        case "a folder":
            path.mkdir()
        case "a name with a slash":
            given = f"{path}/"
        case "a pipe":
            os.mkfifo(path)
            reader.start()
        case "a device":
            link = _device(path)
        case "another ending":
            given = str(path := path.with_suffix(".txt"))
        case "a long name":
            given = str(path := path.with_name("\N{CJK UNIFIED IDEOGRAPH-6570}" * 80 + writer.ending))
        case "too long a name":
            given = str(path := path.with_name("n" * 300 + writer.ending))
        case "no such folder":
            given = str(path := path.parent / "none" / path.name)

    runs = len(list(Path("runs").iterdir()))
    said = writer(given)
    due = kind in WRITTEN and not (writer.never_over and kind != FREE)
    if (said.status == 0) != due:
        yield f"status {said.status}: {said.err}"
    if not due and said.err.count("\n") != 1:
        yield f"not one line: {said.err!r}"
    if not due and len(list(Path("runs").iterdir())) != runs:
        yield "was trained first"
    if "unexpected error" in said.err:
        yield said.err
    if link and (not path.is_symlink() or str(path.readlink()) != link):
        yield "the link is another one now"
    if kind in foreign and path.read_bytes() != foreign[kind]:
        yield "a foreign file was written"
    if due and kind in (FREE, OWN, LINK, DANGLING, LONG) and not _is_like(path, own[writer.name]):
        yield "what is there now is not its work"
    if kind == PIPE:
        reader.join(10)
        if not path.is_fifo() or not read or read[0][:4] != own[writer.name][:4]:
            yield "did not go through the pipe"
    if kind == DEVICE and not stat.S_ISCHR(path.stat().st_mode):
        yield "replaced the device"
    if path.parent.exists() and any(map(files.is_temporary, path.parent.iterdir())):
        yield "left a temporary file"
    if writer.name in NAMES_ITSELF:
        for each in path.parent.iterdir():
            each.rmdir() if each.is_dir() and not each.is_symlink() else each.unlink()


def _is_like(path: Path, own: bytes) -> bool:
    return path.is_file() and path.read_bytes()[:4] == own[:4]


def _device(path: Path) -> str | None:
    """Make a device at `path` that takes everything: where one may not, a link to the one there is, which one
    cannot harm then. The link's target, if it is one.
    """
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        with path.open("wb") as file:
            file.write(b"x")
    except OSError:
        path.unlink(missing_ok=True)
        path.symlink_to("/dev/null")
        return "/dev/null"
    return None


# Files of others


def _foreign(ending: str) -> bytes:
    """A file of the kind that a name's ending says, which nnbp did not make, though it may speak of it."""
    makers: dict[str, Callable[[], bytes]] = {
        ".npz": _archive,
        ".png": _picture,
        ".svg": lambda: (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><title>nnbp</title></svg>'
        ),
        ".pdf": lambda: b"%PDF-1.4\n/Creator (Another)\n%%EOF",
        ".html": lambda: b'<!doctype html><meta name="generator" content="Another"><p>nnbp report',
        ".onnx": lambda: b"\x08\x08\x12\x07pytorch",
        ".safetensors": lambda: struct.pack("<Q", 34) + b'{"__metadata__":{"format":"pt"}}  ',
        ".toml": lambda: b"[nnbp]\n",
    }
    return makers[ending]()


def _archive() -> bytes:
    """Somebody's own data, in an .npz with a member that is called `meta`."""
    file = io.BytesIO()
    np.savez(file, meta=np.array(json.dumps({"format": 1, "network": "mine"})), data=np.arange(10))
    assert "meta.npy" in zipfile.ZipFile(file).namelist()
    return file.getvalue()


def _picture() -> bytes:
    """A PNG of 28x28 in grey with a stroke on it, of no program."""
    rows = np.zeros((28, 29), np.uint8)
    rows[4:24, 13:17] = 255
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes())),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )
