"""`nnbp reproduce`: the book's experiments as data, run in parallel, held against their bands."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.config import DataConfig
from nnbp_cli.errors import CheckFailed, ConfigError, InUse, NnbpError
from nnbp_cli.jobs.process import JobProcess
from nnbp_cli.presets import shipped
from nnbp_cli.reproduction import experiments, results
from nnbp_cli.reproduction import reproduce as whole
from nnbp_cli.reproduction.experiments import Experiment, Figure
from nnbp_cli.reproduction.reproduce import jobs_of
from nnbp_cli.reproduction.results import Row
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.system import signals
from nnbp_cli.terminal import reproduction as table
from nnbp_cli.terminal.progress import TerminalReporter
from tests.command_line import nnbp
from tests.processes import started
from tests.small_run import CONFIG
from tests.torture.reproductions import PROGRAM

BOOK = experiments.load()


# The data


def test_every_config_of_the_book_is_of_an_experiment_and_measures_its_figures() -> None:
    used = {each.config for each in BOOK}
    assert {path for name, path in shipped().items() if name.startswith("book/")} == used - {None}
    for experiment in (each for each in BOOK if each.config):
        assert experiment.config
        loaded = config.load(experiment.config, experiment.settings)
        assert (loaded.data.validation, loaded.training.batch_size) == (10_000, 10), "as in the book"
        for figure in experiment.figures:
            for score in filter(None, (figure.of, figure.minus)):
                watched = score[:-2] if score.startswith("layer speed") else score
                assert watched in loaded.training.watch or figure.take == "scored", experiment.id
        assert (experiment.config.parent.parent / experiment.command.split()[3]).parent.name == "book"


def test_bands_are_what_they_should_be() -> None:
    """As transcribed a second time: the recipe, the figure, the band."""
    banded = {(each.id, figure.name): figure.band for each in BOOK for figure in each.figures if figure.band}
    assert len(banded) == 35
    assert banded["ch1-30", "best test accuracy"] == (94.6, 95.5)
    assert banded["ch1-darkness", "test accuracy"] == (22.25, 22.25)
    assert banded["ch3-learning-rate-2_5", "final training cost"] == (0.6, inf)
    assert banded["ch3-cross-entropy-30", "final training accuracy minus test accuracy"] == (2, 100)
    assert banded["ch5-four-hidden", "best validation accuracy"] == (96.2, 96.9)
    assert banded["ch1-100-slow", "best test accuracy"] == (0, 32)
    assert banded["ch6-dense", "test accuracy"] == (97.4, 98.1)
    assert banded["ch6-one-convolution", "test accuracy"] == (98.4, 99.1)
    assert banded["ch6-relu", "test accuracy"] == (98.9, 99.5)
    for (name, _), band in banded.items():
        assert band[0] <= band[1], name


def test_experiments_are_chosen_by_name_or_by_how_names_begin() -> None:
    def names(*given: str) -> list[str]:
        return [each.id for each in experiments.select(given, BOOK)]

    assert names("ch1-30") == ["ch1-30"], "and not ch1-30-fast"
    assert names("ch5", "ch1-darkness")[:2] == ["ch1-darkness", "ch5-one-hidden"], "in the book's order"
    assert len(names("ch5", "ch5-two-hidden")) == 4
    assert len(names("ch3-training-size")) == 9
    convolutions = names("ch6")[1:]
    assert names() == [each.id for each in BOOK if each.id not in convolutions], "they would take days"
    assert len(names("ch6")) == 7
    with pytest.raises(ConfigError, match="no experiment is called 'ch1-31'; did you mean 'ch1-30'"):
        names("ch1-31")
    with pytest.raises(ConfigError, match="name ch1, ch3, ch5 or ch6, or one that --list shows"):
        names("zzz")


# What is measured


LOG = """epoch,learning_rate,seconds,test_accuracy,training_accuracy,test_cost,layer_speed_2
0,nan,0,0.99,0.1,0.01,0.3
1,0.1,1,0.5,0.7,0.9,0.2
2,0.1,1,0.8,1,0.4,0.1
3,0.1,1,0.6,1,0.5,0.05
"""


@pytest.mark.parametrize(
    ("take", "of", "minus", "value"),
    [
        ("best", "test accuracy", None, 80),
        ("best", "test cost", None, 0.4),
        ("first", "test accuracy", None, 50),
        ("final", "test accuracy", None, 60),
        ("final", "training accuracy", "test accuracy", 40),
        ("start", "layer speed 2", None, 0.3),
        ("perfect", "training accuracy", None, 2),
        ("perfect", "test accuracy", None, inf),
        ("best", "validation accuracy", None, None),
    ],
)
def test_a_figure_is_taken_from_the_log(
    tmp_path: Path, take: Any, of: str, minus: str | None, value: float | None
) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    figure = Figure(take, of, "", minus=minus)
    if value is None:
        with pytest.raises(NnbpError, match=r"has no best validation accuracy; delete it, and it is run aga"):
            results.measured(figure, tmp_path)
    else:
        assert results.measured(figure, tmp_path) == value


def row(*values: float, band: tuple[float, float] | None = (1.0, 2.0), take: Any = "best") -> Row:
    figure = Figure(take, "test accuracy", "1.50", band)
    return Row(Experiment("x-1", "784-10", None, (), (figure,)), figure, values, 3.25, [])


def test_the_median_is_held_against_the_band() -> None:
    assert [row(*values).inside for values in ((0, 1.0, 9), (9, 2.0, 0))] == [True, True]
    assert [row(*values).inside for values in ((0, 0.99, 9), (1.5, 2.01, 3), ())] == [False] * 3
    assert row(22.250000000000004, band=(22.25, 22.25)).inside
    assert row(5.0, band=None).inside is None


def test_the_table_says_all_of_it() -> None:
    good, bad, free = row(1, 1.25, 2), row(4, 5, 9), row(inf, 3, inf, band=None, take="perfect")
    assert [" ".join(line.split()) for line in table.text([good, bad, free, row()])[1:]] == [
        "x-1 best test accuracy 1.50 1.25 1.42 1.00 to 2.00 1 to 2 inside 3.2",
        "x-1 best test accuracy 1.50 5.00 6.00 4.00 to 9.00 1 to 2 OUTSIDE 3.2",
        "x-1 first epoch at 100% test 1.50 never never 3 to never 3.2",
        "x-1 best test accuracy 1.50 failed 1 to 2 OUTSIDE 3.2",
    ]
    assert table.markdown([good])[2].startswith(
        "| `x-1` | 784-10 | best test accuracy | 1.50 | 1.25 | 1.42 |"
    )
    assert len({line.count("|") for line in table.markdown([good, bad, free])}) == 1
    experiment = replace(good.experiment, config=Path("x.toml"))
    for values, verdict in (
        ((1,), "inside, of 1 seed"),
        ((4, 5), "OUTSIDE, of 2 seeds"),
        ((1,) * 5, "inside"),
    ):
        trained = replace(good, experiment=experiment, values=values)
        assert f" | {verdict} | " in table.markdown([trained])[2]
    plain = [each.plain() for each in (good, free, row())]
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert [each["values"] for each in plain] == [[1, 1.25, 2], [None, 3, None], []]
    assert plain[0]["inside"] is True
    with pytest.raises(CheckFailed, match=r"^x-1: best test accuracy is outside its band; see the table$"):
        whole.check([good, bad, free])
    with pytest.raises(CheckFailed, match=r"^x-1 seed 2: no disk$"):
        whole.check([replace(good, failures=["seed 2: no disk"])])
    whole.check([good, free])


# What is run


@pytest.fixture
def small(here: Path, monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """An experiment that takes a moment, on a data set that is there."""
    monkeypatch.setattr(whole, "DATA", DataConfig(name="synthetic", size=600, seed=1))
    figure = Figure("best", "validation accuracy", "50", (0.0, 100.0))
    return Experiment("small", "784-12-10", here / "small.toml", ("training.l2=1.0",), (figure,))


def reproduce(experiment: Experiment, seeds: int = 3) -> list[Row]:
    data_dir = Path(os.environ["NNBP_DATA_DIR"])
    return whole.reproduce([experiment], seeds, 2, Path("book"), data_dir, TerminalReporter(quiet=False))


def test_each_seed_is_a_run_of_its_own_and_is_run_once(
    small: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    (found,) = reproduce(small)
    assert len(set(found.values)) > 1
    assert found.inside
    said = capsys.readouterr().err
    assert "3 runs\n" in said
    assert said.count("small seed ") == 3
    assert "; 1 more run" in said

    directories = {path: path.stat().st_mtime_ns for path in Path("book").iterdir()}
    assert len(directories) == 3
    loaded = config.load(next(iter(directories)) / "config.toml")
    assert (loaded.training.l2, loaded.training.threads) == (1.0, 1)

    assert reproduce(small) == [found]
    assert capsys.readouterr().err == "", "nothing was left to run"
    assert {path: path.stat().st_mtime_ns for path in Path("book").iterdir()} == directories
    run = next(iter(directories))
    scored = results.measured(Figure("scored", "test accuracy", ""), run)
    assert scored == 100 * json.loads((run / "summary.json").read_text())["test"]["accuracy"]

    reproduce(replace(small, settings=()), seeds=1)
    assert len(list(Path("book").iterdir())) == 4, "another config is another run"


@pytest.mark.parametrize(("minutes", "hours"), [(30, "1 hour"), (60, "2 hours")])
def test_long_runs_say_beforehand_how_long_they_take(
    small: Experiment, capsys: pytest.CaptureFixture[str], minutes: int, hours: str
) -> None:
    reproduce(replace(small, minutes=minutes), seeds=2)
    said = f"note: they take about {hours} of one core; --seeds 1 is the shortest\n2 runs\n"
    assert said in capsys.readouterr().err


def test_a_run_that_did_not_end_is_run_again(small: Experiment) -> None:
    (before,) = reproduce(small, seeds=1)
    (run,) = Path("book").iterdir()
    early = ("summary.json", "weights.npz", "checkpoint.npz")
    for missing in (("summary.json",), ("summary.json", "config.toml"), early, (*early, "config.toml")):
        for name in missing:
            (run / name).unlink()
        assert reproduce(small, seeds=1)[0].values == before.values, missing
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps(summary | {"stopped_by": "SIGINT"}))
    assert not jobs_of(small, 1, Path("book"))[0].done


def test_a_run_that_fails_leaves_the_others_be(small: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    non_finite = replace(small, settings=("training.learning_rate=1e30",))
    (found,) = reproduce(non_finite, seeds=2)
    assert found.values == []
    assert found.inside is False
    assert all("training: diverged" in why for why in found.failures)
    assert "small seed 1: failed: training: diverged" in capsys.readouterr().err
    with pytest.raises(CheckFailed, match="small seed 2: training: diverged"):
        whole.check([found])
    assert "failed" in table.text([found])[1]


def test_longer_jobs_are_known_to_be_longer(small: Experiment, here: Path) -> None:
    (job,) = jobs_of(small, 1, Path("book"))
    (here / "long.toml").write_text(CONFIG.replace("epochs = 3", "epochs = 6"))
    (longer,) = jobs_of(replace(small, config=here / "long.toml"), 1, Path("book"))
    assert longer.work == 2 * job.work
    shifted = replace(small, settings=("training.watch=[]", "training.keep=last", "data.augment.shifts=all"))
    unshifted = replace(small, settings=("training.watch=[]", "training.keep=last"))
    (five_times,), (once,) = (jobs_of(each, 1, Path("book")) for each in (shifted, unshifted))
    assert five_times.work == 5 * once.work


def reproducing(here: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A reproduction of runs that are as good as endless, two at a time, in a session of its own."""
    (here / "program.py").write_text(PROGRAM.format(config="small.toml", epochs=100_000))
    return started(sys.executable, "program.py", "reproduce", "--jobs", 2, "--seeds", 3)


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are POSIX's")
@pytest.mark.parametrize(("name", "status"), signals.EXIT_STATUS.items())
def test_a_signal_to_every_process_shows_no_traceback_and_is_no_failure(
    here: Path, name: str, status: int
) -> None:
    """Ctrl-C reaches all that a terminal runs."""
    with reproducing(here) as process:
        assert process.stderr
        assert "3 runs\n" in process.stderr  # and its processes import
        time.sleep(0.3)
        os.killpg(process.pid, getattr(signal, name))
        _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    assert "failed" not in said
    assert (process.returncode, f"stopped by {name}" in said) == (status, True)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "status"), signals.EXIT_STATUS.items())
