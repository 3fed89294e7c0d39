"""Whatever a command writes, at a name that is free, its own, somebody else's, or no name of a file at all:
what is not nnbp's is not touched, and what is refused is refused before any work is done.
"""

import io
import json
import os
import shutil
import stat
import struct
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from nnbp_cli.system import files
from tests.command_line import Said, nnbp
from tests.picture_bombs import encoded
from tests.small_run import CONFIG
from tests.torture.harness import Outcome

# The file that a command writes, and its command line with OUTPUT where the name is due, if it takes one.
TRAIN = ("train", "--config", "small.toml", "--set", "training.epochs=1", "--weights", "OUTPUT")
LINES: dict[str, tuple[str, ...]] = {
    "trained.npz": TRAIN,
    "resumed.npz": ("train", "--resume", "stopped", "--weights", "OUTPUT"),
    "imported.npz": ("import", "network.json", "-o", "OUTPUT"),
    "model.onnx": ("export", "run", "OUTPUT"),
    "model.safetensors": ("export", "run", "OUTPUT"),
    "curves.png": ("plot", "run", "-o", "OUTPUT"),
    "curves.svg": ("plot", "run", "-o", "OUTPUT"),
    "curves.pdf": ("plot", "run", "--what", "weights", "-o", "OUTPUT"),
    "report.html": ("report", "run", "-o", "OUTPUT"),
    "seen/digit-1.png": ("predict", "run", "digit.png", "--save-input", "seen"),
    "configs/mnist.toml": ("init", "mnist"),
}
NEVER_OVER = "configs/mnist.toml"  # what replaces no file at all

# What is at the name before the command.
WRITTEN = ("nothing", "its own work", "a link", "a link to nothing", "a pipe", "a device", "a long name")
FOREIGN = (
    *("another command's work", "a foreign file of its format", "a link to a foreign file", "an empty file"),
    *("an archive with a meta", "a checkpoint"),
)
REFUSED = (
    *("a link to itself", "a folder", "a name with a slash", "another ending"),
    *("too long a name", "no such folder"),
)
# What cannot be at a name that a command gives by itself.
GIVEN = (*WRITTEN[4:], *REFUSED[2:])


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Try so many pairs of a command and what is at its output's name, or all; `seed` gives the order."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setenv("NNBP_DATA_DIR", str(folder / "data"))
        own = dict(_furnish())
        pairs = [pair for pair in product(LINES, WRITTEN + FOREIGN + REFUSED) if _is_possible(*pair)]
        for k in rng.permutation(len(pairs))[:tries]:
            name, kind = pairs[k]
            outcome.tries += 1
            for problem in _problems(name, kind, own, folder / f"{k}"):
                outcome.failures.append(f"{' '.join(LINES[name])}, at its output {kind}: {problem}")
    return outcome


def _furnish() -> Iterator[tuple[str, bytes]]:
    """Make what the commands need in the current directory; each one's own output, by its name."""
    Path("small.toml").write_text(CONFIG)
    book = {"sizes": [784, 10], "weights": [[[0.5] * 784] * 10], "biases": [[[0.0]] * 10]}
    Path("network.json").write_text(json.dumps(book | {"cost": "QuadraticCost"}))
    Path("digit.png").write_bytes(_picture())
    for name in ("run", "left"):
        nnbp(*TRAIN[:-2], "--out", name, "--weights", f"{name}.npz", "-q")
    Path("left", "summary.json").unlink()
    for name in LINES:
        if (said := _write(name, name)).status:
            raise RuntimeError(said.err)
        yield name, Path(name).read_bytes()
        Path(name).unlink()


def _write(name: str, output: str) -> Said:
    """Run a command, where a run is left that has an epoch to go."""
    shutil.rmtree("stopped", ignore_errors=True)
    shutil.copytree("left", "stopped")
    return nnbp(*(output if word == "OUTPUT" else word for word in LINES[name]))


def _is_possible(name: str, kind: str) -> bool:
    if kind in ("an archive with a meta", "a checkpoint"):
        return name.endswith(".npz")
    return kind not in GIVEN or "OUTPUT" in LINES[name]


