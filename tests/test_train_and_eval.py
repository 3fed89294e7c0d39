"""`nnbp train` and `nnbp eval` from end to end, on a few hundred synthetic digits."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from nnbp_cli.datasets.catalog import CATALOG, NAMES
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.datasets.readers import idx
from nnbp_cli.evaluation import saved as scoring
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.score import Score
from nnbp_cli.models import weights
from nnbp_cli.runs import directory as run_directory
from nnbp_cli.system import hardware
from nnbp_cli.terminal.progress import SPARKLINE_BARS, SPARKLINE_VALUES, TerminalReporter, sparkline
from nnbp_cli.training import loop
from tests.command_line import Said, nnbp
from tests.mirror import mirror
from tests.processes import started
from tests.small_run import CONFIG, train
from tests.tiny import published


def scored(*arguments: object) -> Any:
    """What `nnbp eval --json` says."""
    return json.loads(nnbp("eval", *arguments, "--json").out)


def test_a_run_leaves_its_results_and_says_what_to_do_next(here: Path) -> None:
    said = train()
    assert said.status == 0
    first, kept, after = said.out.splitlines()
    assert first.startswith("test accuracy ")
    assert after == "next: nnbp eval weights.npz"
    (run,) = (here / "runs").iterdir()
    assert run.name.startswith("small-")
    assert str(run.relative_to(here)) in kept
    files = ["checkpoint.npz", "config.toml", "log.csv", "summary.json", "weights.npz"]
    assert sorted(path.name for path in run.iterdir()) == files
    assert (here / "weights.npz").read_bytes() == (run / "weights.npz").read_bytes()
    assert "epoch 3/3" in said.err
    assert "epoch 3/3" not in said.out, "progress and messages go to stderr"

    rows = list(csv.DictReader((run / "log.csv").read_text().splitlines()))
    assert list(rows[0]) == ["epoch", "learning_rate", "seconds", "training_cost", "validation_accuracy"]
    assert [(row["epoch"], float(row["learning_rate"])) for row in rows] == [
        ("1", 0.1),
        ("2", 0.1),
        ("3", 0.1),
    ]
    assert float(rows[2]["training_cost"]) < float(rows[0]["training_cost"])


def test_the_config_of_a_run_runs_again_and_gives_the_same_weights(here: Path) -> None:
    distortions = ("--set", "data.augment.rotation=15", "--set", "data.augment.elastic=34")
    train("--out", "first", "--set", "training.threads=1", *distortions)
    resolved = tomllib.loads((here / "first" / "config.toml").read_text())
    augment = {
        "rotation": 15.0,
        "elastic": 34.0,
        "sigma": 4.0,
        "shift": 0.0,
        "scaling": 0.0,
        "shear": 0.0,
        "thickness": 0.0,
    }
    data = {"name": "synthetic", "size": 600, "seed": 1, "train": 500, "validation": 100}
    assert resolved["data"] == data | {"augment": augment}
    assert resolved["training"]["threads"] == 1
    summary = json.loads((here / "first" / "summary.json").read_text())
    assert summary["data"]["augment"] == augment | {"shifts": None}
    assert scored("first")["accuracy"] == summary["test"]["accuracy"], "of images that nobody distorted"

    assert nnbp("train", "--config", "first/config.toml", "--out", "second").status == 0
    train("--out", "plain")
    first, second, plain = ((here / run / "weights.npz").read_bytes() for run in ("first", "second", "plain"))
    assert first == second != plain


def test_the_summary_is_what_json_prints_and_eval_finds_the_same_figures(here: Path) -> None:
    said = train("--out", "run", "--json", "-q", "--set", "network.layers.0.neurons=7")
    assert said.err == ""
    summary = json.loads(said.out)
    assert summary == json.loads((here / "run" / "summary.json").read_text())
    assert (summary["network"], summary["epochs"]) == ("784-7-10", 3)
    assert (summary["stopped_by"], summary["test_set_watched"]) == (None, False)
    for weights_or_run in ("weights.npz", "run", "run/weights.npz"):
        test = scored(weights_or_run)
        assert test["accuracy"] == summary["test"]["accuracy"]
        assert test["cost"] == pytest.approx(summary["test"]["cost"], rel=1e-6)
    validation = scored("run", "--split", "validation")
    assert (validation["accuracy"], validation["images"]) == (summary["kept"]["validation accuracy"], 100)


def test_a_test_set_that_is_watched_is_owned_up_to(here: Path) -> None:
    said = train("--set", "training.watch=['validation accuracy', 'test accuracy']", "--json")
    assert json.loads(said.out)["test_set_watched"] is True
    assert "the test set is watched" in said.err


REFUSED = {
    "mine/": (1, "mine: is there already, and not an empty directory; name another with --out"),
    "thesis.npz": (
        1,
        "thesis.npz: is there already, and not weights that nnbp wrote; name another file with --weights",
    ),
    "data.size=600 data.name=mnist": (2, "size"),
    "data.train=590": (
        2,
        "small.toml: data.train: 590 training and 100 validation images (data.validation) are more than the "
        "600 there are beside 120 test images; lower one",
    ),
    "data.train=590 data.validation=20 data.seed=99": (
        2,
        "small.toml: data.size: 600 digits are drawn, train and validation need 610; draw more",
    ),
    "data.size=5 training.batch_size=1": (
        2,
        "data.validation: without images there is no validation accuracy",
    ),
    "network.layers.1.neurons=7": (2, "10 classes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_trained(here: Path, what: str) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "mine.txt").write_text("mine")
    (here / "thesis.npz").write_text("my thesis")
    more = {"mine/": ("--out", "mine"), "thesis.npz": ("--weights", "thesis.npz")}
    said = train(*more.get(what, [part for key in what.split() for part in ("--set", key)]))
    status, message = REFUSED[what]
    assert (said.status, said.out) == (status, "")
    assert message in said.err.splitlines()[-1]
    assert "epoch" not in said.err
    assert not (here / "runs").exists()
    assert (here / "thesis.npz").read_text() == "my thesis"
    assert not list(Path(os.environ["NNBP_DATA_DIR"]).glob("*seed-99"))


def test_weights_are_scored_on_other_data_only_if_it_fits(here: Path, trained_run: Path) -> None:
    missing = "fashion-mnist: no Fashion-MNIST files here; run 'nnbp download fashion-mnist'\n"
    assert nnbp("eval", trained_run, "--data", "fashion-mnist").err.endswith(missing)
    assert nnbp("eval", "/dev/zero").err.startswith("/dev/zero: not a file")


def own_images(folder: Path, classes: int = 3) -> None:
    rng = np.random.default_rng(0)
    for stem, n in (("train", 60), ("t10k", 12)):
        labels = (np.arange(n) % classes).astype(np.uint8)
        images = (labels[:, None, None] * 60 + rng.integers(0, 50, (n, 5, 4))).astype(np.uint8)
        idx.write(folder / f"{stem}-images-idx3-ubyte.gz", images)
        idx.write(folder / f"{stem}-labels-idx1-ubyte", labels)


def test_own_images_of_any_size_and_number_of_classes(here: Path) -> None:
    (here / "mine").mkdir()
    own_images(here / "mine")
    (here / "small.toml").write_text(
        CONFIG.replace('"synthetic"\nsize = 600', '"./mine"').replace("neurons = 10", "neurons = 3")
    )
    said = train("--set", "training.epochs=30", "--json")
    assert said.status == 0, said.err
    summary = json.loads(said.out)
    assert summary["network"] == "20-12-3"
    assert summary["data"]["train"] == 50, "the last sixth validates"
    assert summary["test"]["accuracy"] == 1.0
    assert scored("weights.npz")["accuracy"] == 1.0
    assert nnbp("eval", "weights.npz", "--data", "synthetic").err.startswith(
        "weights.npz: was trained for 3 classes of 5x4, 'synthetic' has 10 classes of 28x28"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("number", "status", "more"),
    [
        (signal.SIGINT, 130, []),
        (signal.SIGTERM, 143, []),
        (signal.SIGINT, 130, ["--set", "data.augment.elastic=34", "--set", "training.threads=1"]),
    ],
)
def test_a_signal_stops_the_run_and_keeps_what_was_learned(
    here: Path, number: int, status: int, more: list[str]
) -> None:
    many = ("--set", "training.epochs=100000", *more)
    with started(sys.executable, "-m", "nnbp_cli", "train", "--config", "small.toml", *many) as process:
        assert process.stderr
        assert any(line.startswith("epoch") for line in process.stderr)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == status
    assert f"stopped by {signal.Signals(number).name}" in out
    (run,) = (here / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["test"] is None
    assert (here / "weights.npz").read_bytes() == (run / "weights.npz").read_bytes()
    validation = scored("weights.npz", "--split", "validation")
    assert validation["accuracy"] == summary["kept"]["validation accuracy"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipes")
@pytest.mark.parametrize(
    "line", ["eval {} | head -n 1", "train --config small.toml 2>&1 >out.txt | head -n 1"]
)
def test_a_reader_who_leaves_is_no_error(here: Path, trained_run: Path, line: str) -> None:
    command = f"set -o pipefail; {sys.executable} -m nnbp_cli {line.format(trained_run)}"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert "eval" in line or "test accuracy" in Path("out.txt").read_text()


def test_the_best_epoch_is_what_every_result_speaks_of(here: Path) -> None:
    settings = ["--set", "training.epochs=12", "--set", "training.learning_rate=1.5"]
    summary = json.loads(train(*settings, "--out", "run", "--json", "-q").out)
    rows = list(csv.DictReader((here / "run" / "log.csv").read_text().splitlines()))
    accuracies = [float(row["validation_accuracy"]) for row in rows]
    best = accuracies.index(max(accuracies)) + 1
    assert best < 12, "a run whose last epoch is not its best is needed here"
    assert summary["kept_epoch"] == best
    assert summary["kept"]["validation accuracy"] == pytest.approx(max(accuracies))
    assert weights.load(here / "run").epoch == best
    (early,) = [
        line for line in train(*settings, "--set", "training.patience=1").out.splitlines() if "ended" in line
    ]
    assert re.fullmatch(r"ended after \d epochs: no better validation accuracy in 1 epoch", early)
    assert scored("run", "--split", "validation")["accuracy"] == pytest.approx(max(accuracies))

    last = json.loads(train(*settings, "--set", "training.keep=last", "--json", "-q").out)
    assert last["kept_epoch"] == 12
    assert scored("weights.npz", "--split", "validation")["accuracy"] == pytest.approx(accuracies[-1])


def test_the_cost_of_eval_is_that_of_the_log_penalty_included(here: Path) -> None:
    watch = 'training.watch=["training cost", "validation cost", "validation accuracy"]'
    kept = json.loads(train("--set", watch, "--set", "training.l2=50", "--json", "-q").out)["kept"]
    for split in ("train", "validation"):
        score = scored("weights.npz", "--split", split)
        name = {"train": "training"}.get(split, split)
        assert score["cost"] == pytest.approx(kept[f"{name} cost"], rel=1e-6)
        assert score["images"] == {"train": 500, "validation": 100}[split]


def test_what_eval_prints(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    score = Score(0.12345, np.array([[90, 10], [0, 1000]]))
    split = Split(np.zeros((2, 4), np.uint8), np.array([0, 1], np.uint8))
    right = Predictions(split, (2, 2), score, outputs=np.eye(2), is_probability=True)
    result = scoring.EvaluationResult("4-2", "./coins", "validation", right, ["note: the coins have changed"])
    monkeypatch.setattr(scoring, "evaluate_saved", lambda *_: result)
    said = nnbp("eval", "weights.npz")
    assert said.err == "note: the coins have changed\n"
    assert said.out.splitlines() == [
        "4-2 on 1,100 validation images of ./coins",
        "accuracy 99.09%, cost 0.1235",
        "",
        "confusion matrix: a row is the true class, a column what the network said",
        "               0      1    recall",
        "        0     90     10     90.0%",
        "        1      .   1000    100.0%",
        "precision 100.0%  99.0%",
    ]
    assert nnbp("eval", "weights.npz", "-q").err == ""
    assert nnbp("eval", "weights.npz", "--mistakes", 3).out == f"{said.out}\nno mistakes\n"
    plain = scored("weights.npz", "--mistakes", 3)
    assert plain == {
        "weights": "weights.npz",
        "data": "./coins",
        "split": "validation",
        "images": 1100,
        "classes": ["0", "1"],
        "accuracy": 1090 / 1100,
        "cost": 0.12345,
        "precision": [1.0, 1000 / 1010],
        "recall": [0.9, 1.0],
        "confusion": [[90, 10], [0, 1000]],
        "mistakes": [],
    }


def test_an_epoch_is_a_line_and_the_bar_shows_the_whole_run(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    history = [{"validation accuracy": each, "training cost": 0.1} for each in (0.9, 0.95, 0.98765)]
    reporter = TerminalReporter(quiet=False)

    def third_epoch(before: Sequence[dict[str, float]], scores: dict[str, float]) -> str:
        reporter.begin(12, 50, before)
        capsys.readouterr()
        reporter.epoch(3, 0.0123456, 1.234, scores)
        said = capsys.readouterr().err
        reporter.close()
        return said

    line = "epoch  3/12   validation accuracy 98.77%   training cost 0.1000   rate 0.0123   1.23 s"
    assert third_epoch(history[:2], history[2]) == f"{line}\n", "and no bar, since this is no terminal"

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert f"{line}   {SPARKLINE_BARS[0]}{SPARKLINE_BARS[4]}{SPARKLINE_BARS[7]}\n" in third_epoch(
        history[:2], history[2]
    )
    assert "1.23 s\n" in third_epoch([{"training cost": 0.1}], {"training cost": 0.1}), "nothing to draw"
    assert f"{line}\n" in third_epoch([], history[2]), "not yet"

    reporter.begin(12, 50)
    assert reporter.bar is not None
    reporter.bar.mininterval = reporter.bar.miniters = 0
    for batch in (0, 0, 25):
        reporter.step(6, batch, 0.25)
    bar = capsys.readouterr().err.split("\r")[-1]
    reporter.close()
    assert "epoch 7/12" in bar
    assert " 50%" in bar or " 54%" in bar
    assert "left, batch cost 0.250" in bar


def test_a_sparkline_goes_from_the_lowest_to_the_highest_of_the_last_values() -> None:
    assert sparkline([0.1, 0.8, 0.46]) == SPARKLINE_BARS[0] + SPARKLINE_BARS[7] + SPARKLINE_BARS[4]
    assert sparkline([0.5, 0.5]) == SPARKLINE_BARS[0] * 2
    assert sparkline([]) == sparkline([0.3]) == ""
    assert sparkline([-9.0, *range(SPARKLINE_VALUES)]) == sparkline(range(SPARKLINE_VALUES))


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX terminal")
@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", True), ("ascii", False)])
def test_on_a_terminal_the_epochs_have_a_sparkline_if_it_can_be_shown(
    here: Path, encoding: str, drawn: bool
) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "nnbp_cli", "train", "--config", "small.toml"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment) as process:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # Linux's end of a terminal
            while part := os.read(ours, 4096):
                said += part
    os.close(ours)
    assert process.returncode == 0
    (last,) = (each for each in said.decode().split("\r") if "epoch 3/3" in each and "rate" in each)
    assert last.strip()[-1] in (SPARKLINE_BARS if drawn else "s")


def test_the_threads_of_blas_are_those_of_the_config_but_no_more_than_cores(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def look(*_: object) -> Iterator[None]:
        threads.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return iter(())

    monkeypatch.setattr(loop, "train", look)
    train("--set", "training.threads=1")
    assert set(threads) == {1}
    said = train("--set", "training.threads=1000", "--json")
    assert json.loads(said.out)["threads"] == hardware.available_cpus()
    assert "note: training.threads is 1000" in said.err


def test_a_missing_data_set_is_downloaded_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for name, shape in zip(NAMES, ((60, 28, 28), (60,), (12, 28, 28), (12,)), strict=True):
        idx.write(here / f"{name}.gz", rng.integers(0, 10, shape).astype(np.uint8))
    content = {f"{name}.gz": (here / f"{name}.gz").read_bytes() for name in NAMES}
    (here / "small.toml").write_text(CONFIG.replace('name = "synthetic"\nsize = 600', 'name = "mnist"'))
    missing = "fresh/mnist: no MNIST files here; run 'nnbp download --data-dir fresh'\n"
    assert train("--data-dir", "fresh", "--offline") == Said(1, "", missing)
    assert not Path("fresh").exists()
    with mirror(content) as good:
        monkeypatch.setitem(CATALOG, "mnist", replace(published("mnist", content), mirrors=(good.url,)))
        said = train("--data-dir", "fresh", "--set", "training.batch_size=1", "--json")
    assert said.status == 0, said.err
    assert "mnist is not in fresh yet; downloading it" in said.err
    assert json.loads(said.out)["data"]["name"] == "mnist"
    assert nnbp("eval", "weights.npz", "--data-dir", "fresh").status == 0


def test_two_runs_of_the_same_second_have_directories_of_their_own(here: Path) -> None:
    paths = {run_directory.create(None, "small").path for _ in range(5)}
    assert len(paths) == 5
    assert all(re.fullmatch(r"small-\d{8}-\d{6}(-\d)?", path.name) for path in paths)


def test_a_set_key_takes_the_keys_of_the_file_that_it_makes_useless_with_it(here: Path) -> None:
    adam = '[training]\noptimizer = "adam"\nbeta2 = 0.99\n'
    (here / "small.toml").write_text(CONFIG.replace("[training]\n", adam))
    assert train("--set", "training.optimizer=sgd").status == 0
    assert "beta2" in train("--set", "training.optimizer=sgd", "--set", "training.beta2=0.5").err
