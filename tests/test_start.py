"""Training begins with weights that are there, of the same architecture, and says so ever after."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.models import weights
from nnbp_cli.training import loop
from tests.command_line import nnbp
from tests.interruption import Killed, killed
from tests.networks import trained
from tests.small_run import results, train

SLOW = ("--set", "training.learning_rate=1e-12", "--set", "training.l2=0", "--set", "training.epochs=1")


@pytest.fixture
def first(here: Path) -> Path:
    train("--out", "first", "-q")
    return here / "first"


def test_what_was_learned_goes_on_and_is_said(first: Path) -> None:
    known = weights.load(first)
    said = train("--from", first, "--out", "second", *SLOW, "--set", "network.cost=log-likelihood")
    assert said.status == 0
    assert f"begins with {first}: epoch {known.epoch}, learned from synthetic\n" in said.err
    assert f"began with {first}, epoch {known.epoch}\n" in said.out
    after = weights.load(Path("second"))
    np.testing.assert_allclose(after.params.theta, known.params.theta, rtol=0, atol=1e-6)
    assert after.started_from == weights.StartedFrom(
        str(first), hashlib.sha256(known.params.theta.tobytes()).hexdigest(), "synthetic", known.epoch
    )
    summary = json.loads(Path("second/summary.json").read_text())
    assert summary["started_from"]["path"] == str(first)
    assert nnbp("report", "second").status == 0
    page = Path("report.html").read_text()
    assert f"{first}, epoch {known.epoch}, learned from synthetic" in page
    assert f"nnbp train --config second/config.toml --from {first}" in page
    assert weights.load(first).started_from is None


def test_a_run_that_was_killed_at_once_goes_on_with_the_weights_that_it_began_with(
    first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--from", first, "--out", "whole", "--set", "training.epochs=2", "-q")
    with monkeypatch.context() as patched:
        patched.setattr(loop, "train", killed)
        with pytest.raises(Killed):
            train("--from", first, "--out", "killed", "--set", "training.epochs=2", "-q")
    first.rename("gone")
    assert nnbp("train", "--resume", "killed", "-q").status == 0
    assert results(Path("killed")) == results(Path("whole"))


@pytest.mark.parametrize(
    ("setting", "difference"),
    [
        ("network.layers.0.neurons=13", "network.layers.0.neurons is 12 there and 13 in the config"),
        (
            "network.layers.0.activation=tanh",
            "network.layers.0.activation is 'relu' there and 'tanh' in the ",
        ),
        (
            'network.layers=[{neurons=10, activation="softmax"}]',
            "it has 2 layers, the config 1; make the config as the weights are",
        ),
        (
            'network.layers.0={maps=2, kernel=5, activation="relu"}',
            "network.layers.0.neurons is 12 there and nothing in the config",
        ),
    ],
)
def test_another_architecture_is_refused_and_the_difference_named(
    first: Path, setting: str, difference: str
) -> None:
    said = train("--from", first, "--out", "second", "--set", setting)
    assert (said.status, Path("second").exists()) == (1, False)
    assert f"{first}: of another architecture: {difference}" in said.err


def test_weights_for_other_images_and_other_commands_are_refused(first: Path) -> None:
    weights.save(Path("small.npz"), trained())
    said = train("--from", "small.npz")
    assert said.err == "small.npz: reads images of 3x2, and synthetic has 28x28; take others\n"
    said = train("--from", "none.npz", "--set", "data.name=lost.npz")  # the first to be looked for
    assert (said.status, said.err[:10]) == (1, "none.npz: ")
    for line in (("--resume", first), ("small.toml", "--seeds", 2)):
        refused = nnbp("train", *line, "--from", first)
        assert (refused.status, "'--from'" in refused.err) == (2, True)
