"""`nnbp search`: no trial is doubled, lost or too many, whoever is killed; mistakes are named before."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.runs import summary
from tests.command_line import Said, nnbp
from tests.processes import started
from tests.small_run import CONFIG, contents, results

pytest.importorskip("optuna")

SEARCH = """
[search]
trials = 8
{more}
[search.parameters]
"training.learning_rate" = {{ min = 0.001, max = 1.0, scale = "log" }}
"training.batch_size" = {{ values = [10, 20] }}
"network.layers.0.neurons" = {{ min = 4, max = 20 }}
"""


@pytest.fixture
def there(here: Path) -> Path:
    """small.toml with a search in it."""
    (here / "small.toml").write_text(CONFIG + SEARCH.format(more=""))
    return here


def search(*more: object) -> dict[str, Any]:
    said = nnbp("search", "small.toml", "--json", "-q", *more)
    assert (said.status, said.err) == (0, "")
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_a_trial_is_a_run_as_any_other_and_the_best_one_a_config(there: Path) -> None:
    found = search()
    assert [trial["number"] for trial in found["trials"]] == list(range(8))
    states = {trial["number"]: trial["state"] for trial in found["trials"]}
    assert {"complete", "pruned"} == set(states.values())
    for run in json.loads(nnbp("runs", "--json").out):
        state, seed = (
            states[int(run["name"][-4:])],
            config.load(Path(run["path"], "config.toml")).training.seed,
        )
        assert run["state"] == {"pruned": "stopped by pruning"}.get(state, state)
        assert (run["test_accuracy"], seed) == (None, 1 + int(run["name"][-4:]))
    best = max(found["trials"], key=lambda trial: (trial["state"] == "complete", trial["accuracy"]))
    assert (found["best"], found["tested"]) == (best, 1)
    assert sum(found["importances"].values()) == pytest.approx(1)
    assert nnbp("train", found["best_config"], "--out", "again", "-q").status == 0
    kept, again = (
        results(run) for run in (Path(f"runs/small-search/trial-{best['number']:04}"), Path("again"))
    )
    assert (kept["weights"], kept["state"]) == (again["weights"], again["state"])
    assert again["summary"]["test"] == found["test"]


def test_the_same_command_again_adds_nothing_and_more_trials_go_on(there: Path) -> None:
    first = search("--trials", 4)
    before = contents(Path("runs/small-search"))
    weights = Path(f"runs/small-search/trial-{first['best']['number']:04}/weights.npz")
    weights.rename("w.npz")  # without them nothing can be scored again
    assert search("--trials", 4) == first
    assert contents(Path("runs/small-search")) == before
    Path("w.npz").rename(weights)
    assert search("--trials", 8) == search("--study", "other/study.journal") | {
        key: search()[key] for key in ("study", "best_config")
    }, "in two goes as in one"


def test_what_a_process_that_died_left_in_the_journal_does_no_harm(there: Path) -> None:
    first = search("--trials", 3)["trials"]
    journal = Path("runs/small-search/study.journal")
    drawn = {"op_code": 4, "worker_id": "a", "study_id": 0, "datetime_start": "2026-01-31T12:00:00+00:00"}
    with journal.open("a") as file:
        file.write(json.dumps(drawn) + '\n{"op_code":5,"wor')  # it had no values yet
    found = search("--trials", 5)
    assert found["trials"][:3] == first
    assert [trial["number"] for trial in found["trials"]] == [0, 1, 2, 4, 5]
    assert found["counts"]["running"] == 0


def test_a_study_of_something_else_is_refused(there: Path) -> None:
    search("--trials", 1)
    Path("thesis.txt").write_text("mine")
    before = contents(there) | contents(Path("runs/small-search"))
    for more, what in (
        (("--set", "training.l2=1.0"), "training.l2 was changed"),
        (("--set", "data.seed=2"), "data.seed was changed"),
        (("--study", "runs/small-search/b.journal"), "there are trials of another study beside it"),
        (("--study", "thesis.txt"), "is there already, and no study"),
        (("--study", "/dev/null"), "is there already, and no study"),
    ):
        said = nnbp("search", "small.toml", *more, "-q")
        assert (what in said.err, said.err.count("\n"), said.out) == (True, 1, "")
    assert contents(there) | contents(Path("runs/small-search")) == before


def test_all_mistakes_are_named_before_the_first_trial(here: Path) -> None:
    (here / "small.toml").write_text(
        CONFIG
        + """
