"""`nnbp train --seeds`: each seed is the run that it is alone, the table is over those that ended well."""

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli import config
from nnbp_cli.datasets import loading
from nnbp_cli.jobs import dispatch
from nnbp_cli.jobs.job import Job
from nnbp_cli.jobs.process import _ToParent
from nnbp_cli.jobs.seeds import Seeds
from nnbp_cli.runs import summary
from nnbp_cli.runs.summary import FinalScore
from nnbp_cli.system import hardware, signals
from nnbp_cli.terminal import progress
from nnbp_cli.terminal.tables import seed_lines
from tests.command_line import nnbp
from tests.processes import started
from tests.small_run import results, train


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_seed_is_the_same_run_as_alone(here: Path, jobs: int) -> None:
    said = train("--set", "training.seed=4", "--seeds", 2, "--jobs", jobs, "--out", "out")
    assert (said.status, Path("weights.npz").exists()) == (0, False)
    for seed in (4, 5):
        train("--set", f"training.seed={seed}", "--out", f"alone-{seed}")
        assert results(Path(f"out/seed-{seed}")) == results(Path(f"alone-{seed}"))
    assert [line.split()[0] for line in said.out.splitlines()[1:3]] == ["4", "5"]
    assert said.out.splitlines()[-1] == "next: nnbp eval out/seed-4 out/seed-5"
    names = [run["name"] for run in json.loads(nnbp("runs", ".", "--json").out)]
    assert sorted(names) == ["alone-4", "alone-5", "out/seed-4", "out/seed-5"]


def test_the_statistics_are_those_of_numpy(trained_run: Path) -> None:
    one = summary.read(trained_run)
    validation, test = (0.5, 0.875, 0.625, 0.75), (0.25, 0.5, 0.375, 1.0)
    runs = [
        replace(one, seed=k, validation=FinalScore(a), test=FinalScore(b))
        for k, (a, b) in enumerate(zip(validation, test))
    ]
    plain = json.loads(json.dumps(Seeds(Path("out"), runs, {9: "no disk"}, None).plain()))
    for name, values in (("validation", validation), ("test", test)):
        expected = (np.mean(values), np.std(values, ddof=1), min(values), max(values))
        assert list(plain[name].values()) == pytest.approx(expected, rel=1e-12)
        assert list(plain[name]) == ["mean", "deviation", "smallest", "largest"]
    assert (len(plain["runs"]), plain["failures"]) == (4, {"9": "no disk"})

    *lines, last = list(seed_lines(Seeds(Path("out"), runs, {9: "no disk"}, None)))
    assert [line.split() for line in lines[5:]] == [
        ["9", "failed"],
        ["mean", "68.75%", "53.12%"],
        ["deviation", "16.14%", "32.87%"],
        ["smallest", "50.00%", "25.00%"],
        ["largest", "87.50%", "100.00%"],
    ]
    assert last == "4 of 5 runs, in out; nothing was chosen by the test set"
    alone = Seeds(Path("out"), [replace(one, test=None)], {}, None)
    assert [*seed_lines(alone)][-1].startswith("1 run, in out")
    assert alone.plain()["validation"]["deviation"] is None
    assert alone.plain()["test"] is None


LONG = ("--config", "small.toml", "--set", "training.epochs=400")


