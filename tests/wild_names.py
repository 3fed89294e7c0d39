"""Every command, with a name that a terminal obeys in each place where a name is given to it, or is read."""

import json
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import tomli_w
from PIL import Image

from nnbp_cli import cli
from nnbp_cli.datasets import catalog
from nnbp_cli.errors import printable
from nnbp_cli.models import weights
from tests import tiny
from tests.command_line import Said, nnbp
from tests.datasets import draw_digits

FORGED = "accuracy 99.99%, cost 0.0001"
NAME = f"w\x1b[31m\u202e\r\x9b\u2028\n{FORGED}"

# For each command lines, with the status expected: N is the name, B a folder of data that is called so.
LINES: dict[str, tuple[tuple[int, str], ...]] = {
    "download": (
        (0, "--data-dir B"),
        (1, "--data-dir B --force --mirror http://127.0.0.1:9/N"),
        (2, "--mirror N"),
        (2, "N"),
    ),
    "init": ((2, "N"),),
    "train": (
        (0, "--config N.toml --out N --weights N.npz"),
        (0, "--config synthetic.toml --out N.synthetic --weights N.npz --data-dir B"),
        (0, "--resume N --weights N.npz --set training.epochs=2"),
        (0, "--config N.toml --out N.seeds --seeds 2"),
        (0, "--resume N.seeds"),
        (0, "--config N.toml --out N.next --weights N.next.npz --from N"),
        (1, "--config N.toml --out new --from N.gone"),
        (1, "--config N.toml --out N --weights N.npz"),
        (2, "--config N.toml --out new --weights N.bmp"),
        (1, "--config N.toml --out new --weights N.foreign.npz"),
        (1, "--config N.toml --out new --weights N.gone/w.npz"),
        (2, "--resume N --weights N.npz --set training.epochs=3 --data ./B"),
        (1, "--resume N.gone --weights N.npz"),
        (2, "--config N.gone.toml"),
        (2, "--config N.toml --set data.name=N.gone"),
        (2, "--config N.toml --set N=1"),
        (2, "--config N.toml --seeds 2 --cluster N"),
        (2, "N"),
        (1, "--config synthetic.toml --offline --set data.name=kmnist --data-dir N.gone"),
    ),
    "search": (
        (0, "N.search.toml --study N.study/N --data-dir B"),
        (2, "N.search.toml --study N.study/N --set training.l1=1"),
        (2, "N.search.toml --set N=1"),
        (1, "N.search.toml --study N.png"),
        (2, "N.toml"),
        (2, "--config N.gone.toml"),
    ),
    "eval": (
        (0, "N"),
        (1, "N.forged.npz --mistakes 2"),
        (1, "N N.npz"),
        (0, "N --json"),
        (2, "N --data ./B"),
        (1, "N.gone"),
        (1, "N --data ./N.gone"),
        (2, "N --data N.gone"),
        (1, "N --data kmnist --data-dir N.gone"),
    ),
    "predict": (
        (0, "N N.png --save-input N.seen"),
        (0, "N N.png --json"),
        (1, "N.npz N.png N.bmp N.gone -q"),
        (1, "N.gone N.png"),
        (2, "N N.png --save-input N.png"),
    ),
    "runs": ((0, "."), (0, ". --json"), (0, "N.empty"), (1, "N.gone"), (1, "N.png")),
    "plot": (
        (0, "N -o N.svg"),
        (0, "N N.synthetic --label N --label $a^{ -o N.pdf"),
        (0, "N --what confusion -o N.svg"),
        (2, "N --what confusion -o N.svg --data ./B"),
        (1, "N.gone"),
        (2, "N -o N.gone"),
        (1, "N.kmnist.npz --what confusion --data-dir N.gone"),
        (0, "N.study/N -o N.svg"),
        (1, "N.toml --what search -o N.svg"),
    ),
    "report": (
        (0, "N -o N.html"),
        (0, "N N.synthetic --data-dir N.gone -o N.html"),
        (2, "N -o N.html --data ./B"),
        (1, "N --vote -o N.html"),
        (0, "N.study/N --data-dir B -o N.html"),
        (1, "N.gone"),
        (2, "N -o N.empty"),
    ),
    "export": ((0, "N.npz N.onnx"), (0, "N N.safetensors"), (1, "N.gone N.onnx"), (2, "N N.gone")),
    "import": ((0, "N.json -o N.book.npz"), (1, "N.gone"), (2, "N.json -o N.json"), (1, "N.png -o N.npz")),
    "gradcheck": (
        (0, "--config N.toml --images 1 --data-dir B"),
        (2, "--config N.gone.toml"),
        (2, "N.gone.toml"),
        (2, "--config N.toml --set data.name=N.gone"),
        (1, "--config synthetic.toml --set data.name=kmnist --data-dir N.gone"),
    ),
    "reproduce": (
        (2, "N"),
        (2, "--runs N.png"),
        (1, "ch1-30 --runs N.runs --data-dir B"),
        (2, "--cluster N"),
    ),
}  # fmt: skip
# What says nothing of the name.
SILENT = {"eval N", "gradcheck --config N.toml --images 1 --data-dir B"}


