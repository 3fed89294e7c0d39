"""A run that was left, however it was left, goes on to the very same end."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnbp_cli.datasets.dataset import Split
from nnbp_cli.errors import NnbpError
from nnbp_cli.runs import active_run, checkpoint
from nnbp_cli.runs import run as experiment
from nnbp_cli.runs.active_run import ActiveRun
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.system import npz, signals
from nnbp_cli.training import loop
from tests.command_line import Said, nnbp
from tests.interruption import Interruption, Killed, killed
from tests.small_run import contents, replace, results, results_of_second_score, train

Stopped = Callable[..., Said]


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> Stopped:
    """A command that a SIGINT stops when it has asked `after` times whether there was one."""

    def say(command: Callable[..., Said], *arguments: object, after: int = 30) -> Said:
        with monkeypatch.context() as patched:
            patched.setattr(signals, "defer", Interruption(after).defer)
            return command(*arguments)

    return say


@pytest.fixture(autouse=True)
def _a_stop_at_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "BATCHES_PER_CHUNK", 1)


def resume(*more: object) -> Said:
    return nnbp("train", "--resume", "run", "-q", *more)


def save_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "SAVE_EVERY", 0)
    monkeypatch.setattr(experiment, "SHARE_OF_SAVING", 1e9)


@pytest.mark.usefixtures("each_engine")
def test_a_run_that_was_killed_goes_on_from_its_checkpoint_or_else_from_the_start(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--out", "whole", "-q")
    whole = results(Path("whole"))

    for batch in (1, 10, 25):
        shutil.rmtree("run", ignore_errors=True)

        def check(state: loop.TrainingState) -> None:
            if (state.epoch, state.batch) == (1, batch):  # noqa: B023
                killed()

        with monkeypatch.context() as patched:
            save_always(patched)
            patched.setattr(loop, "check_finite", check)
            with pytest.raises(Killed):
                train("--out", "run", "-q")
        assert not Path("run/weights.npz").exists()
        assert checkpoint.load(Path("run/checkpoint.npz")).state.batch == batch - 1
        said = nnbp("eval", "run")
        assert said.status == 1
        assert "the run has not ended; 'nnbp train --resume run' goes on with it" in said.err
        Path("run/.weights.npz.1-abc.part").write_text("torn")
        with Path("run/log.csv").open("a") as log:
            log.write("7,torn")
        assert resume().status == 0
        assert results(Path("run")) == whole
        assert not list(Path("run").glob(".*"))

    for name in ("checkpoint.npz", "log.csv", "summary.json", "weights.npz"):
        Path("run", name).unlink()
    replace("run/config.toml", "threads = 1\n", "")
    assert resume().status == 0, "from config.toml alone, which may leave something open again"
    assert results(Path("run")) == whole


def test_a_finished_run_goes_on_if_more_epochs_are_asked_for_and_says_so(here: Path) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=5")
    train("--out", "run", "-q")
    more = "run: the run is finished (all epochs are done); for more, --set training.epochs=6\n"
    assert resume() == Said(2, "", more)
    said = resume("--set", "training.epochs=5")
    assert said.status == 0
    assert "note: this run was scored on the test set 2 times\n" in said.out
    assert results_of_second_score(Path("run")) == results(Path("long"))


@pytest.mark.usefixtures("each_engine")
def test_a_finished_run_that_went_on_and_was_stopped_before_its_new_score_is_not_finished(
    here: Path, stopped: Stopped
) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=4")
    train("--out", "run", "-q")
    # The fourth epoch is done, its weights are being scored.
    said = stopped(resume, "--set", "training.epochs=4", after=28)
    assert (said.status, "stopped by SIGINT after 4 epochs" in said.out) == (130, True)
    assert resume().status == 0
    assert results_of_second_score(Path("run")) == results(Path("long"))


def test_a_signal_after_the_last_score_stops_nothing_any_more(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[str] = []
    monkeypatch.setattr(signals, "defer", lambda: nullcontext(lambda: came[0] if came else None))
    scored = experiment._scored

    def then_a_signal(run: ActiveRun, split: Split, received: experiment.SignalReceived) -> Any:
        score = scored(run, split, received)
        if len(split.labels) == 120:  # the test set
            came.append("SIGINT")
        return score

    monkeypatch.setattr(experiment, "_scored", then_a_signal)
    said = train("--out", "run", "-q")
    assert said.status == 0
    assert said.out.startswith("test accuracy")
    assert json.loads(Path("run/summary.json").read_text())["stopped_by"] is None


EPOCHS = "goes by the number of epochs, so that cannot change now; train again\n"


@pytest.mark.parametrize(
    ("began_with", "setting", "said"),
    [
        ("seed=1", "training.seed=2", "run: a run goes on as it began; leave out --set of training.seed\n"),
        ("seed=1", "network.layers.0.neurons=9", "leave out --set of network.layers\n"),
        ("seed=1", "training.epoch=9", "epoch=9: unknown key; did you mean training.epochs?\n"),
        ("schedule=linear", "training.epochs=9", f"run: the schedule 'linear' {EPOCHS}"),
        ("warmup=0.1", "training.epochs=9", f"run: the warm-up {EPOCHS}"),
        ("finish={epochs=1, learning_rate=0.1}", "training.epochs=9", f"run: the finish {EPOCHS}"),
    ],
)
def test_what_would_make_it_another_run_is_refused(
    here: Path, began_with: str, setting: str, said: str
) -> None:
    train("--out", "run", "-q", "--set", f"training.{began_with}")
    before = contents(Path("run"))
    refused = resume("--set", setting)
    assert (refused.status, contents(Path("run"))) == (2, before)
    assert said in refused.err


def test_where_there_is_nothing_to_resume_it_is_said_and_a_run_may_begin(here: Path) -> None:
    assert resume().err == "run: no such run directory; 'nnbp runs' lists what there is\n"
    Path("run").mkdir()
    assert resume().err == "run: no run to go on with; name one that 'nnbp runs' lists\n"
    Path("run/.config.toml.1-abc.part").write_text("of one that died before it began")
    assert train("--out", "run", "-q").status == 0
    assert not list(Path("run").glob(".*"))


def test_a_run_is_saved_ten_seconds_after_it_was_last_saved_or_later_where_saving_takes_long(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, took, saved = 0.0, 0.0, []

    def step(*_: object) -> None:
        nonlocal now
        now += 0.75

    def save(*_: object) -> None:
        nonlocal now
        saved.append(now)
        now += took

    monkeypatch.setattr(active_run, "perf_counter", lambda: now)
    monkeypatch.setattr(checkpoint, "save", save)
    monkeypatch.setattr("nnbp_cli.terminal.progress.TerminalReporter.step", step)
    train("--out", "fast", "-q")  # 81 steps
    assert saved[:-1] == [10.5, 21.0, 31.5, 42.0, 52.5]
    now, took = 0.0, 0.25
    saved.clear()
    train("--out", "slow", "-q")
    assert saved[:-1] == [10.5, 36.25]


def test_a_checkpoint_that_a_disk_does_not_show_is_no_reason_to_begin_anew(
    here: Path, stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(train, "--out", "run", "-q")
    before = Path("run/checkpoint.npz").read_bytes()
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self.name != "checkpoint.npz" and exists(self))
    assert resume().status == 1
    assert Path("run/checkpoint.npz").read_bytes() == before


def test_what_is_not_as_it_was_is_named(
    here: Path, stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(train, "--out", "run", "-q")
    now = checkpoint.made_with("numpy")
    monkeypatch.setattr(checkpoint, "made_with", lambda *_: now | {"numpy": "9.9"})
    said = nnbp("train", "--resume", "run")
    assert f"note: numpy was {now['numpy']}, now 9.9: the weights may end with other last bits" in said.err
    assert said.err.splitlines()[0] == "run: 1 epoch and 3 of 25 batches are done"


def test_what_the_last_bits_depend_on_is_recorded() -> None:
    with threadpool_limits(1, user_api="blas"):
        one = checkpoint.made_with("numpy")
    assert all(one.values())
    with threadpool_limits(3, user_api="blas"):
        three = checkpoint.made_with("numpy")
    assert {what for what in one if one[what] != three[what]} == {"threads"}
    *others, last = one["numpy's instructions"].split()
    program = (
        'from nnbp_cli.runs import checkpoint; print(checkpoint.made_with("numpy")["numpy\'s instructions"])'
    )
    line, fewer = [sys.executable, "-W", "ignore", "-c", program], {"NPY_DISABLE_CPU_FEATURES": last}
    said = subprocess.run(line, env=os.environ | fewer, capture_output=True, text=True)
    assert said.stdout.split() == others or "baseline" in said.stderr, "numpy does without, or says it cannot"


def test_two_trainings_into_one_directory_are_one_too_many(here: Path, stopped: Stopped) -> None:
    stopped(train, "--out", "run", "-q")
    with RunDirectory(Path("run")).locked():
        busy = "run: another process is training into it; wait for it, or stop it\n"
        assert resume() == Said(1, "", busy)
    assert resume().status == 0


# A directory that is moved away while it is trained into


def at_batch(
    monkeypatch: pytest.MonkeyPatch, epoch: int, batch: int, act: Callable[[loop.TrainingState], object]
) -> None:
    """Let something happen once in a run, when so many batches of an epoch are done."""
    waiting, train = [act], loop.train

    def acting(*arguments: Any) -> Iterator[Any]:
        state = arguments[3]
        for step in train(*arguments):
            if waiting and (state.epoch, state.batch) == (epoch, batch):
                waiting.pop()(state)
            yield step

    monkeypatch.setattr(loop, "train", acting)


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("how", ["trained into", "a link", "a file", "nothing"])
def test_a_run_whose_directory_was_moved_away_stops_and_harms_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, stopped: Stopped, how: str, resumed: bool
) -> None:
    train("--out", "whole", "-q")
    whole = results(Path("whole"))
    other = Path("other")
    if resumed:
        stopped(train, "--out", "run", "-q")

    def move(_: object) -> None:
        Path("run").rename("moved")
        if how == "trained into":
            assert train("--out", "run", "-q", "--set", "training.seed=2").status == 0
            shutil.copytree("run", other)
        elif how == "a link":
            shutil.copytree("moved", other)
            Path("run").symlink_to(other)
        elif how == "a file":
            Path("run").write_text("somebody's")

    at_batch(monkeypatch, 1, 7, move)
    said = resume() if resumed else train("--out", "run", "-q")
    moved = here / "moved"
    assert said == Said(
        1,
        "",
        f"run: the directory was moved to {moved} while it was trained into; nothing more is written, "
        f"and 'nnbp train --resume {moved}' goes on with it\n",
    )
    if how == "trained into":
        assert contents(Path("run")) == contents(other)
    elif how == "a link":
        assert contents(other) == contents(Path("run"))
        assert "summary.json" not in contents(other) or resumed
    elif how == "a file":
        assert Path("run").read_text() == "somebody's"
    else:
        assert not Path("run").exists()
    assert nnbp("train", "--resume", "moved", "-q").status == 0
    assert results(Path("moved")) == whole


def test_a_run_whose_directory_was_deleted_stops_and_makes_no_other(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_batch(monkeypatch, 1, 7, lambda _: shutil.rmtree("run"))
    said = train("--out", "run", "-q")
    assert said.err.startswith("run: the directory was moved, replaced or deleted while it was trained into")
    assert (said.status, said.out) == (1, "")
    assert not Path("run").exists()
    assert not Path("weights.npz").exists()


@pytest.mark.parametrize("name", ["config.toml", "log.csv", "checkpoint.npz", "weights.npz", "summary.json"])
def test_what_cannot_be_written_is_refused_before_anything_is_trained(here: Path, name: str) -> None:
    train("--out", "run", "-q")
    path = Path("run", name)
    path.unlink()
    kinds: list[Callable[[Path], object]] = [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")]
    for attempt, make in enumerate(kinds):
        make(path)
        refused = f"run/{name}: is there already, and not a file of the run; move it away\n"
        assert resume("--set", "training.epochs=4") == Said(1, "", refused)
        path.rename(f"aside-{attempt}")


def test_a_run_whose_checkpoint_is_gone_is_not_trained_over_from_the_start(
    here: Path, stopped: Stopped
) -> None:
    train("--out", "finished", "-q")
    stopped(train, "--out", "stopped", "-q")
    for run in ("finished", "stopped"):
        Path(run, "checkpoint.npz").unlink()
        for gone in ((), ("summary.json",), ("config.toml",)):
            for name in gone:
                Path(run, name).unlink()
            before = contents(Path(run))
            said = nnbp("train", "--resume", run, "-q")
            assert (said.status, contents(Path(run))) == (1, before)
            refused = "is gone, and 'weights.npz' alone does not say how the run goes on; train a new run\n"
            assert "config.toml" in gone or said.err == f"{run}/checkpoint.npz: {refused}"


# A run that diverged


def test_a_run_that_diverged_is_called_so_everywhere_and_would_diverge_again(here: Path) -> None:
    train("--out", "runs/sound", "-q")
    said = train("--out", "runs/sick", "-q", "--set", "training.learning_rate=1e20")
    assert said.status == 1
    why = said.err.removeprefix("training: diverged: ").rstrip("\n")
    assert why.endswith("; try a smaller learning_rate, or another initializer")
    told = json.loads(Path("runs/sick/summary.json").read_text(), parse_constant=pytest.fail)
    assert (told["diverged"], told["stopped_by"], told["test"]) == (why, None, None)
    assert (told["epochs"], told["kept"], told["times_tested"]) == (0, {}, 0)
    assert told["weights"] is None, "there are none"
    none = "no such file; this run has none; 'nnbp runs runs' says how it ended\n"
    for command in ("eval runs/sick", "export runs/sick sick.onnx"):
        assert nnbp(*command.split()).err == f"runs/sick/weights.npz: {none}"

    states = {run["name"]: run["state"] for run in json.loads(nnbp("runs", "--json").out)}
    assert states == {"sound": "complete", "sick": "diverged"}
    assert [line.split()[-1] for line in nnbp("runs").out.splitlines() if "sick" in line] == ["diverged"]
    said = nnbp("report", "runs/sick")
    assert (said.status, said.err) == (0, f"runs/sick: diverged: {why}\n")
    page = Path("report.html").read_text()
    assert f"diverged: {why}" in page
    assert "0 of 3 epochs, then it diverged" in page
    before = contents(Path("runs/sick"))
    resume = ("train", "--resume", "runs/sick", "-q")
    remedy = "a run goes on as it began; with its config edited, train a new one: "
    refused = f"runs/sick: the run diverged: {why}; {remedy}'nnbp train runs/sick/config.toml'\n"
    assert nnbp(*resume) == Said(2, "", refused)
    assert contents(Path("runs/sick")) == before
    replace("runs/sick/config.toml", "learning_rate = 1e+20", "learning_rate = 0.1")
    assert nnbp(*resume) == Said(2, "", refused)
    assert nnbp("train", "runs/sick/config.toml", "-q", "--out", "well").status == 0


@pytest.mark.usefixtures("each_engine")
def test_a_run_that_diverged_later_keeps_what_it_had_and_may_end_before(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--out", "short", "-q", "--set", "training.epochs=1")
    at_batch(monkeypatch, 1, 20, lambda state: state.params.theta.fill(np.nan))
    said = train("--out", "run", "-q")
    assert said.status == 1
    assert said.err.endswith("; the weights kept before are in run/weights.npz\n")
    told = json.loads(Path("run/summary.json").read_text())
    assert "the weights kept before" not in told["diverged"]
    assert (told["epochs"], told["kept_epoch"]) == (1, 1)
    assert list(told["kept"]) == ["training cost", "validation accuracy"]
    assert nnbp("eval", "run").status == 0
    assert resume().status == 2
    assert resume("--set", "training.epochs=2").status == 2
    assert resume("--set", "training.epochs=1").status == 0, "up to where it was well"
    assert results(Path("run")) == results(Path("short"))


# A config.toml that was edited


def test_an_edited_config_is_refused_by_its_keys_and_nothing_is_written(here: Path, stopped: Stopped) -> None:
    stopped(train, "--out", "run", "-q")
    config = Path("run/config.toml")
    sound, before = config.read_text(), contents(Path("run"))
    unknown = "run/config.toml: training.epoch: unknown key; did you mean training.epochs?\n"
    remedy = (
        "run/config.toml: the checkpoint has the config of the run; delete the file, and it is written anew"
    )
    for edits, first, last in (
        (
            ("learning_rate = 0.1", "learning_rate = 0.2"),
            "run/config.toml: training.learning_rate was changed since the run began; ",
            "put it back, or train a new run with it\n",
        ),
        (
            ("seed = 1", "seed = 2", "neurons = 12", "neurons = 13"),
            "run/config.toml: data.seed, network.layers and training.seed were changed since the run began; ",
            "put them back, or train a new run with them\n",
        ),
        (("epochs", "epoch"), unknown, f"\n{remedy}\n"),
    ):
        replace(config, *edits)
        edited = contents(Path("run"))
        said = resume()
        assert (said.status, contents(Path("run"))) == (2, edited)
        assert first in said.err
        assert said.err.endswith(last)
        config.write_text(sound)
    assert contents(Path("run")) == before
    config.write_text("# as it was\n" + sound)
    assert resume().status == 0, "a comment changes nothing"
    assert config.read_text() == sound


def test_other_epochs_in_an_edited_config_are_as_on_the_command_line(here: Path) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=5")
    train("--out", "run", "-q")
    replace("run/config.toml", "epochs = 3", "epochs = 5")
    assert resume().status == 0
    assert results(Path("run"))["state"] == results(Path("long"))["state"]
    replace("run/config.toml", "epochs = 5", "epochs = 7")
    assert resume("--set", "training.epochs=6").status == 0, "the command line has the last word"
    assert checkpoint.load(Path("run/checkpoint.npz")).state.epoch == 6
    replace("run/config.toml", "epochs = 6", "epochs = 2")
    assert resume().err == "run: has 6 epochs already; set training.epochs to more\n"

    train("--out", "linear", "-q", "--set", "training.schedule=linear")
    said = nnbp("train", "--resume", "linear", "-q")
    assert said.err == "linear: the run is finished (all epochs are done); train a new one\n"
    replace("linear/config.toml", "epochs = 3", "epochs = 5")
    said = nnbp("train", "--resume", "linear", "-q")
    assert said.err.startswith("linear: the schedule 'linear' goes by the number of epochs")


def test_a_run_goes_on_without_its_summary_or_with_an_odd_one(here: Path, stopped: Stopped) -> None:
    train("--out", "whole", "-q")
    whole = results(Path("whole"))
    for content in (None, "", "{", '{"epochs": 1e999}', '{"times_tested": 4, "began": "year 1"}'):
        stopped(train, "--out", "run", "-q")
        Path("run/summary.json").unlink()
        if content is not None:
            Path("run/summary.json").write_text(content)
        assert resume().status == 0
        run = results(Path("run"))
        counted = run["summary"].pop("times_tested")
        assert counted == (5 if content and "4" in content else 1), "as far as can be known"
        assert run["summary"] | {"times_tested": 1} == whole["summary"]
        assert run["state"] == whole["state"]
        shutil.rmtree("run")


@pytest.mark.usefixtures("each_engine")
def test_a_run_that_diverges_keeps_its_last_good_checkpoint(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_always(monkeypatch)
    said = train("--out", "run", "-q", "--set", "training.learning_rate=1e20")
    assert said.status == 1
    assert "training: diverged: not finite in the weights of layer" in said.err
    assert np.isfinite(checkpoint.load(Path("run/checkpoint.npz")).state.params.theta).all()


SCORES = {"training cost": 1.0, "validation accuracy": 0.5}
OF_NO_RUN: dict[str, list[Any]] = {
    "config": ["[training]\n", 3],
    "inputs": [0, 10**9],
    "epoch": [2, -1, 10**12],
    "batch": [1.5, 10**400],
    "seconds": [-1, "long"],
    "made_with": [[]],
    "began": ["0001-01-01", "soon"],
    "history": [
        5,
        [[1, 0.1, 1.0]],
        [[1, "fast", 1.0, {}]],
        [[2, 0.1, 1.0, {}]],
        [[1, 0.1, 1.0, {"training cost": 1.0}]],
        [[1, 0.1, 1.0, {"training cost": 1.0, "test luck": 1.0}]],
        [[1, 0.1, 1.0, dict(reversed(SCORES.items()))]],
        [[1, 0.1, 1e300, SCORES]],
        [[1, 10**400, 1.0, SCORES]],
    ],
}


def test_a_meta_that_no_run_has_is_refused(here: Path, stopped: Stopped) -> None:
    stopped(train, "--out", "run", "-q")
    path = Path("run/checkpoint.npz")
    with np.load(path, allow_pickle=False) as members:
        arrays = {name: members[name] for name in members if name != "meta"}
        meta = json.loads(str(members["meta"]))
    for key, value in ((key, value) for key, values in OF_NO_RUN.items() for value in values):
        npz.save(path, checkpoint.KIND, meta | {key: value}, arrays)
        with pytest.raises(NnbpError) as caught:
            checkpoint.load(path)
        assert str(caught.value).startswith(f"{path}: damaged or not an nnbp checkpoint: "), (key, value)
        assert str(caught.value).endswith("; the run cannot go on; train again")
        assert "\n" not in str(caught.value)
