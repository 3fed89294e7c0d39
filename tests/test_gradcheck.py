"""`nnbp gradcheck`: the gradient of the very network of a config."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.nn import network
from nnbp_cli.nn.layers import Dense, Dropout
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.training import gradcheck as checking
from tests.command_line import Said, nnbp


def gradcheck(*more: object) -> Said:
    return nnbp("gradcheck", "--config", "small.toml", "--set", "network.layers.0.neurons=3", *more)


def test_each_parameter_of_a_small_network_is_checked_and_told_of(here: Path) -> None:
    said = gradcheck()
    assert (said.status, said.err) == (0, "")
    head, _, *windows = said.out.splitlines()
    assert head == "784-3-10: 2,395 parameters, each moved by itself; 5 images, float64"
    names = ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b"]
    assert [line.split()[0] for line in windows] == names
    assert all(line.endswith(" holds") for line in windows)


VARIANTS = {
    "many": ["network.layers.0.neurons=40", "training.l1=2.0", "network.layers.0.dropout=0.4"],
    "no hidden layer": ['network.layers=[{neurons = 10, activation = "softmax"}]'],
    "dropout and both penalties": ["network.layers.0.dropout=0.4", "training.l1=2.0", "training.l2=3.0"],
    "smoothed targets": ["training.label_smoothing=0.2"],
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_hold(here: Path, name: str) -> None:
    said = gradcheck("--json", "--images", 3, *(part for key in VARIANTS[name] for part in ("--set", key)))
    assert said.status == 0, said
    checked = json.loads(said.out)
    assert checked["images"] == 3
    assert checked["each_parameter"] is (name != "many")
    assert all(window["holds"] and window["error"] < 1e-8 for window in checked["windows"])


CONVOLUTION = """network.layers=[{maps = 20, kernel = 5, pool = 2, activation = "relu"},
{maps = 40, kernel = 5, pool = 2, activation = "relu"}, {neurons = 100, activation = "relu"},
{neurons = 10, activation = "softmax"}]"""


@pytest.mark.parametrize("initializer", ["he", "network3"])
def test_where_kinks_are_near_and_weights_begin_at_zero_it_holds_of_slopes(
    here: Path, initializer: str
) -> None:
    said = gradcheck("--json", "--set", CONVOLUTION, "--set", f"network.initializer={initializer}")
    assert said.status == 0, said
    assert all(window["largest"] > 1e-3 for window in json.loads(said.out)["windows"])


def test_of_a_large_network_few_images_are_chosen_from_and_each_slope_is_told(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []

    class Told(Reporter):
        def checked(self, slopes: int, total: int) -> None:
            told.append((slopes, total))

    loaded = config.load("small.toml", ["network.layers.0.dropout=0.0", "training.engine=numpy"])
    monkeypatch.setattr(checking, "MAX_PARAMETERS_ONE_BY_ONE", 0)
    monkeypatch.setattr(checking, "CANDIDATE_IMAGES", 5)
    first = checking.check_gradient(loaded, Path("small.toml"), Path(os.environ["NNBP_DATA_DIR"]), 5, Told())
    assert told == [(k, 40) for k in range(41)]
    monkeypatch.setattr(checking, "CANDIDATE_IMAGES", 1000)
    monkeypatch.setattr(network, "MAX_IMAGES", 1)
    monkeypatch.setattr(checking, "CANDIDATE_BLOCKS", 5)
    again = checking.check_gradient(loaded, Path("small.toml"), Path(os.environ["NNBP_DATA_DIR"]), 5, Told())
    assert first == again


WRONG = {
    "a W without its signs": (Dense, "backward", lambda self, p, delta, a: delta @ abs(p[0])),
    "a mask applied once": (Dropout, "backward", lambda self, p, delta, mask: delta),
    "a penalty that nobody adds": (Penalty, "add_gradient", lambda self, params, gradient: None),
}


@pytest.mark.parametrize("each", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_gradient_is_status_3(
    here: Path, name: str, each: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: Any = WRONG[name]
    monkeypatch.setattr(*where)
    monkeypatch.setattr(checking, "MAX_PARAMETERS_ONE_BY_ONE", 10_000 if each else 0)
    said = gradcheck("--set", "network.layers.0.dropout=0.4")
    assert said.status == 3
    assert "WRONG" in said.out
    assert said.err.startswith("small.toml: the gradient is wrong in layers.0.W")
    assert said.err.count("\n") == 1


def test_what_is_wrong_with_config_or_data_is_said_as_train_says_it(here: Path) -> None:
    assert gradcheck("--set", "training.epoch=3").status == 2
    said = gradcheck("--set", "data.name=mnist")
    assert said.status == 1
    assert "mnist: no MNIST files here; run 'nnbp download'" in said.err
    said = gradcheck("--set", "network.layers.1.neurons=7")
    assert said.status == 2
    assert "the output layer has 7 neurons for 10 classes; make it 10" in said.err
