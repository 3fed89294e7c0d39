"""Command lines that nobody meant: real commands and options, with values from the edge of the possible."""

import json
import os
import signal
import socket
import webbrowser
from collections.abc import Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path
from random import Random
from unittest.mock import patch

import click

from nnbp_cli import cli
from nnbp_cli.config import messages
from nnbp_cli.wording import dotted
from tests.command_line import nnbp
from tests.small_run import CONFIG
from tests.torture.harness import Outcome, on_alarm

STATUSES = {0, 1, 2, 3, 130, 143}
LONGEST = 0.5  # seconds, after which Ctrl-C is pressed

# Devices are reached by links, so that a program that replaces one does no harm.
PLACES = (
    "small.toml", "small.toml", "run", "run", "weights.npz", "run/weights.npz",
    "run/checkpoint.npz", "run/log.csv", "missing", "missing.toml", "missing/c.png", "c.svg", "c.png",
    "r.html", "new", "", ".", "..", "folder", "folder.toml", "null", "zero", "zero.toml", "full", "loop",
    "loop.toml", "dangling.npz", "/proc/self/mem", "/proc/none", "small.toml/below", "empty", "empty.toml",
    "x" * 300, "x/" * 2000, "two\nlines", "\x1b[2J\x07",
    "\udcff.toml", "\udcff", "\u0661", "-", "~", "~nobody", "*", "$(x)", "a b", "\u202ex",
    "mnist", "synthetic", "model.onnx", "model.safetensors", "network.json", "book.npz", "curves.png",
)  # fmt: skip
# What stands there at first, and what makes it.
FURNITURE = (
    ("train", "--config", "small.toml", "--out", "run", "-q"),
    ("plot", "run"),
    ("report", "run"),
    ("eval", "run"),
    ("export", "run", "model.onnx"),
    ("export", "run", "model.safetensors"),
    ("import", "network.json", "-o", "book.npz"),
    ("predict", "run", "curves.png"),
)
NUMBERS = (
    "0", "-1", "1", "5", "101", "1e9", "1.5", "nan", "9" * 400, "", "0x10", "\u0663", "1_0", "one", "\udcff",
)  # fmt: skip
TEXTS = (
    "", "x", "mnist", "kmnist", "synthetic", "./run", "ch1", "ch1-30", "demo", "book/ch1-30", "\udcff",
    "\x1b[2J", "two\nlines", "x" * 10_000, "http://", "http://[", "http://127.0.0.1:9/", "https://\udcff",
    "ftp://x", "$a^{", "-", "--", "--no-such-option", "-qqq", "--debugs", "=", "..", "\u2028",
)  # fmt: skip
VALUES = (
    "0", "1", "-1", "3.5", "1e400", "nan", "inf", "true", "many", "", "[]", "{}", "[[", "x=y", "'", '"""',
    "sigmoid",
    "adam", "halving", "mnist", "run", "1" * 5000, "[" * 70, "\udcff", "\x1b", "a\nb=1", "9" * 18, "1e-300",
    "1e30",
)  # fmt: skip
KEYS = [
    *(dotted((*place, key)) for place, table in messages.tables() for key in table["properties"]),
    *("", ".", "training", "training.epoch", "network.layers.9.neurons", "a." * 60, "\udcff", "\x1b"),
]


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Give `nnbp` so many command lines. Each ends with a status that is documented and, on stderr, in lines
    that a terminal can show; no exception leaves the program, and what takes long ends on Ctrl-C.
    """
    outcome = Outcome(tries)
    environment = {"NNBP_DATA_DIR": str(folder / "data"), "HOME": str(folder)}
    with (
        chdir(folder),
        patch.dict(os.environ, environment),
        patch.object(socket, "getaddrinfo", _no_address),
        patch.object(webbrowser, "open", return_value=False),
        on_alarm(lambda: signal.raise_signal(signal.SIGINT)),  # Ctrl-C
    ):
        _furnish(folder)
        for number in range(tries):
            line = _line(Random(f"{seed} {number}"))
            (folder / "small.toml").write_text(CONFIG)
            for problem in _problems(line):
                outcome.failures.append(f"seed {seed}, number {number}: {line!r:.300}: {problem:.500}")
    return outcome


def _furnish(folder: Path) -> None:
    """What there is in the current directory: a run, links to devices and nowhere, folders, empty files."""
    (folder / "small.toml").write_text(CONFIG)
    book = {"sizes": [784, 10], "weights": [[[0.5] * 784] * 10], "biases": [[[0.0]] * 10]}
    (folder / "network.json").write_text(json.dumps(book | {"cost": "QuadraticCost"}))
    # What is imported first by a line that is stopped stays half imported.
    for line in FURNITURE:
        if (said := nnbp(*line)).status:
            raise RuntimeError(said.err)
    for name in ("folder", "folder.toml", "mnist"):
        (folder / name).mkdir()
    for name in ("empty", "empty.toml"):
        (folder / name).touch()
    links = {"null": "/dev/null", "zero": "/dev/zero", "zero.toml": "/dev/zero", "full": "/dev/full"}
    for name, target in (links | {"loop": "loop", "loop.toml": "loop.toml", "dangling.npz": "gone"}).items():
        (folder / name).symlink_to(target)


def _problems(line: list[str]) -> Iterator[str]:
    signal.setitimer(signal.ITIMER_REAL, LONGEST, LONGEST)
    try:
        said = nnbp(*line)
    except KeyboardInterrupt:  # pressed when all was over
        return
    except Exception as error:
        yield f"{type(error).__name__}: {error}"
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if said.status not in STATUSES:
        yield f"status {said.status}"
    if said.status in (1, 2) and ": " not in said.err:
        yield f"status {said.status}, and said {said.err!r}"
    for each in (said.out + said.err).split("\n"):
        if not each.isprintable() or "Traceback" in each or "unexpected error" in each:
            yield f"said {each!r}"


def _no_address(host: object, *more: object, **options: object) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


# The lines


def _line(rng: Random) -> list[str]:
    name = rng.choice((*cli.COMMANDS, "train", "train"))
    line = [name]
    for param in import_module(f"nnbp_cli.commands.{name}").command.params:
        if param.name == "config_argument":
            line += ["small.toml"] * (rng.random() < 0.4)
        elif isinstance(param, click.Argument):
            many = rng.choice((0, 1, 1, 2, 3)) if param.nargs == -1 else rng.choice((0, 1, 1, 1, 1, 1))
            line += [_value(param, rng) for _ in range(many)]
        elif param.name == "config_option" and "small.toml" not in line and rng.random() < 0.7:
            line += ["--config", "small.toml"]
        elif rng.random() < 0.3:
            for _ in range(rng.choice((1, 1, 2))):
                line += [rng.choice(param.opts)] + [_value(param, rng)] * (not param.is_flag)
    if name == "train" and rng.random() < 0.8:
        line += ["--set", "training.epochs=1"]
    if rng.random() < 0.15:  # and a slip of the hand
        at = rng.randrange(len(line) + 1)
        line[at : at + rng.randrange(2)] = [rng.choice((*TEXTS, *PLACES))]
    return line


def _value(param: click.Parameter, rng: Random) -> str:
    if rng.random() < 0.1:
        return rng.choice((*TEXTS, *PLACES, *NUMBERS))
    if param.name == "overrides":
        return f"{rng.choice(KEYS)}={rng.choice(VALUES)}" if rng.random() < 0.95 else rng.choice(TEXTS)
    match param.type:
        case click.Path():
            return rng.choice(PLACES)
        case click.Choice(choices=choices):
            return str(rng.choice(choices))
        case click.IntRange():
            return rng.choice(NUMBERS)
    return rng.choice(TEXTS)