[search]
trials = 2
[search.parameters]
"training.learning_rat" = { min = 0.1, max = 1.0 }
"training.l1" = { min = -1.0, max = 1.0 }
"training.optimizer" = { values = ["sgd", "adam", "adma"] }
"training.beta2" = { min = 0.9, max = 0.999 }
"network.layers.7.neurons" = { values = [3] }
"""
    )
    said = nnbp("search", "small.toml")
    place = "small.toml: search.parameters."
    assert said.status == 2
    assert [line.removeprefix(place) for line in said.err.splitlines()] == [
        "'training.learning_rat': unknown key; did you mean training.learning_rate?",
        "'training.l1': expected a number >= 0, got -1.0",
        "'training.optimizer': expected 'sgd', 'momentum', 'nesterov', 'rmsprop', 'adam' or 'adamw', "
        "got 'adma'; did you mean 'adam'?",
        "'network.layers.7.neurons': network.layers has no '7'; "
        "there is network.layers.0 to network.layers.1",
    ]
    assert not (here / "runs").exists()


def test_what_only_a_combination_shows_is_refused_and_counted(here: Path) -> None:
    parameters = """
"training.optimizer" = { values = ["sgd", "adam"] }
"training.beta2" = { min = 0.9, max = 0.999 }
"""
    (here / "small.toml").write_text(CONFIG + "[search]\ntrials = 6\n[search.parameters]" + parameters)
    found = search()
    refused = [trial for trial in found["trials"] if trial["values"]["training.optimizer"] == "sgd"]
    assert 0 < found["counts"]["refused"] == len(refused) < 6
    assert all("means something only with optimizer" in trial["why"] for trial in refused)


def test_two_processes_work_on_one_study_and_what_a_killed_one_left_is_taken_over(there: Path) -> None:
    line = ("search", "small.toml", "--set", "training.epochs=60", "--set", "search.pruner=none", "-q")
    command = (sys.executable, "-m", "nnbp_cli", *line, "--json")
    with started(*command) as killed, started(*command) as other:
        logs = Path("runs/small-search")
        begun = 0
        while begun < 2:  # each is in the middle of a run, and none between two
            time.sleep(0.005)
            running = (path for path in logs.glob("*/log.csv") if not path.with_name("summary.json").exists())
            begun = sum(3 < path.read_text().count("\n") < 30 for path in running)
        os.kill(killed.pid, signal.SIGKILL)
        out, err = other.communicate(timeout=60)
    assert (other.returncode, err) == (0, "")
    found = json.loads(out)
    assert [trial["number"] for trial in found["trials"]] == list(range(8))
    assert found["counts"]["complete"] == 8
    assert [trial["epochs"] for trial in found["trials"]] == [60] * 8
    assert found["counts"]["taken over"] == 1
    for number in range(8):
        run = logs / f"trial-{number:04}"
        assert summary.read(run).epochs == 60


def test_ctrl_c_stops_in_good_order_and_the_same_command_goes_on(there: Path) -> None:
    line = ("search", "small.toml", "-q", "--set", "search.pruner=none", "--set", "training.epochs=60")
    with started(sys.executable, "-m", "nnbp_cli", *line) as process:
        log = Path("runs/small-search/trial-0001/log.csv")
        while not log.exists() or log.read_text().count("\n") < 5:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert "stopped by SIGINT; the same command goes on" in out.splitlines()
    assert "test accuracy" not in out
    found = json.loads(nnbp(*line, "--json").out)
    assert (found["counts"]["complete"], found["counts"]["taken over"]) == (8, 1)


def test_one_run_leaves_the_search_out(there: Path) -> None:
    said: Said = nnbp("train", "small.toml", "--out", "run")
    assert "note: [search] is for 'nnbp search'; one run has no use for it" in said.err
    assert config.load("run/config.toml").search is None


def test_without_optuna_a_line_says_what_to_type(there: Path) -> None:
    program = "import sys; sys.modules['optuna'] = None; from nnbp_cli.cli import main; main(sys.argv[1:])"
    with started(sys.executable, "-c", program, "search", "small.toml") as process:
        said = process.communicate(timeout=60)
    assert said == ("", "nnbp search: needs optuna; pip install 'nnbp-cli[search]'\n")
