"""A run that was left, however it was left, goes on to the very same end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from nnbp_cli import archive, checkpoint, experiment, interrupts
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.errors import NnbpError
from nnbp_cli.run_directory import RunDirectory
from nnbp_cli.training import loop
from nnbp_cli.weights import Weights
from tests.command_line import Said, nnbp
from tests.interruption import Interruption
from tests.small_run import results, train

Stop = Callable[[int], None]


@pytest.fixture
def stop_after(monkeypatch: pytest.MonkeyPatch) -> Stop:
    """Let a SIGINT come when the run has asked so many times whether there was one."""
    interruption = Interruption()
    monkeypatch.setattr(interrupts, "deferred", interruption.deferred)
    return interruption.come


@pytest.fixture(autouse=True)
def _a_stop_at_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "MOST_BATCHES", 1)


def resume(*more: object) -> Said:
    return nnbp("train", "--resume", "run", "-q", *more)


def test_a_run_that_was_killed_goes_on_from_its_checkpoint_or_else_from_the_start(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--out", "whole", "-q")
    whole = results(Path("whole"))

    class Killed(BaseException):
        pass

    def killed_at(batch: int) -> None:
        def check(state: loop.State) -> None:
            if (state.epoch, state.batch) == (1, batch):
                raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(experiment, "SAVE_EVERY", 0)
            patched.setattr(experiment, "SHARE_OF_SAVING", 1e9)
            patched.setattr(loop, "check_finite", check)
            with pytest.raises(Killed):
                train("--out", "run", "-q")

    for batch in (1, 10, 25):
        shutil.rmtree("run", ignore_errors=True)
        killed_at(batch)
        assert not Path("run/weights.npz").exists()
        assert checkpoint.load(Path("run/checkpoint.npz")).state.batch == batch - 1
        said = nnbp("eval", "run")
        assert said.status == 1
        assert "the run has not ended; 'nnbp train --resume run' goes on with it" in said.err
        (Path("run") / ".weights.npz.1-abc.part").write_text("torn")
        with Path("run/log.csv").open("a") as log:
            log.write("7,torn")
        assert resume().status == 0
        assert results(Path("run")) == whole
        assert not list(Path("run").glob(".*"))

    for name in ("checkpoint.npz", "log.csv", "summary.json", "weights.npz"):
        Path("run", name).unlink()
    assert resume().status == 0, "from config.toml alone"
    assert results(Path("run")) == whole


def test_a_finished_run_goes_on_if_more_epochs_are_asked_for_and_says_so(here: Path) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=5")
    train("--out", "run", "-q")
    said = resume()
    assert (said.status, said.err) == (
        2,
        "run: the run is finished (all epochs are done); for more, --set training.epochs=6\n",
    )
    said = resume("--set", "training.epochs=5")
    assert said.status == 0
    assert "note: this run was scored on the test set 2 times\n" in said.out
    long, run = results(Path("long")), results(Path("run"))
    assert (long["summary"].pop("times_tested"), run["summary"].pop("times_tested")) == (1, 2)
    assert run == long
    assert resume("--set", "training.epochs=4").err == (
        "run: has 5 epochs already; set training.epochs to more\n"
    )


def test_a_finished_run_that_went_on_and_was_stopped_before_its_new_score_is_not_finished(
    here: Path, stop_after: Stop
) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=4")
    train("--out", "run", "-q")
    stop_after(28)  # the fourth epoch is done, its weights are being scored
    said = resume("--set", "training.epochs=4")
    assert (said.status, "stopped by SIGINT after 4 epochs" in said.out) == (130, True)
    stop_after(10**9)
    assert resume().status == 0
    long, run = results(Path("long")), results(Path("run"))
    assert (long["summary"].pop("times_tested"), run["summary"].pop("times_tested")) == (1, 2)
    assert run == long


def test_a_signal_after_the_last_score_stops_nothing_any_more(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[str] = []
    monkeypatch.setattr(interrupts, "deferred", lambda: nullcontext(lambda: came[0] if came else None))
    scored = experiment._scored

    def then_a_signal(learned: Weights, split: Split, received: experiment.SignalReceived) -> Any:
        score = scored(learned, split, received)
        if len(split.labels) == 120:  # the test set
            came.append("SIGINT")
        return score

    monkeypatch.setattr(experiment, "_scored", then_a_signal)
    said = train("--out", "run", "-q")
    assert said.status == 0
    assert said.out.startswith("test accuracy")
    assert json.loads(Path("run/summary.json").read_text())["stopped_by"] is None


def test_a_run_that_died_before_it_began_is_no_obstacle(here: Path) -> None:
    Path("run").mkdir()
    Path("run/.config.toml.1-abc.part").write_text("torn")
    assert train("--out", "run", "-q").status == 0
    assert not list(Path("run").glob(".*"))


def test_a_finished_run_that_cannot_have_more_epochs_is_not_offered_any(here: Path) -> None:
    train("--out", "run", "-q", "--set", "training.schedule=linear")
    assert resume().err == "run: the run is finished (all epochs are done); train a new one\n"


@pytest.mark.parametrize(
    ("began_with", "setting", "said"),
    [
        ((), "training.seed=2", "run: a run goes on as it began; leave out --set of training.seed\n"),
        ((), "network.layers.0.neurons=9", "leave out --set of network.layers\n"),
        ((), "training.epoch=9", "--set training.epoch=9: unknown key; did you mean training.epochs?\n"),
        (
            ("training.schedule=linear",),
            "training.epochs=9",
            "run: the schedule 'linear' goes by the number of epochs, so that cannot change now; train ag",
        ),
        (("training.warmup=0.1",), "training.epochs=9", "run: the warm-up goes by the number of epochs"),
    ],
)
def test_what_would_make_it_another_run_is_refused(
    here: Path, began_with: tuple[str, ...], setting: str, said: str
) -> None:
    train("--out", "run", "-q", *(part for each in began_with for part in ("--set", each)))
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    refused = resume("--set", setting)
    assert refused.status == 2
    assert said in refused.err
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before


def test_where_there_is_nothing_to_resume_it_is_said(here: Path) -> None:
    assert resume().err == "run: no such run directory; 'nnbp runs' lists what there is\n"
    Path("run").mkdir()
    assert resume().err == "run: no run to go on with; name one that 'nnbp runs' lists\n"


def test_a_run_is_saved_ten_seconds_after_it_was_last_saved_or_later_where_saving_takes_long(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, took, saved = 0.0, 0.0, []

    def step(state: loop.State) -> None:
        nonlocal now
        now += 0.75

    def save(*_: object) -> None:
        nonlocal now
        saved.append(now)
        now += took

    monkeypatch.setattr(experiment, "perf_counter", lambda: now)
    monkeypatch.setattr(checkpoint, "save", save)
    monkeypatch.setattr("nnbp_cli.display.training.TrainingDisplay.step", lambda _, state: step(state))
    train("--out", "fast", "-q")  # 81 steps
    assert saved[:-1] == [10.5, 21.0, 31.5, 42.0, 52.5]
    now, took = 0.0, 0.25
    saved.clear()
    train("--out", "slow", "-q")
    assert saved[:-1] == [10.5, 36.25]


def test_a_checkpoint_that_a_disk_does_not_show_is_no_reason_to_begin_anew(
    here: Path, stop_after: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(30)
    train("--out", "run", "-q")
    before = Path("run/checkpoint.npz").read_bytes()
    exists = Path.exists
    monkeypatch.setattr(Path, "exists", lambda self: self.name != "checkpoint.npz" and exists(self))
    assert resume().status == 1
    assert Path("run/checkpoint.npz").read_bytes() == before


def test_other_data_are_refused(here: Path, stop_after: Stop, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_after(30)
    train("--out", "run", "-q")
    stop_after(10**9)
    real = checkpoint.load

    def other(path: Path) -> checkpoint.Checkpoint:
        left = real(path)
        object.__setattr__(left, "digest", "another")
        return left

    monkeypatch.setattr(checkpoint, "load", other)
    assert (
        resume().err
        == "run: 'synthetic' is not what it was trained on; bring that back, or name it with --data\n"
    )


def test_what_is_not_as_it_was_is_named(
    here: Path, stop_after: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(30)
    train("--out", "run", "-q")
    stop_after(10**9)
    now = checkpoint.made_with()
    monkeypatch.setattr(checkpoint, "made_with", lambda: now | {"numpy": "9.9"})
    said = nnbp("train", "--resume", "run")
    assert f"note: numpy was {now['numpy']}, now 9.9: the weights may end with other last bits" in said.err
    assert said.err.splitlines()[0] == "run: 1 epochs and 3 of 25 batches are done"


def test_what_the_last_bits_depend_on_is_recorded() -> None:
    with threadpool_limits(1, user_api="blas"):
        one = checkpoint.made_with()
    assert all(one.values())
    with threadpool_limits(3, user_api="blas"):
        three = checkpoint.made_with()
    assert {what for what in one if one[what] != three[what]} == {"threads"}
    *others, last = one["numpy's instructions"].split()
    program = """from nnbp_cli import checkpoint; print(checkpoint.made_with()["numpy's instructions"])"""
    fewer = os.environ | {"NPY_DISABLE_CPU_FEATURES": last}
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=fewer, capture_output=True, text=True
    )
    assert said.stdout.split() == others or "baseline" in said.stderr, "numpy does without, or says it cannot"


def test_two_trainings_into_one_directory_are_one_too_many(here: Path, stop_after: Stop) -> None:
    stop_after(30)
    train("--out", "run", "-q")
    with RunDirectory(Path("run")).locked():
        said = resume()
        assert (said.status, said.err) == (
            1,
            "run: another process is training into it; wait for it, or stop it\n",
        )
    stop_after(10**9)
    assert resume().status == 0


def test_a_run_that_diverges_keeps_its_last_good_checkpoint(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "SAVE_EVERY", 0)
    monkeypatch.setattr(experiment, "SHARE_OF_SAVING", 1e9)
    said = train("--out", "run", "-q", "--set", "training.learning_rate=1e20")
    assert said.status == 1
    assert "training: diverged: not finite in the weights of layer" in said.err
    left = checkpoint.load(Path("run/checkpoint.npz"))
    assert np.isfinite(left.state.params.theta).all()


# The file


@pytest.fixture
def left(here: Path, stop_after: Stop) -> Path:
    """A checkpoint in the middle of an epoch."""
    stop_after(30)
    train("--out", "run", "-q", "--set", "training.optimizer=momentum")
    return Path("run/checkpoint.npz")


def test_a_checkpoint_comes_back_as_it_was(left: Path) -> None:
    before = checkpoint.load(left)
    checkpoint.save(left, before)
    after = checkpoint.load(left)
    for name in ("config", "inputs", "digest", "began", "seconds", "cpu_seconds", "made_with"):
        assert getattr(after, name) == getattr(before, name)
    assert after.state.history == before.state.history
    assert after.state.slots.tobytes() == before.state.slots.tobytes()


def test_it_can_be_opened_with_numpy(left: Path) -> None:
    with np.load(left, allow_pickle=False) as members:
        assert sorted(members) == ["kept", "meta", "slots", "theta"]
        assert json.loads(str(members["meta"]))["batch"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"config": "[training]\n"},
        {"config": 3},
        {"inputs": 0},
        {"inputs": 10**9},
        {"epoch": 2},
        {"epoch": -1},
        {"batch": 1.5},
        {"history": [[1, 0.1, 1.0]]},
        {"history": [[1, "fast", 1.0, {}]]},
        {"history": [[2, 0.1, 1.0, {}]]},
        {"history": 5},
        {"seconds": -1},
        {"seconds": "long"},
        {"made_with": []},
    ],
    ids=str,
)
def test_a_meta_that_no_run_has_is_refused(left: Path, change: dict[str, Any]) -> None:
    with np.load(left, allow_pickle=False) as members:
        arrays = {name: members[name] for name in members if name != "meta"}
        meta = json.loads(str(members["meta"]))
    archive.save(left, checkpoint.KIND, meta | change, arrays)
    with pytest.raises(NnbpError) as caught:
        checkpoint.load(left)
    assert str(caught.value).startswith(f"{left}: damaged or not an nnbp checkpoint: ")
    assert str(caught.value).endswith("; the run cannot go on; train again")
    assert "\n" not in str(caught.value)


def test_a_flipped_bit_is_refused_or_changes_nothing(left: Path) -> None:
    content, before = left.read_bytes(), checkpoint.load(left)
    rng = np.random.default_rng(0)
    for position in rng.integers(len(content), size=300):
        flipped = bytearray(content)
        flipped[position] ^= 1 << int(rng.integers(8))
        left.write_bytes(flipped)
        try:
            after = checkpoint.load(left)
        except NnbpError:
            continue
        assert after.state.params.theta.tobytes() == before.state.params.theta.tobytes()
        assert after.state.history == before.state.history