def test_a_signal_stops_every_process_and_keeps_what_is_done(here: Path, name: str, status: int) -> None:
    def logs() -> dict[Path, str]:
        return {path: path.read_text() for path in here.glob("book-runs/*/log.csv")}

    with reproducing(here) as process:
        while sum("\n" in log for log in logs().values()) < 2:
            time.sleep(0.02)
        process.send_signal(getattr(signal, name))
        _, said = process.communicate(timeout=30)
        before = logs()
        time.sleep(0.3)
        assert logs() == before, "nobody goes on in the background"
    assert process.returncode == status
    assert said.splitlines()[-1] == (
        f"nnbp reproduce: stopped by {name}; "
        "what was run to its end is kept, and the same command goes on from there"
    )
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_process_that_is_killed_fails_its_run_and_no_other(
    small: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = JobProcess.__init__

    def kill_the_first(process: JobProcess, *arguments: Any) -> None:
        begin(process, *arguments)
        begun.append(process)
        if len(begun) == 1:
            process.kill()

    monkeypatch.setattr(JobProcess, "__init__", kill_the_first)
    (found,) = reproduce(small)
    assert found.failures == ["seed 1: its process ended with status -9"]
    assert len(found.values) == 2


def test_a_run_that_a_dying_process_still_holds_is_waited_for_and_not_for_ever(
    small: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = reproduce(small, seeds=1)
    (job,) = jobs_of(small, 1, Path("book"))
    (job.directory / "summary.json").unlink()
    with ExitStack() as held:
        held.enter_context(RunDirectory(job.directory).locked())
        monkeypatch.setattr("nnbp_cli.system.locks.sleep", lambda _: held.close())
        job.prepare()
    assert reproduce(small, seeds=1)[0].values == found.values

    monkeypatch.setattr("nnbp_cli.jobs.job.DYING_SECONDS", 0)
    with RunDirectory(job.directory).locked(), pytest.raises(InUse, match="another process is training"):
        job.prepare()

    monkeypatch.setattr("nnbp_cli.jobs.job.DYING_SECONDS", 10)
    monkeypatch.setattr(
        "nnbp_cli.system.locks.sleep", lambda _: pytest.fail("waits for what no process does")
    )
    (job.directory / "checkpoint.npz").write_text("no checkpoint")
    with pytest.raises(NnbpError, match="not a file of the run"):
        job.prepare()


# The command


def test_the_experiments_are_listed() -> None:
    said = nnbp("reproduce", "--list")
    assert [line.split()[0] for line in said.out.splitlines()] == [each.id for each in BOOK]
    assert len(nnbp("reproduce", "ch5", "--list").out.splitlines()) == 4
    listed = nnbp("reproduce", "ch1-30-fast", "--list", "--markdown").out.splitlines()
    command = "nnbp train --config configs/book/ch1-30.toml --set training.learning_rate=100"
    assert listed[2] == f"| `ch1-30-fast` | 784-30-10, eta 100 | `{command}` |"
    plain = {"experiment": "ch1-30-fast", "what": "784-30-10, eta 100", "command": command, "minutes": 0}
    assert json.loads(nnbp("reproduce", "ch1-30-fast", "--list", "--json").out) == [plain]
    (line,) = nnbp("reproduce", "ch6-one-convolution", "--list").out.splitlines()
    assert line.endswith("eta 0.1, 60 epochs; a run takes 8 min of one core")
    (plain,) = json.loads(nnbp("reproduce", "ch6-one-convolution", "--list", "--json").out)
    assert plain["minutes"] == 8
    said = nnbp("reproduce", "ch7")
    assert (said.status, said.err.count("\n")) == (2, 1)


@pytest.mark.mnist
def test_the_darkness_of_images_tells_exactly_as_much_as_in_the_book(here: Path, real_data: Path) -> None:
    said = nnbp("reproduce", "ch1-darkness", "--data-dir", real_data, "--json", "-q")
    (found,) = json.loads(said.out)
    assert said.status == 0
    assert found["values"] == [pytest.approx(22.25, abs=1e-12)]
    said = nnbp("reproduce", "ch1-darkness", "--data-dir", real_data, "--markdown", "-q")
    assert "22.25 exactly | inside" in said.out
