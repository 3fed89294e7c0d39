"""What came of a search, read again from its study: as a picture, and as a section of the report."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from nnbp_cli.config import ParameterConfig, SearchConfig
from nnbp_cli.plots import trials
from nnbp_cli.plots.trials import SPREAD, slices
from nnbp_cli.runs.summary import FinalScore
from nnbp_cli.search.result import Search, Trial
from nnbp_cli.terminal import tables
from nnbp_cli.terminal.tables import search_lines
from nnbp_cli.wording import percent
from tests.command_line import nnbp
from tests.page import Elements, page_of

pytest.importorskip("optuna")


@pytest.fixture
def study(here: Path, searched: Path) -> Path:
    return Path(shutil.copytree(searched, Path("eta")), "study.journal")


LEARNING_RATE, LAYERS = "training.learning_rate", "network.layers.0.activation"
PARAMETERS = {
    LEARNING_RATE: ParameterConfig(min=0.01, max=10.0, scale="log"),
    LAYERS: ParameterConfig(values=("relu", "tanh")),
}
ENDS = (
    Trial(0, "complete", {LEARNING_RATE: 0.1, LAYERS: "tanh"}, 9, 0.9),
    Trial(1, "pruned", {LEARNING_RATE: 0.2, LAYERS: "tanh"}, 1, 0.95),
    Trial(2, "refused", {LEARNING_RATE: 0.3, LAYERS: "relu"}, why="no config has both"),
    Trial(3, "complete", {LEARNING_RATE: 0.4, LAYERS: "relu"}, 9, 0.96),
    Trial(4, "diverged", {LEARNING_RATE: 9.0, LAYERS: "relu"}, 2, 0.1, why="a cost"),
    Trial(5, "complete", {LEARNING_RATE: 0.5, LAYERS: "relu"}, 9, 0.92),
    Trial(6, "complete", {LEARNING_RATE: 0.6, LAYERS: "tanh"}, 9, 1.0),
    Trial(7, "running", {LEARNING_RATE: 0.7, LAYERS: "tanh"}, 1, 0.5),
)
HALF = Search(
    Path("study"), SearchConfig(trials=9, parameters=PARAMETERS), ENDS, None, 0, {LEARNING_RATE: 0.8}
)


def test_trials_stand_at_their_values_and_the_best_so_far_above() -> None:
    by_number, by_rate, by_name = slices(HALF)
    places = [(trial.number, x, error and round(error, 9)) for trial, x, error in by_number.points]
    errors = [(0, 10.0), (1, 5.0), (3, 4.0), (4, None), (5, 8.0), (6, trials.MIN_ERROR)]
    assert places == [(number, float(number), error) for number, error in errors]
    corners = [(x, round(error, 9)) for x, error in by_number.steps]
    assert corners == [(0, 10), (3, 10), (3, 4), (6, 4), (6, 0.01), (7, 0.01)], "a pruned one is none"
    assert {each.best and each.best.number for each in (by_number, by_rate, by_name)} == {6}
    assert [x for _, x, _ in by_rate.points] == [0.1, 0.2, 0.4, 9.0, 0.5, 0.6]
    labels = [(each.label, each.logarithmic, each.names) for each in (by_number, by_rate, by_name)]
    assert labels == [
        ("trial", False, ()),
        ("training.learning_rate, importance 80%", True, []),
        ("network.layers.0.activation", False, ["relu", "tanh"]),
    ]
    assert [round(x) for _, x, _ in by_name.points] == [1, 1, 0, 0, 0, 1]
    assert all(abs(x - round(x)) <= SPREAD / 2 + 1e-9 for _, x, _ in by_name.points)


TABLE = """\
trial  validation  training.learning_rate  network.layers.0.activation
    6     100.00%                     0.6                         tanh
    3      96.00%                     0.4                         relu
    5      92.00%                     0.5                         relu
    0      90.00%                     0.1                         tanh
