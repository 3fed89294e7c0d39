"""The real thing: MNIST itself, where NNBP_DATA_DIR says it is."""

import json
from pathlib import Path

import pytest

from nnbp_cli import config
from nnbp_cli.presets import shipped
from tests.command_line import nnbp
from tests.peak_memory import measured, output_with_peak

pytestmark = pytest.mark.mnist


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real_data: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNBP_DATA_DIR", str(real_data))


def summary(config: str, *settings: str) -> dict[str, dict[str, float]]:
    options = [part for setting in settings for part in ("--set", setting)]
    said = nnbp("train", "--config", shipped()[config], "--json", "-q", *options)
    assert said.status == 0, said.err
    result: dict[str, dict[str, float]] = json.loads(said.out)
    return result


def test_the_chapter_1_network_learns_as_the_book_says() -> None:
    assert summary("book/ch1-30", "training.epochs=10")["kept"]["test accuracy"] >= 0.93


def test_the_showpiece_reaches_98_percent() -> None:
    assert summary("mnist", "training.threads=1")["test"]["accuracy"] >= 0.98


@pytest.mark.parametrize("name", sorted(shipped().keys() - {"demo", "synthetic"}))
def test_every_shipped_config_runs(name: str) -> None:
    images = 50_000 if name == "book/ch3-first-guess" else 2000  # its lambda is for all of them
    finish = config.load(shipped()[name]).training.finish
    epochs = 1 + (finish.epochs if finish else 0)
    accuracy = summary(name, f"training.epochs={epochs}", f"data.train={images}")["test"]["accuracy"]
    assert accuracy > 0.08, "what is guessed badly does not get far"


def test_a_linear_network_stays_where_one_matrix_gets() -> None:
    accuracy = summary("linear", "training.epochs=2")["test"]["accuracy"]
    assert 0.82 < accuracy < 0.88


@measured
def test_training_takes_less_than_250_mb() -> None:
    program = "from nnbp_cli.cli import main\ntry: main()\nfinally: print(peak())\n"
    command = ["train", "--config", shipped()["mnist"], "-q", "--set", "training.epochs=1"]
    assert int(output_with_peak(program, *command)[-1]) < 250e6


def test_drawn_digits_teach_the_real_ones(tmp_path: Path, real_data: Path) -> None:
    drawn = tmp_path / "drawn"  # not where the real data are
    assert nnbp("train", "--config", shipped()["demo"], "-q", "--data-dir", drawn).status == 0
    scored = nnbp("eval", "weights.npz", "--data", "mnist", "--data-dir", real_data, "--json")
    assert json.loads(scored.out)["accuracy"] >= 0.93