def furnish(folder: Path, name: str) -> None:
    """A data set, a config, a picture, a file that is none and the book's network, all called `name`."""
    data = folder / f"{name}.data"
    (data / "mnist").mkdir(parents=True)
    for empty in (f"{name}.empty", "own"):
        (folder / empty).mkdir()
    for place in (data, folder / "own"):
        draw_digits(place, "train", 60)
        draw_digits(place, "t10k", 30)
        (place / "classes.txt").write_text("\n".join(f"\x1b[3{k}m{k}" for k in range(10)))
    for file, content in tiny.CONTENT.items():
        (data / "mnist" / file).write_bytes(content)
    config = {
        "data": {"name": "./own", "train": 50, "validation": 10},
        "network": {
            "cost": "log-likelihood",
            "layers": [{"neurons": 4, "activation": "relu"}, {"neurons": 10, "activation": "softmax"}],
        },
        "training": {"epochs": 1, "batch_size": 10, "learning_rate": 0.1},
    }
    (folder / f"{name}.toml").write_text(tomli_w.dumps(config), encoding="utf-8")
    drawn = {"trials": 1, "parameters": {"training.learning_rate": {"min": 0.01, "max": 0.1}}}
    (folder / f"{name}.search.toml").write_text(tomli_w.dumps(config | {"search": drawn}), encoding="utf-8")
    config["data"] = {"name": "synthetic", "size": 100}
    (folder / "synthetic.toml").write_text(tomli_w.dumps(config))
    picture = np.full((60, 60), 255, np.uint8)
    picture[10:50, 28:34] = 0
    Image.fromarray(picture).save(folder / f"{name}.png")
    (folder / f"{name}.bmp").write_bytes(b"no picture")
    (folder / f"{name}.foreign.npz").write_bytes(b"no weights")
    book = {"sizes": [784, 10], "weights": [[[0.5] * 784] * 10], "biases": [[[0.0]] * 10]}
    (folder / f"{name}.json").write_text(json.dumps(book | {"cost": "QuadraticCost"}))


def walk(folder: Path, name: str = NAME) -> Iterator[tuple[str, int, Said]]:
    """Each line with the status expected, and what came of it."""
    furnish(folder, name)
    entries = {each: replace(tiny.TINY, name=each) for each in ("mnist", "kmnist")}
    with chdir(folder), patch.dict(catalog.CATALOG, entries):
        for command in cli.COMMANDS:
            for status, words in LINES[command]:
                line = [each.replace("N", name).replace("B", f"{name}.data") for each in words.split()]
                yield f"{command} {words}", status, nnbp(command, *line)
            if command == "train":
                _forge(folder, name)


def raw(said: Said) -> list[str]:
    """What is printed that a terminal cannot show, or is a line that a name made."""
    printed = (said.out + said.err).split("\n")
    return [each for each in printed if not each.isprintable() or each.startswith(FORGED)]


def names(said: Said, name: str = NAME) -> bool:
    """Whether `name` is in what is printed, escaped."""
    return any(each in said.out + said.err for each in (printable(name), json.dumps(name)[1:-1]))


def _forge(folder: Path, name: str) -> None:
    """Runs that ended for `name`, one stopped by it, and weights that learned from a data set called so."""
    for run, forged in ((name, {}), (f"{name}.synthetic", {"stopped_by": name})):
        summary = folder / run / "summary.json"
        plain = json.loads(summary.read_text())
        summary.write_text(json.dumps(plain | {"ended": name, "versions": {name: name}} | forged))
    learned = weights.load(folder / name)
    for file, data in ((f"{name}.forged.npz", name), (f"{name}.kmnist.npz", "kmnist")):
        weights.save(folder / file, replace(learned, data=replace(learned.data, name=data, as_given=None)))
