"""The command line itself: help, errors in one line, exit statuses."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from nnbp_cli import __version__, cli
from nnbp_cli.errors import CheckFailed, ConfigError, NnbpError
from tests.command_line import Said, nnbp
from tests.small_run import train


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_with_an_example_and_a_word_for_every_option(name: str) -> None:
    command: click.Command = import_module(f"nnbp_cli.commands.{name}").command
    assert command.name == name
    assert (command.help or "").startswith(cli.COMMANDS[name]), "the list of commands says the same"
    said = nnbp(name, "--help")
    assert said.status == 0
    assert f"\n  nnbp {name}" in said.out, "an example"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
    assert nnbp(name, "-h").out == said.out


def test_every_command_file_is_listed() -> None:
    files = Path(cli.__file__).parent.joinpath("commands").glob("*.py")
    commands = {path.stem for path in files if "def command(" in path.read_text()}
    assert commands == set(cli.COMMANDS)


def test_help_and_version() -> None:
    assert nnbp("--version").out == f"nnbp, version {__version__}\n"
    for name, line in cli.COMMANDS.items():
        assert f"  {name}" in nnbp("-h").out
        assert line in nnbp("-h").out


TWICE = "the config is named twice; leave out"
WRONG = {
    "tarin": "nnbp: no such command 'tarin' (did you mean 'train'?); see 'nnbp --help'\n",
    "evaluate": "nnbp: no such command 'evaluate' (did you mean 'eval'?); see 'nnbp --help'\n",
    "train": "nnbp train: missing argument 'CONFIG', or '--resume' to go on with a run; see 'nnbp train ",
    "train --config a.toml --resume b": "nnbp train: a run that is resumed has its config",
    "train --out a --resume b": "nnbp train: a run that is resumed has its config",
    "train a.toml --resume b": "nnbp train: a run that is resumed has its config",
    "train a.toml --config a.toml": f"nnbp train: {TWICE}",
    "gradcheck a.toml --config b.toml": f"nnbp gradcheck: {TWICE}",
    "gradcheck": "nnbp gradcheck: missing argument 'CONFIG'; see 'nnbp gradcheck --help'",
    "train none.toml": "none.toml: no such file; expected a .toml, .yaml or .yml file, as 'nnbp init' writes",
    "train best_cnn": "best_cnn: no such file; 'nnbp init best_cnn' writes configs/best_cnn.toml\n",
    "gradcheck configs/book/ch1-30.toml": "configs/book/ch1-30.toml: no such file; 'nnbp init book/ch1-30'",
    "train mnist.yaml": "mnist.yaml: no such file; 'nnbp init mnist.yaml' writes configs/mnist.yaml\n",
    "train a --seeds two": "nnbp train: invalid value for '--seeds': expected an integer from 1 to 1,000, go",
    "gradcheck a --images 101": "nnbp gradcheck: invalid value for '--images': expected an integer from 1 to",
    "plot a --labels b": "nnbp plot: no such option '--labels' (did you mean '--label'?); see 'nnbp plot -",
    "plot a --zzz": "nnbp plot: no such option '--zzz'; see 'nnbp plot --help'\n",
    "export": "nnbp export: name the weights, and after them the file to write; see",
    "export w.npz": "nnbp export: name the weights, and after them the file to write; see",
    "export w.npz .": "nnbp export: invalid value for 'FILE': '.' is a folder; name the file to write; see",
    "predict": "nnbp predict: missing argument '[WEIGHTS...] IMAGE...'; see",
    "predict x.npz": "nnbp predict: name the pictures, after the weights if any are named; see",
    "train --config none.toml": "none.toml: ",
    "train --config": "nnbp: option '--config' requires an argument",
    "eval": "nnbp eval: missing argument 'WEIGHTS...'; see 'nnbp eval --help'\n",
    "eval w.npz --split tset": "nnbp eval: invalid value for '--split'",
}


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_command_line_is_one_line_and_status_2(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = nnbp(*line.split())
    assert said.err.startswith(WRONG[line])
    assert (said.status, said.out, said.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (NnbpError("disk: full; make room"), 1, "disk: full; make room"),
        (ConfigError("a: b; c", "d: e; f"), 2, "a: b; c\nd: e; f"),
        (CheckFailed("x: y; z"), 3, "x: y; z"),
        (NnbpError("a\x1b[31m\r\x00.npz: b"), 1, "a\\x1b[31m\\r\\x00.npz: b"),
        (NnbpError("a\nb.npz: all is well"), 1, "a\\nb.npz: all is well"),
        (
            OSError(5, "I/O Error", "a\nb\u202e"),
            1,
            "a\\nb\\u202e: i/o error; choose another place, or make it accessible",
        ),
        (OSError(5, "I/O Error"), 1, "nnbp: the system refuses: i/o error; add --debug to see what"),
        (KeyboardInterrupt(), 130, "\ninterrupted"),
        (MemoryError(), 1, "nnbp: out of memory; use a smaller network, batch or data set"),
        (
            ZeroDivisionError("by zero"),
            1,
            "nnbp: unexpected error: ZeroDivisionError: by zero; add --debug to see where, and report it",
        ),
    ],
)
def test_an_error_is_a_line_and_a_status(
    error: BaseException, status: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("nnbp_cli.models.weights.load", fail)
    assert nnbp("eval", "weights.npz") == Said(status, "", f"{line}\n")
    if not isinstance(error, KeyboardInterrupt):
        with pytest.raises(type(error)):
            nnbp("--debug", "eval", "weights.npz")


@pytest.mark.parametrize(("redirection", "status"), [("2>&-", 2), (">&- 2>&-", 2), ("2>/dev/full", 2)])
def test_an_error_that_nobody_can_read_keeps_its_status(redirection: str, status: int) -> None:
    command = f"{sys.executable} -m nnbp_cli train --config none.toml {redirection}"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == status


def test_a_name_that_the_system_refuses_is_no_bug_of_ours() -> None:
    said = nnbp("eval", "w" * 300)
    assert said.status == 1
    assert said.err.endswith("www: file name too long; choose another place, or make it accessible\n")


WILD = "r\udcff\x1b[2J"


def test_names_that_are_no_text_are_shown_escaped_and_used_as_they_are(here: Path) -> None:
    said = train("--out", WILD, "--weights", f"{WILD}.npz")
    assert said.status == 0
    assert r"r\udcff" in said.out
    for line in (
        ("eval",),
        ("eval", "--json"),
        ("plot", "-o", f"{WILD}.svg"),
        ("report", "-o", f"{WILD}.html"),
    ):
        assert nnbp(line[0], WILD, *line[1:]).status == 0
    assert json.loads(nnbp("runs", ".", "--json").out)[0]["name"] == WILD
    assert "\nr\\udcff\\x1b[2J  " in nnbp("runs", ".").out
    assert "<title>r\\udcff" in Path(f"{WILD}.html").read_text(encoding="utf-8")
    said = train("--out", "x", "--set", f"data.name={WILD}")
    assert said.err.startswith("--set data.name=r\\udcff\\x1b[2J: not UTF-8 text")


def test_a_name_beyond_what_stdout_can_write_is_shown_escaped(here: Path) -> None:
    command = [sys.executable, "-m", "nnbp_cli", "runs", "\u6570\u00e9"]
    Path("\u6570\u00e9").mkdir()
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    said = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert said.stdout == b"\\u6570\xe9: no runs; 'nnbp train' makes them\n"


def test_a_device_is_not_replaced_by_a_file(here: Path) -> None:
    train("--out", "run", "-q")
    Path("null").symlink_to(os.devnull)
    said = nnbp("report", "run", "-o", "null")
    assert (said.status, said.err) == (0, "")
    assert Path("null").is_symlink()


def test_an_argument_may_be_any_bytes(here: Path) -> None:
    command: list[str | bytes] = [sys.executable, "-m", "nnbp_cli", "eval", b"\xff\x1b.npz"]
    said = subprocess.run(command, capture_output=True, check=False)
    assert said.returncode == 1
    assert said.stderr == b"\\udcff\\x1b.npz: no such file; 'nnbp train' writes one\n"


def test_a_link_to_itself_is_no_run(here: Path) -> None:
    Path("loop").symlink_to("loop")
    for name in ("report", "plot"):
        said = nnbp(name, "loop")
        assert said.status == 1
        assert said.err.startswith("loop")
        assert said.err.count("\n") == 1


def test_folders_without_number_are_one_line(here: Path) -> None:
    said = train("--data-dir", "x/" * 2000)
    assert said.status == 1
    assert said.err.endswith(": cannot be made: hundreds of folders in each other; name fewer\n")
    assert not Path("x").exists()


def test_a_config_is_named_with_or_without_its_option(here: Path) -> None:
    for out, name in (("a", ["small.toml"]), ("b", ["--config", "small.toml"])):
        assert nnbp("train", *name, "--out", out, "-q", "--set", "training.epochs=1").status == 0
        assert nnbp("gradcheck", *name, "--images", "1", "--set", "network.layers.0.neurons=1").status == 0
    assert Path("a/config.toml").read_text() == Path("b/config.toml").read_text()


@pytest.mark.parametrize("name", ["train", "search"])
def test_a_variable_of_tqdm_s_that_it_does_not_take_is_a_line(here: Path, name: str) -> None:
    command = [sys.executable, "-m", "nnbp_cli", name, "small.toml"]
    environment = os.environ | {"TQDM_MININTERVAL": "many"}
    said = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (said.returncode, said.stderr.count("\n")) == (1, 1)
    assert said.stderr.startswith("nnbp: a TQDM_ variable is not what tqdm takes: ")
