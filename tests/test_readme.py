"""The README keeps its word: its commands and its code run as they are printed."""

import inspect
import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.nn.network import Network
from tests.command_line import nnbp

pytestmark = pytest.mark.slow

CHECKOUT = Path(nnbp_cli.__file__).parent.parent
ROOMS = "|".join(path.parent.name for path in CHECKOUT.glob("nnbp_cli/*/__init__.py"))
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^nnbp .*$|(?<=\| `)nnbp [^`]*(?=`)", README, re.MULTILINE)


def without_margin(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_the_algorithm_is_shown_as_it_is() -> None:
    shown = without_margin(next(code for code in CODE if "def backprop" in code))[1:]
    source = without_margin(textwrap.dedent(inspect.getsource(Network.backprop)))
    assert source[-len(shown) :] == shown


def test_links_lead_somewhere() -> None:
    for page in ("README.md", "data/README.md", *map(str, CHECKOUT.glob("docs/*.md"))):
        text = (CHECKOUT / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert (CHECKOUT / page).parent.joinpath(target).exists(), (page, target)
        for named in re.findall(rf"`((?:nnbp_cli|tests|configs|docs|{ROOMS})/[\w/.-]+\.\w+)`", text):
            assert any((base / named).exists() for base in (CHECKOUT, CHECKOUT / "nnbp_cli")), (page, named)


@pytest.mark.mnist
def test_every_command_works_as_printed_and_so_does_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CHECKOUT / "configs", "configs")
    Path("data").mkdir()
    shutil.copytree(real_data / "mnist", "data/mnist")
    assert COMMANDS[:3] == [
        "nnbp download",
        "nnbp train --config configs/mnist.toml",
        "nnbp eval weights.npz",
    ], "the three commands of the design"
    for command in COMMANDS:
        arguments = shlex.split(command)[1:]
        if arguments[0] == "train":  # as printed, but not for as long
            arguments += ["--set", "training.epochs=1", "--set", "data.train=5000"]
        elif arguments[0] == "reproduce":
            arguments += ["--list"]
        elif "runs/*" in arguments:  # the shell finds the runs
            arguments = [arguments[0], *sorted(map(str, Path("runs").iterdir())), *arguments[2:]]
        said = nnbp(*arguments)
        assert said.status == 0, (command, said.err)

    nnbp("train", "--config", "configs/mnist.toml", "--set", "training.epochs=1")
    exec(next(code for code in CODE if "weights.load" in code), {})
    assert capsys.readouterr().out == "the first one is a 7\n"
