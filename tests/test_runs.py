"""Run directories read again: `nnbp runs`, and the logs behind `nnbp plot`."""

import json
import os
import shutil
from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli.errors import NnbpError
from nnbp_cli.runs import summary
from nnbp_cli.runs.log import read_log
from tests.command_line import nnbp
from tests.torture.edited_runs import OF_NO_RUN


@pytest.fixture
def one(here: Path, trained_run: Path) -> Path:
    """A finished run in the folder of runs."""
    return Path(shutil.copytree(trained_run, "runs/one"))


def edit(run: str | Path, **values: Any) -> None:
    """Put other values into the summary of a run."""
    file = Path(run, "summary.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_runs_are_listed_the_newest_first(one: Path) -> None:
    shutil.copytree(one, "runs/first")
    edit("runs/first", began="2020-02-03T04:05:06+00:00", stopped_by="SIGINT", validation=None, test=None)

    newest, oldest = json.loads(nnbp("runs", "--json").out)
    told = json.loads((one / "summary.json").read_text())
    assert newest == {
        "name": "one",
        "path": "runs/one",
        "began": told["began"],
        "state": "complete",
        "epochs": 3,
        "validation_accuracy": told["validation"]["accuracy"],
        "test_accuracy": told["test"]["accuracy"],
        "seconds": told["seconds"]["total"],
    }
    kept = told["kept"]["validation accuracy"]
    assert (oldest["name"], oldest["validation_accuracy"], oldest["test_accuracy"]) == ("first", kept, None)
    head, newest, oldest = nnbp("runs").out.splitlines()
    assert head.split() == ["name", "began", "epochs", "validation", "test", "seconds"]
    assert newest.startswith("one    20")
    assert f"{told['test']['accuracy']:.2%}" in newest
    assert oldest.endswith("stopped by SIGINT")


def test_a_run_without_a_summary_is_unfinished(one: Path) -> None:
    (one / "summary.json").unlink()
    Path("runs/not a run").mkdir()
    (run,) = json.loads(nnbp("runs", "--json").out)
    assert (run["state"], run["epochs"], run["test_accuracy"]) == ("unfinished", 3, None)
    assert nnbp("runs").out.splitlines()[1].endswith("unfinished")


def test_a_finished_run_that_goes_on_is_unfinished_again(one: Path) -> None:
    *_, last = (one / "log.csv").read_text().splitlines()
    with (one / "log.csv").open("a") as log:
        log.write(f"4{last[1:]}\n")
    (run,) = json.loads(nnbp("runs", "--json").out)
    assert (run["state"], run["epochs"], run["test_accuracy"]) == ("unfinished", 4, None)
    assert run["began"] == summary.read(one).began


@pytest.fixture
def odd_runs(one: Path) -> Path:
    """A folder of one sound run, and of one for each thing that may be odd about a run."""
    sound = one.rename("runs/sound")
    for number, change in enumerate(OF_NO_RUN):
        shutil.copytree(sound, f"runs/odd-{number}")
        edit(f"runs/odd-{number}", **change)
    files: dict[str, Callable[[Path], object]] = {
        "folder": Path.mkdir,
        "pipe": os.mkfifo,
        "loop": lambda path: path.symlink_to(path),
        "endless": lambda path: path.symlink_to("/dev/zero"),
        "huge": lambda path: path.write_bytes(bytes(50_000_000)),
        "deep": lambda path: path.write_text("[" * 500_000),
        "empty": Path.touch,
        "list": lambda path: path.write_text("[]"),
    }
    for name in ("summary.json", "log.csv"):
        for what, make in files.items():
            run = Path(shutil.copytree(sound, f"runs/{name}-{what}"))
            (run / name).unlink()
            make(run / name)
    return Path("runs")


def test_an_odd_run_is_named_and_left_out_and_the_others_are_shown(odd_runs: Path) -> None:
    odd = sorted(path for path in odd_runs.iterdir() if path.name != "sound")
    said = nnbp("runs", "--json")
    assert said.status == 0
    assert [run["name"] for run in json.loads(said.out)] == ["sound"]
    lines = said.err.splitlines()
    assert [line.split("/")[1] for line in lines] == [path.name for path in odd]
    assert all(line.startswith("left out: runs/") and line.isprintable() for line in lines)
    assert "/summary.json: damaged: not JSON; " in said.err
    said = nnbp("runs")
    assert (said.status, len(said.out.splitlines())) == (0, 2)

    said = nnbp("report", *sorted(odd_runs.iterdir()), "-q")
    assert (said.status, said.out) == (0, "wrote report.html\n")
    assert [line.split("/")[1] for line in said.err.splitlines()] == [path.name for path in odd]
    for run in odd:
        said = nnbp("report", run)
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith(f"{run}/")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser reads everything")
def test_a_run_that_may_not_be_looked_into_keeps_no_other_from_being_listed(one: Path) -> None:
    Path("runs/closed").mkdir(mode=0)
    said = nnbp("runs")
    assert (said.status, len(said.out.splitlines())) == (0, 2)
    assert said.err == "left out: runs/closed: cannot be read: permission denied; make it readable\n"


def test_a_config_written_at_a_time_without_a_date_is_named(here: Path) -> None:
    run = Path("runs/one")
    run.mkdir(parents=True)
    (run / "config.toml").touch()
    os.utime(run / "config.toml", (1, 2**40))
    if (run / "config.toml").stat().st_mtime < 2**40:
        pytest.skip("this file system has no such times")
    assert nnbp("runs").err.startswith("left out: runs/one/config.toml: was written at a time ")


def test_no_runs_is_a_line(here: Path) -> None:
    said = nnbp("runs")
    assert (said.status, said.err) == (1, "runs: no such folder; 'nnbp train' makes runs\n")
    (here / "runs").mkdir()
    assert nnbp("runs").out == "runs: no runs; 'nnbp train' makes them\n"
    assert json.loads(nnbp("runs", "--json").out) == []
    assert nnbp("runs", "small.toml").status == 1


def test_a_log_is_read_as_it_was_written(one: Path) -> None:
    log = read_log(one)
    assert list(log)[:3] == ["epoch", "learning rate", "seconds"]
    assert {"layer speed 1", "layer speed 2", "validation accuracy"} <= set(log)
    assert log["epoch"] == [0, 1, 2, 3]
    assert isnan(log["learning rate"][0])
    assert log["learning rate"][1:] == sorted(log["learning rate"][1:], reverse=True)
    kept = summary.read(one).kept["validation accuracy"]
    assert max(log["validation accuracy"][1:]) == pytest.approx(kept, rel=1e-5)

    with (one / "log.csv").open("a") as file:
        file.write("4,0.1,0.0")  # torn by a kill
    assert read_log(one)["epoch"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not the log of a run"),
        ("a,b,c\n1,2,3\n", "not the log of a run"),
        ("epoch,learning_rate,seconds\n1,2\n", "line 2: damaged"),
        ("epoch,learning_rate,seconds\n1,2,3\n1,x,3\n", "line 3: damaged"),
        (b"\xff\xfe", "damaged: not text"),
        ("epoch,learning_rate,seconds,luck\n", "damaged: column 'luck' is none of a log"),
        ("epoch,learning_rate,seconds,seconds\n", "damaged: column 'seconds' is none of a log"),
        ("epoch,learning_rate,seconds\n2,1,1\n2,1,1\n", "line 3: damaged"),
        ("epoch,learning_rate,seconds\ninf,1,1\n", "line 2: damaged"),
        ("epoch,learning_rate,seconds\n1.5,1,1\n", "line 2: damaged"),
        ("epoch,learning_rate,seconds\n1,1,nan\n", "line 2: damaged"),
        ("epoch,learning_rate,seconds,test_accuracy\n1,1,1,1.5\n", "line 2: damaged"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    (tmp_path / "log.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(NnbpError, match=said) as caught:
        read_log(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'log.csv'}: ")


def test_a_run_that_is_not_there_is_a_line(tmp_path: Path) -> None:
    for read in (read_log, summary.read):
        for path in (tmp_path, tmp_path / "none"):
            with pytest.raises(NnbpError, match="no such file; name a run directory"):
                read(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser reads everything")
def test_a_log_that_may_not_be_read_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "log.csv").touch(mode=0)
    with pytest.raises(NnbpError, match="cannot be read"):
        read_log(tmp_path)