def stop_seeds(here: Path, send: Callable[[int, int], None], *names: str, shell: str = "") -> None:
    """Train three, two at a time, and send signals, of which the last one stops them."""
    command = [sys.executable, "-m", "nnbp_cli", "train", *LONG, "--seeds", 3, "--jobs", 2, "--out", "a"]
    with started("bash", "-c", f'{shell}exec "$@"', "bash", *command) as process:
        while sum(path.read_text().count("\n") > 3 for path in here.glob("a/*/log.csv")) < 2:
            time.sleep(0.01)
        for name in names:
            send(process.pid, signal.Signals[name])
        out, err = process.communicate(timeout=60)
    assert process.returncode == signals.EXIT_STATUS[names[-1]]
    assert ("Traceback" in err, "failed" in err) == (False, False)
    assert [summary.read(here / f"a/seed-{k}").stopped_by for k in (1, 2)] == [names[-1]] * 2
    *table, go_on = out.splitlines()
    assert [line.split() for line in table[1:4]] == [[str(k), "stopped"] for k in (1, 2, 3)]
    assert go_on == "go on: nnbp train --resume a --jobs 2"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_ctrl_c_stops_all_seeds_by_its_name(here: Path) -> None:
    """A terminal sends it to all processes, `kill` to one; in what a script runs in the background it is
    ignored.
    """
    stop_seeds(here, os.killpg, "SIGINT")
    shutil.rmtree("a")
    stop_seeds(here, os.kill, "SIGINT")
    shutil.rmtree("a")
    stop_seeds(here, os.killpg, "SIGINT", "SIGTERM", shell="trap '' INT; ")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_seeds_that_a_signal_stops_go_on_to_the_same_bits_moved_or_deleted(here: Path) -> None:
    stop_seeds(here, os.killpg, "SIGTERM")  # as where a machine shuts down
    Path("a").rename("b c")
    Path("b c/seed-1/config.toml").unlink()  # the checkpoint has it, too
    shutil.rmtree("b c/seed-2")
    Path("b c/seed-4").mkdir()  # as where a kill came before there was a config
    said = nnbp("train", "--resume", "b c", "--jobs", 2, "-q", "--json")
    assert said.status == 0
    runs = json.loads(said.out)["runs"]
    assert [run["seed"] for run in runs] == [1, 2, 3]
    for seed, run in enumerate(runs, 1):  # one that was left, one that is gone, and one that had not begun
        assert (run["run"], run["weights"]) == (f"b c/seed-{seed}", f"b c/seed-{seed}/weights.npz")
        nnbp("train", *LONG, "--set", f"training.seed={seed}", "--out", f"alone-{seed}", "-q")
        assert results(here / f"b c/seed-{seed}") == results(here / f"alone-{seed}")
    Path("b c/seeds.json").write_text("[1, -2]")
    said = nnbp("train", "--resume", "b c")
    assert said.err.startswith("b c/seeds.json: damaged: 1: input should be greater than or equal to 0; del")
    Path("b c/seeds.json").unlink()
    Path("b c").rename("d")
    *_, go_on = nnbp("train", "--resume", "d").out.splitlines()
    assert go_on == "next: nnbp eval d/seed-1 d/seed-2 d/seed-3"


