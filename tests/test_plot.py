"""`nnbp plot`: curves from logs, as pictures."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from nnbp_cli import curves
from nnbp_cli.commands import plot
from nnbp_cli.curves import Curve, panels
from nnbp_cli.errors import NnbpError, printable
from tests.command_line import nnbp
from tests.small_run import train

WATCH = 'training.watch=["training cost", "validation cost", "validation accuracy", "layer speed"]'


@pytest.fixture
def run(here: Path) -> Path:
    """A run that watched everything, with a learning rate that falls."""
    assert train("--out", "run", "-q", "--set", WATCH, "--set", "training.schedule=linear").status == 0
    return Path("run")


def log(folder: Path, head: str, *rows: str) -> Path:
    folder.mkdir()
    (folder / "log.csv").write_text("\n".join([f"epoch,learning_rate,seconds,{head}", *rows, ""]))
    return folder


def test_the_panels_are_what_the_log_has(tmp_path: Path) -> None:
    rows = ("0,nan,0,0.1,3.0,0.5,0.25", "1,0.2,1,0.9,2.0,0.4,0.2", "2,0.1,1,0.95,1.0,0.3,0.1")
    one = log(tmp_path / "one", "validation_accuracy,test_cost,layer_speed_1,layer_speed_2", *rows)
    cost, accuracy, rate, speed = panels([one])
    assert cost.curves == [Curve("one", "test", (0, 1, 2), (3.0, 2.0, 1.0))]
    assert accuracy.curves == [Curve("one", "validation", (0, 1, 2), (10.0, 90.0, 95.0))]
    assert rate.curves == [Curve("one", "learning rate", (1, 2), (0.2, 0.1))]
    assert [curve.what for curve in speed.curves] == ["layer 1", "layer 2"]
    assert [panel.kind for panel in (cost, accuracy, rate, speed)] == list(curves.KINDS)
    assert [panel.logarithmic for panel in (cost, accuracy, rate, speed)] == [False, False, False, True]

    other = log(tmp_path / "other", "validation_accuracy", "1,0.2,1,0.8")
    _, accuracy, *_ = panels([one, other], labels=["first"])
    assert [curve.run for curve in accuracy.curves] == ["first", "other"]
    assert [panel.kind for panel in panels([other])] == ["accuracy"], "a constant rate is no curve"
    assert [panel.kind for panel in panels([other], ["learning rate"])] == ["learning rate"]
    with pytest.raises(NnbpError, match=r"other: no cost in the log; name in training.watch"):
        panels([other], ["cost"])
    with pytest.raises(NnbpError, match="no curves in the log"):
        panels([log(tmp_path / "blind", "", "1,0.2,1,")][:0] or [log(tmp_path / "bare", "x", "1,0.2,1,7")])


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_a_picture_is_written(run: Path, suffix: str) -> None:
    said = nnbp("plot", run, "-o", f"c.{suffix}")
    assert (said.status, said.out, said.err) == (0, f"wrote c.{suffix}\n", "")
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix.lower()]
    assert Path(f"c.{suffix}").read_bytes().startswith(begins)


def test_a_picture_says_what_it_shows(run: Path) -> None:
    nnbp("plot", run, run, "-o", "c.svg", "--label", "one & only")
    text = set(re.findall(r"<text[^>]*>([^<]*)</text>", Path("c.svg").read_text()))
    assert {"epoch", "cost", "accuracy, %", "learning rate", "one &amp; only, training"} <= text
    first = Path("c.svg").read_bytes()
    nnbp("plot", run, run, "-o", "c.svg", "--label", "one & only")
    assert Path("c.svg").read_bytes() == first


def test_mistakes_are_a_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert nnbp("plot").status == 2
    said = nnbp("plot", run, "-o", "c.gif")
    assert (said.status, said.err) == (
        2, "c.gif: not a picture that is drawn here; name a .png, .svg or .pdf file\n"
    )  # fmt: skip
    said = nnbp("plot", "none")
    assert said.err == "none/log.csv: no such file; name a run directory, as 'nnbp runs' lists them\n"
    assert said.status == 1
    assert nnbp("plot", run, "-o", "no/such/folder/c.png").err.startswith("no/such/folder/c.png: cannot be")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = nnbp("plot", run)
    assert (said.status, said.err) == (1, "nnbp plot: needs matplotlib; pip install 'nnbp-cli[plot]'\n")


def test_the_command_knows_the_kinds_there_are() -> None:
    assert plot.KINDS == curves.KINDS


@pytest.mark.parametrize("name", ["a$b^{$", "_hidden", "\udcff\x1b[2J", "\u6570\u5b57", "$\\frac$"])
def test_a_run_may_have_any_name(here: Path, name: str) -> None:
    head = "epoch,learning_rate,seconds,validation_accuracy,test_accuracy\n"
    for folder in (name, "other"):
        Path(folder).mkdir()
        Path(folder, "log.csv").write_text(f"{head}1,0.1,1,0.5,0.5\n2,0.1,1,0.6,0.6\n")
    for suffix in ("svg", "png", "pdf"):
        said = nnbp("plot", name, "other", "-o", f"c.{suffix}")
        assert (said.status, said.err) == (0, "")
    picture = Path("c.svg").read_text(encoding="utf-8")
    assert f"{printable(name)}, validation" in picture
    assert "other, test" in picture
