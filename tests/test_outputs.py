"""Outputs: what a command may write over, looked at before it begins and when it is done. What is at a name
before a command begins, tests/torture/outputs.py tries for all commands.
"""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nnbp_cli import config
from nnbp_cli.errors import NnbpError
from nnbp_cli.models import weights
from nnbp_cli.runs import run as experiment
from nnbp_cli.runs import summary
from nnbp_cli.runs.setup import Paths
from nnbp_cli.system.outputs import Output, signed
from nnbp_cli.system.reporter import Reporter
from tests.command_line import nnbp
from tests.small_run import train

stdout = pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
NOTES = Output("notes", {".txt": signed(rb"notes.*by nnbp"), ".md": signed(rb"# notes.*by nnbp")})


class Meanwhile(Reporter):
    """Somebody who writes a file while a run goes on."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self.content = path, content

    def epoch(self, *_: object) -> None:
        self.path.write_bytes(self.content)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("weights.npz", "weights that nnbp wrote"),
        ("run/weights.npz", "a file of the run"),
        ("run/checkpoint.npz", "a file of the run"),
    ],
)
def test_a_file_that_comes_while_a_run_goes_on_is_not_replaced(
    here: Path, drawn: Path, name: str, kind: str
) -> None:
    paths = Paths(here / "small.toml", drawn, here / "run", here / "weights.npz")
    with pytest.raises(NnbpError, match=f"{name}: is there already, and not {kind}"):
        experiment.run(config.load(paths.config), paths, Meanwhile(here / name, b"my thesis"))
    assert (here / name).read_bytes() == b"my thesis"
    if name == "weights.npz":
        assert summary.read(here / "run").finished
        assert weights.load(here / "run").epoch


@pytest.mark.parametrize("name", ["config.toml", "log.csv", "checkpoint.npz", "weights.npz", "summary.json"])
def test_a_link_in_a_run_is_not_followed_out_of_it(here: Path, name: str) -> None:
    train("--out", "run", "-q")
    file, mine = Path("run", name), here / f"mine-{name}"
    mine.write_bytes(file.read_bytes())
    file.unlink()
    file.symlink_to(mine)
    before = mine.read_bytes()
    said = nnbp("train", "--resume", "run", "--set", "training.epochs=4", "-q")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert f"run/{name}: is there already, and not a file of the run; move it away" in said.err
    assert (mine.read_bytes(), file.is_symlink()) == (before, True)


def test_the_weights_of_another_run_replace_no_file_of_a_run(here: Path) -> None:
    train("--out", "run", "-q")
    for name, problem in (
        (
            "checkpoint.npz",
            "is there already, and not weights that nnbp wrote; name another file with --weights",
        ),
        ("weights.npz", f"belongs to the run in {here}/run; name a file elsewhere"),
    ):
        before = Path("run", name).read_bytes()
        said = train("--set", "training.seed=2", "--weights", f"run/{name}")
        assert (said.status, said.err) == (1, f"run/{name}: {problem}\n")
        assert Path("run", name).read_bytes() == before


def test_the_weights_of_a_run_may_be_those_in_it(here: Path) -> None:
    assert train("--out", "own", "--weights", "own/weights.npz", "-q").status == 0
    more = ("--weights", "own/weights.npz", "--set", "training.epochs=4", "-q")
    assert nnbp("train", "--resume", "own", *more).status == 0


@stdout
@pytest.mark.parametrize(
    "line",
    [
        "train --config small.toml --weights /dev/stdout",
        "train --config small.toml --weights /dev/stdout --json",
        "report run -o /dev/stdout",
    ],
)
def test_where_the_output_is_stdout_it_has_the_output_and_nothing_else(here: Path, line: str) -> None:
    train("--out", "run", "-q")
    command = [sys.executable, "-m", "nnbp_cli", *line.split()]
    with Path("out.npz").open("wb") as out:
        said = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True, check=True)
    written = Path("out.npz").read_bytes()
    if line.startswith("report"):
        assert written.endswith(b"</html>\n")
    else:
        assert written.rfind(b"PK\x05\x06") == len(written) - 22, "the end of the archive is the end"
        assert nnbp("eval", "out.npz").status == 0
    assert said.stderr


@stdout
def test_that_nobody_reads_the_output_any_more_is_no_error(here: Path) -> None:
    train("--out", "run", "-q")
    report = f"{shlex.quote(sys.executable)} -m nnbp_cli report run -o /dev/stdout"
    line = ["bash", "-o", "pipefail", "-c", f"{report} | head -c 20 > first"]
    said = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr.replace("wrote /dev/stdout\n", "")) == (0, "")
    assert Path("first").read_bytes() == b"<!doctype html>\n<htm"


@pytest.mark.parametrize("line", ["train --config small.toml --weights", "export w.npz", "report r -o"])
def test_a_name_that_ends_with_a_slash_is_a_folders(here: Path, line: str) -> None:
    said = nnbp(*line.split(), "out/")
    assert (said.status, "'out/' is a folder; name the file to write" in said.err) == (2, True)
    assert [path.name for path in here.iterdir()] == ["small.toml"]


@pytest.mark.parametrize("size", [0, 100, 100_000, 1_000_000])
def test_a_file_is_its_own_by_how_it_begins_and_what_is_near_an_end(tmp_path: Path, size: int) -> None:
    path, more, own = tmp_path / "f.txt", bytes(size), b"notes by nnbp"
    for content in (b"notes" + more + b"by nnbp", own + more):
        path.write_bytes(content)
        NOTES.write(path, own)
        assert path.read_bytes() == own
    for content in (b" " + own + more, b"# " + own + more, b"notes" + more + b"by somebody", b""):
        path.write_bytes(content)
        with pytest.raises(NnbpError, match="is there already"):
            NOTES.write(path, own)
        assert path.read_bytes() == content
    assert not signed(b"")(tmp_path / "none")
