"""What the program wrote before is read, and gone on with.

older_files/run was left by the last program with hand-written checks of these files, first_weights.npz and
first_summary.json by the first that wrote such files: they lack L1 and dropout, and `diverged`.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnbp_cli.config import DataConfig, LayerConfig, OverrideConfig
from nnbp_cli.models import weights
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.runs import checkpoint, summary
from nnbp_cli.runs.log import read_log
from nnbp_cli.system import files
from tests.command_line import nnbp

OLDER = Path(__file__).with_name("older_files")
RUN = OLDER / "run"


def test_the_first_weights_are_read() -> None:
    first = weights.load(OLDER / "first_weights.npz")
    assert first.config.layers == (
        LayerConfig(neurons=2, activation="sigmoid", override=(OverrideConfig(neuron=1, activation="tanh"),)),
        LayerConfig(neurons=10, activation="sigmoid"),
    )
    assert first.data == DataConfig(name="mnist", train=50, validation=10)
    assert (first.digest[:8], first.shape, first.epoch) == ("b2d8f5bf", (28, 28), 1)
    assert first.penalty == Penalty(l1=0.0, l2=0.5, images=50)
    assert float(np.abs(first.params.theta).sum()) == pytest.approx(97.9567733, rel=1e-5)


def test_the_first_summary_is_read(tmp_path: Path) -> None:
    file = Path(shutil.copy(OLDER / "first_summary.json", tmp_path / "summary.json"))
    read = summary.read(tmp_path)
    assert (read.diverged, read.finished) == (None, True)
    assert json.loads(read.to_json()) == json.loads(file.read_text()) | {
        "diverged": None,
        "started_from": None,
    }


def test_every_file_of_an_older_run_is_read_and_written_again_as_it_was(tmp_path: Path) -> None:
    learned, before, told = weights.load(RUN), checkpoint.load(RUN / "checkpoint.npz"), summary.read(RUN)
    assert json.loads(told.to_json()) == json.loads((RUN / "summary.json").read_text()) | {
        "started_from": None
    }
    assert (told.kept_epoch, told.epochs, before.state.epoch) == (1, 2, 2)
    assert before.state.history[1].scores == pytest.approx(told.kept)
    assert list(read_log(RUN)["epoch"]) == [epoch.number for epoch in before.state.history] == [0, 1, 2]
    assert (learned.data, learned.digest, learned.epoch) == (before.config.data, told.data["digest"], 1)
    assert learned.penalty == Penalty(l1=0.25, l2=0.5, images=50)
    assert learned.params.theta.tobytes() == before.state.best_theta.tobytes()
    weights.save(tmp_path / "weights.npz", learned)
    checkpoint.save(tmp_path / "checkpoint.npz", before, files.anything)
    # Keys that have come since have the value that leaves all as it was.
    since = {
        "weights.npz": [
            *(f', "{key}": null' for key in ("shifts", "rows", "columns", "shuffle", "as_given")),
            ', "thickness": 0.0',
            ', "started_from": null',
            ', "class_names": []',
        ],
        "checkpoint.npz": [r"shuffle = \"epoch\"\n", r"engine = \"auto\"\n", r"thickness = 0.0\n"],
    }
    for name, keys in since.items():
        with np.load(RUN / name) as old, np.load(tmp_path / name) as new:
            meta = str(new["meta"])
            for key in keys:
                assert key in meta
                meta = meta.replace(key, "")
            assert json.loads(meta) == json.loads(str(old["meta"]))
            assert {k: old[k].tobytes() for k in old if k != "meta"} == {
                k: new[k].tobytes() for k in new if k != "meta"
            }


def test_an_older_run_goes_on(here: Path) -> None:
    run = Path(shutil.copytree(RUN, "run"))
    before = replace(checkpoint.load(run / "checkpoint.npz"), seconds=1e6, cpu_seconds=1e6)
    checkpoint.save(run / "checkpoint.npz", before, files.anything)
    assert nnbp("train", "--resume", run, "-q", "--set", "training.epochs=3").status == 0
    assert read_log(here / "run")["epoch"] == [0, 1, 2, 3]
    told = summary.read(run)
    assert (told.times_tested, told.began) == (2, before.began)
    assert min(told.seconds.total, told.seconds.total_cpu) > 1e6, "what it had taken before counts"