def test_the_time_left_goes_by_what_was_done_since_the_jobs_began(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    reporter = progress.TerminalReporter(quiet=False)
    reporter.begin_jobs({"seed 1": 100, "seed 2": 100, "seed 3": 40}, done=1)
    reader, writer = os.pipe()
    resumed = _ToParent(writer)
    resumed.begin(epochs=100, batches=5)
    resumed.step(90, 1, 0.3)  # 90 epochs are from before
    reporter.advance("seed 1", float(os.read(reader, 100)))
    reporter.advance("seed 2", 0.0)
    now = 4.0
    reporter.finish("seed 3", "diverged")  # as it did before, at once
    now = 49.0
    reporter.finish("seed 1", None)
    now = 98.0
    reporter.finish("seed 2", None)
    assert capsys.readouterr().err.splitlines() == [
        "4 runs, 1 was run before",
        "seed 3: failed: diverged; 2 more runs",
        "seed 1: done; 1 more run, about 8 min left",
        "seed 2: done",
    ]


def test_a_seed_that_diverges_stops_no_other_and_is_in_no_mean(here: Path) -> None:
    base = config.load("small.toml", ["training.threads=1"])
    for seed, rate in ((1, 1e30), (2, 0.1), (10, 0.1)):
        training = replace(base.training, seed=seed, learning_rate=rate)
        Job("", replace(base, training=training), here / f"out/seed-{seed}", work=1).prepare()
    said = nnbp("train", "--resume", "out", "-q", "--jobs", 2)
    assert said.status == 1
    assert said.err.startswith("out: seed 1: training: diverged")
    assert said.err.count("\n") == 1
    assert said.out.splitlines()[1].split() == ["1", "failed"]
    assert said.out.splitlines()[-1] == "next: nnbp eval out/seed-2 out/seed-10"

    before = {
        path: path.stat().st_mtime_ns for path in here.glob("out/seed-*/*") if path.parent.name != "seed-1"
    }
    again = nnbp("train", "--resume", "out", "-q", "--json")
    assert (again.status, "diverged" in again.err) == (1, True)
    plain = json.loads(again.out)
    accuracies = [summary.read(here / f"out/seed-{k}").test.accuracy for k in (2, 10)]  # type: ignore[union-attr]
    assert plain["test"]["mean"] == pytest.approx(np.mean(accuracies), rel=1e-12)
    assert list(plain["failures"]) == ["1"]
    assert {path: path.stat().st_mtime_ns for path in before} == before, (
        "those that are done are left as they are"
    )


def test_several_at_a_time_have_one_thread_each_where_that_is_left_open(here: Path) -> None:
    large = ("network.layers.0.neurons=2000", "training.batch_size=200", "training.epochs=1")
    train("--seeds", 2, "--jobs", 2, "--out", "out", *(word for each in large for word in ("--set", each)))
    for seed in (1, 2):
        assert config.load(f"out/seed-{seed}/config.toml").training.threads == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux has affinities")
@pytest.mark.parametrize(
    ("threads", "jobs", "memory", "at_a_time"),
    [
        ("auto", None, inf, 4),
        ("auto", 3, inf, 3),
        ("auto", 6, inf, 6),
        ("auto", 20, inf, 9),
        ("1", 6, inf, 6),
        ("2", None, inf, 2),
        ("2", 6, inf, 2),
        ("3", None, inf, 1),
        ("8", None, inf, 1),
        ("auto", None, 3.9, 3),
        ("auto", 6, 5.1, 5),
        ("auto", 6, 0.5, 1),
    ],
)
def test_no_more_go_on_than_there_are_cores_for_their_threads_and_memory_for_them_all(
    here: Path,
    drawn: Path,
    monkeypatch: pytest.MonkeyPatch,
    threads: str,
    jobs: int | None,
    memory: float,
    at_a_time: int,
) -> None:
    loaded = config.load("small.toml", [f"training.threads={threads}"])
    data = loading.load("synthetic", drawn, size=600)
    network = config.build(loaded.network, data.shape)
    one = config.needed_memory(network, loaded.training) + 720 * 28 * 28  # its images
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    monkeypatch.setattr(hardware, "total_memory", lambda: memory * one)
    assert dispatch.at_a_time([loaded] * 9, data, jobs) == at_a_time


@pytest.mark.parametrize(
    ("line", "status", "refusal"),
    [
        (
            "small.toml --seeds 2 --out there --data-dir no --offline --set data.name=kmnist",
            1,
            "there: is there already, and not an empty directory",
        ),
        ("small.toml --seeds 2 --weights w.npz", 2, "'--weights' is for one run"),
        ("small.toml --jobs 2", 2, "'--jobs' is for '--seeds'"),
        ("small.toml --seeds 2 --set training.seed=9223372036854775807", 2, "--set training.seed=92233720"),
        ("--resume seeds --seeds 2", 2, "a run that is resumed has its config"),
        ("--resume seeds --weights w.npz", 2, "'--weights' is for one run"),
        ("--resume seeds --set training.epochs=9", 2, "'--set' and '--data' are for one run"),
        ("--resume there", 1, "there: no run to go on with"),
    ],
)
def test_what_goes_with_one_run_alone_is_refused(here: Path, line: str, status: int, refusal: str) -> None:
    (here / "there").mkdir()
    (here / "there/thesis.txt").write_text("mine")
    Job("", config.load("small.toml"), here / "seeds/seed-1", work=1).prepare()
    said = nnbp("train", *line.split())
    assert (said.status, said.out) == (status, "")
    assert refusal in said.err
    assert said.err.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["seeds", "small.toml", "there"]