def _problems(name: str, kind: str, own: dict[str, bytes], folder: Path) -> Iterator[str]:
    """What did not happen as promised when the command that writes `name` found `kind` at its output."""
    path, ending, link = Path(name), Path(name).suffix, None
    if "OUTPUT" in LINES[name]:
        folder.mkdir()
        path = folder / f"name{ending}"
    match kind:
        case "another ending":
            path = path.with_suffix(".txt")
        case "a long name":
            path = path.with_name("\N{CJK UNIFIED IDEOGRAPH-6570}" * 80 + ending)
        case "too long a name":
            path = path.with_name("n" * 300 + ending)
        case "no such folder":
            path = path.parent / "none" / path.name
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case "a device":
            link = _device(path)
        case "a link" | "a link to nothing" | "a link to a foreign file":
            link = f"target{ending}"
            path.with_name(link).unlink(missing_ok=True)
            path.symlink_to(link)
        case "a link to itself":
            link = path.name
            path.symlink_to(link)
    before = _foreign(kind, name, own) if kind in FOREIGN else own[name]
    if kind in FOREIGN or kind in ("its own work", "a link"):
        path.write_bytes(before)
    read: list[bytes] = []
    reader = Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    if kind == "a pipe":
        reader.start()

    runs = len(list(Path("runs").iterdir()))
    said = _write(name, f"{path}/" if kind == "a name with a slash" else str(path))
    expected = kind in WRITTEN and (name != NEVER_OVER or kind == "nothing")
    if (said.status == 0) != expected:
        yield f"status {said.status}: {said.err}"
    if not expected and said.err.count("\n") != 1:
        yield f"not one line: {said.err!r}"
    if not expected and len(list(Path("runs").iterdir())) != runs:
        yield "was trained first"
    if "unexpected error" in said.err:
        yield said.err
    if link and (not path.is_symlink() or str(path.readlink()) != link):
        yield "the link is another one now"
    if kind in FOREIGN and path.read_bytes() != before:
        yield "a foreign file was written"
    if kind == "a pipe":
        reader.join(10)
        if not path.is_fifo() or not read or read[0][:4] != before[:4]:
            yield "did not go through the pipe"
    elif kind == "a device":
        if not stat.S_ISCHR(path.stat().st_mode):
            yield "replaced the device"
    elif expected and not (path.is_file() and path.read_bytes()[:4] == before[:4]):
        yield "what is there now is not its work"
    if path.parent.exists() and any(map(files.is_temporary, path.parent.iterdir())):
        yield "left a temporary file"
    if "OUTPUT" not in LINES[name]:
        shutil.rmtree(path.parent)
        path.parent.mkdir()


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


def _foreign(kind: str, name: str, own: dict[str, bytes]) -> bytes:
    """What nnbp did not write at this name, though it may speak of it."""
    formats = {
        ".npz": _archive(),
        ".png": _picture(),
        ".svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><title>nnbp</title></svg>',
        ".pdf": b"%PDF-1.4\n/Creator (Another)\n%%EOF",
        ".html": b'<!doctype html><meta name="generator" content="Another"><p>nnbp report',
        ".onnx": b"\x08\x08\x12\x07pytorch",
        ".safetensors": struct.pack("<Q", 34) + b'{"__metadata__":{"format":"pt"}}  ',
        ".toml": b"[nnbp]\n",
    }
    ending = Path(name).suffix
    match kind:
        case "another command's work":
            return next(content for other, content in own.items() if Path(other).suffix != ending)
        case "a checkpoint":
            return Path("run", "checkpoint.npz").read_bytes()
        case "an empty file":
            return b""
        case _:
            return formats[ending]


def _archive() -> bytes:
    """Somebody's own data, in an .npz with a member that is called `meta`."""
    file = io.BytesIO()
    np.savez(file, meta=np.array(json.dumps({"format": 1, "network": "mine"})), data=np.arange(10))
    return file.getvalue()


def _picture() -> bytes:
    """A PNG of 28x28 in grey with a stroke on it, of no program."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:17] = 255
    return encoded(Image.fromarray(pixels), "PNG")
