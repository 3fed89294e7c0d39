"""Run directories read again: `nnbp runs`, and the logs behind `nnbp plot`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nnbp_cli.errors import NnbpError
from nnbp_cli.run_directory import read_log, read_summary
from tests.command_line import nnbp
from tests.small_run import train


def test_runs_are_listed_the_newest_first(here: Path) -> None:
    for name in ("first", "second"):
        train("--out", f"runs/{name}", "-q")
    summary = read_summary(here / "runs" / "first")
    summary["began"] = "2020-02-03T04:05:06+00:00"
    summary["stopped_by"] = "SIGINT"
    (here / "runs" / "first" / "summary.json").write_text(json.dumps(summary))

    found = json.loads(nnbp("runs", "--json").out)
    assert [run["name"] for run in found] == ["second", "first"]
    second = read_summary(here / "runs" / "second")
    assert found[0] == {
        "name": "second",
        "path": "runs/second",
        "began": second["began"],
        "state": "complete",
        "epochs": 3,
        "validation_accuracy": second["validation"]["accuracy"],
        "test_accuracy": second["test"]["accuracy"],
        "seconds": second["seconds"]["total"],
    }
    head, newest, oldest = nnbp("runs").out.splitlines()
    assert head.split() == ["name", "began", "epochs", "validation", "test", "seconds"]
    assert newest.startswith("second  20")
    assert f"{second['test']['accuracy']:.2%}" in newest
    assert oldest.endswith("stopped by SIGINT")


def test_a_run_without_a_summary_is_unfinished(here: Path) -> None:
    train("--out", "runs/one", "-q")
    (here / "runs" / "one" / "summary.json").write_text('{"began": 3}')
    (here / "runs" / "not a run").mkdir()
    (run,) = json.loads(nnbp("runs", "--json").out)
    assert (run["state"], run["epochs"], run["test_accuracy"]) == ("unfinished", 3, None)
    assert nnbp("runs").out.splitlines()[1].endswith("unfinished")


def test_a_finished_run_that_goes_on_is_unfinished_again(here: Path) -> None:
    train("--out", "runs/one", "-q")
    with Path("runs/one/log.csv").open("a") as log:
        log.write("4,0.1,0.5,0.2,0.9\n")
    (run,) = json.loads(nnbp("runs", "--json").out)
    assert (run["state"], run["epochs"], run["test_accuracy"]) == ("unfinished", 4, None)
    assert run["began"] == read_summary(here / "runs" / "one")["began"]


def test_no_runs_is_a_line(here: Path) -> None:
    said = nnbp("runs")
    assert (said.status, said.err) == (1, "runs: no such folder; 'nnbp train' makes runs\n")
    (here / "runs").mkdir()
    assert nnbp("runs").out == "runs: no runs; 'nnbp train' makes them\n"
    assert json.loads(nnbp("runs", "--json").out) == []
    assert nnbp("runs", "small.toml").status == 1


def test_a_log_is_read_as_it_was_written(here: Path) -> None:
    train("--out", "run", "-q", "--set", 'training.watch=["layer speed", "validation accuracy"]')
    log = read_log(here / "run")
    names = ["epoch", "learning rate", "seconds", "layer speed 1", "layer speed 2", "validation accuracy"]
    assert list(log) == names
    assert log["epoch"] == [0, 1, 2, 3]
    assert log["learning rate"][1:] == [0.1] * 3
    summary = read_summary(here / "run")
    assert max(log["validation accuracy"][1:]) == pytest.approx(summary["validation"]["accuracy"], rel=1e-5)

    with (here / "run" / "log.csv").open("a") as file:
        file.write("4,0.1,0.0")  # torn by a kill
    assert read_log(here / "run")["epoch"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not the log of a run"),
        ("a,b,c\n1,2,3\n", "not the log of a run"),
        ("epoch,learning_rate,seconds\n1,2\n", "line 2: damaged"),
        ("epoch,learning_rate,seconds\n1,2,3\n1,x,3\n", "line 3: damaged"),
        (b"\xff\xfe", "damaged: not text"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    (tmp_path / "log.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(NnbpError, match=said) as caught:
        read_log(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'log.csv'}: ")


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000])
def test_what_is_no_summary_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "summary.json").write_text(content)
    with pytest.raises(NnbpError, match="damaged"):
        read_summary(tmp_path)


def test_a_run_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    for read in (read_log, read_summary):
        for path in (tmp_path, tmp_path / "none"):
            with pytest.raises(NnbpError, match="no such file; name a run directory"):
                read(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser reads everything")
def test_a_log_that_may_not_be_read_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "log.csv").touch(mode=0)
    with pytest.raises(NnbpError, match="cannot be read"):
        read_log(tmp_path)