importance                            80%                            \N{EM DASH}
"""
COUNTS = "40 epochs: 4 complete, 1 pruned, 1 diverged, 1 refused, 1 running"


def test_the_best_trials_and_how_all_ended_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(search_lines(HALF)) == [
        *TABLE.splitlines(),
        f"8 of 9 trials, {COUNTS}",
        "next: nnbp train best.toml",
    ]
    monkeypatch.setattr(tables, "BEST_TRIALS_SHOWN", 1)
    fewer = replace(HALF.search, trials=7)  # than there were when it was asked for more
    done = replace(HALF, test=FinalScore(0.9512, 0.1234), tested=2, search=fewer, importances={})
    assert list(search_lines(done)) == [
        *TABLE.splitlines()[:2],
        f"8 trials, {COUNTS}",
        "trial 6, the best on the validation images: test accuracy 95.12%, cost 0.1234",
        "note: 2 trials of this study were scored on the test set",
        "next: nnbp train best.toml, or nnbp report study",
    ]
    both = replace(HALF.search, trials=2)
    assert list(search_lines(replace(HALF, trials=ENDS[1:3], search=both, stopped_by="SIGINT"))) == [
        "2 of 2 trials, 1 epoch: 1 pruned, 1 refused",
        "stopped by SIGINT; the same command goes on",
    ]


def test_a_study_is_drawn_and_reported_as_it_ended(study: Path) -> None:
    said = json.loads((study.parent / "said.json").read_text())
    assert {"complete", "pruned"} <= {trial["state"] for trial in said["trials"]}
    assert nnbp("plot", study).out == "wrote search.png\n"
    assert nnbp("plot", study, "--what", "search", "-o", "s.svg").out == "wrote s.svg\n"
    words = re.findall(r"<text[^>]*>([^<]*)</text>", Path("s.svg").read_text())
    shares = {key: f"{key}, importance {percent(share, 0)}" for key, share in said["importances"].items()}
    assert {"trial", "complete", "pruned", "the best so far", "10", "20", *shares.values()} <= set(words)

    page = Elements(page_of(study))
    number = f"trial-{said['best']['number']:04}"
    assert f"eta: {number}" in page.words
    assert f"tpe drew 9 trials, and asha pruned: {said['counts']['complete']} complete" in page.words
    assert percent(said["test"]["accuracy"]) in page.words
    classes = [value for tag, name, value in page.attributes if (tag, name) == ("circle", "class")]
    drawn_three_times = {state: 3 * said["counts"][state] + 1 for state in ("complete", "pruned")}
    assert {state: classes.count(f"trial {state}") for state in drawn_three_times} == drawn_three_times
    assert classes.count("trial best") == 3 + 1, "and once in the legend"
    for trial in said["trials"]:
        assert f"{trial['values']['training.learning_rate']:.4g}" in page.words
    assert "The search" not in Elements(page_of(study.with_name(number))).words


def test_a_study_on_its_way_is_drawn_and_its_test_images_are_looked_at_by_nobody(study: Path) -> None:
    lines = study.read_text().splitlines(keepends=True)
    tested = [line for line in lines if '"test"' in line]
    assert len(tested) == 1
    study.write_text("".join(line for line in lines if line not in tested))
    assert nnbp("plot", study).status == 0
    said = nnbp("report", study)
    assert (said.status, said.err) == (1, f"{study}: has not ended, and a report looks at the test images; "
            "'nnbp search' goes on with it, 'nnbp plot' shows how far it is\n")  # fmt: skip
    assert not Path("report.html").exists()


@pytest.mark.parametrize("command", [("plot", "--what", "search"), ("report",)])
def test_what_is_no_study_is_named(study: Path, command: tuple[str, ...]) -> None:
    study.write_text('{"op_code":0,"worker_id":"a","study_name":"another","directions":[1]}\n')
    assert f"{study}: no study; name the file" in nnbp(*command, study).err
    study.write_text('{"op_code":0,"worker_id":"a","study_name":"nnbp search"}\n')
    assert nnbp(*command, study).err == f"{study}: damaged; take a copy from elsewhere, or begin anew\n"
    study.write_text("a text")
    assert nnbp(*command, study).err.count("\n") == 1
    for more in (("--only", "cost"), (study,), ("--data", "mnist")) if command[0] == "plot" else ():
        assert nnbp(*command, study, *more).status == 2


def test_without_a_score_there_is_nothing_to_draw(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnbp_cli.search.storage.read", lambda _: replace(HALF, trials=HALF.trials[-1:]))
    assert nnbp("plot", study).err == "study: no trial has a score yet; wait for one\n"
