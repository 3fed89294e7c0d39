"""`nnbp search`: no trial is doubled, lost or too many, whoever is killed; mistakes are named before."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli import config
from nnbp_cli.runs import summary
from tests.command_line import Said, nnbp
from tests.datasets import draw_digits
from tests.processes import started
from tests.small_run import CONFIG, contents, replace, results, without_numba

optuna = pytest.importorskip("optuna")

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
    both = search("--trials", 8)
    tested = 1 + (both["best"] != first["best"])
    assert both == search("--study", "other/study.journal") | {
        key: both[key] for key in ("study", "best_config", "tested")
    }, "in two goes as in one"
    assert both["tested"] == tested
    note = f"note: {tested} trials of this study were scored on the test set"
    assert (note in nnbp("search", "small.toml", "-q").out) == (tested > 1)


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


def forget_the_end_of_the_last_trial() -> None:
    """Take what the study was told of it, and afterwards, out of the journal."""
    journal = Path("runs/small-search/study.journal")
    lines = journal.read_text().splitlines(keepends=True)
    told = max(k for k, line in enumerate(lines) if '"ended"' in line)
    journal.write_text("".join(lines[:told]))


def test_a_run_that_ended_before_the_study_was_told_is_not_trained_again(there: Path) -> None:
    first = search("--trials", 3)
    forget_the_end_of_the_last_trial()
    run = Path("runs/small-search/trial-0002")
    before = contents(run)
    found = search("--trials", 3)
    assert found["counts"].pop("taken over") == 1
    assert (found["trials"][2].pop("taken_over"), first["trials"][2].pop("taken_over")) == (1, 0)
    assert found["trials"] == first["trials"]
    assert contents(run) == before


def test_a_study_of_something_else_is_refused(there: Path) -> None:
    search("--trials", 1)
    Path("thesis.txt").write_text("mine")
    others = '{"op_code":0,"worker_id":"a","study_name":"another","directions":[1]}\n'
    Path("others.journal").write_text(others)
    before = contents(there) | contents(Path("runs/small-search"))
    for more, what in (
        (("--set", "training.l2=1.0"), "training.l2 was changed"),
        (("--set", "data.seed=2"), "data.seed was changed"),
        (("--study", "runs/small-search/b.journal"), "there are trials of another study beside it"),
        (("--study", "thesis.txt"), "is there already, and no study"),
        (("--study", "/dev/null"), "is there already, and no study"),
        (("--study", "others.journal"), "is a study of another program"),
    ):
        said = nnbp("search", "small.toml", *more, "-q")
        assert (what in said.err, said.err.count("\n"), said.out) == (True, 1, "")
    assert contents(there) | contents(Path("runs/small-search")) == before


def test_the_images_of_a_study_may_move_and_may_not_be_others(there: Path) -> None:
    for name in ("train", "t10k"):
        for folder, seed in (("digits", 1), ("others", 2)):
            Path(folder).mkdir(exist_ok=True)
            draw_digits(Path(folder), name, 60, seed)
    replace("small.toml", '"synthetic"\nsize = 600', '"./digits"')
    first = search("--trials", 1)
    forget_the_end_of_the_last_trial()
    Path("runs/small-search/trial-0000/summary.json").unlink()
    Path("digits").rename("moved")
    found = search("--trials", 1, "--set", "data.name=./moved")
    assert (found["trials"][0].pop("taken_over"), first["trials"][0].pop("taken_over")) == (1, 0)
    assert (found["trials"], found["test"]) == (first["trials"], first["test"])
    said = nnbp("search", "small.toml", "--trials", 3, "--set", "data.name=./others", "-q")
    assert "others' is not what it was; go on with what it began with" in said.err


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


def write_parameters(trials: int, parameters: str) -> None:
    Path("small.toml").write_text(f"{CONFIG}[search]\ntrials = {trials}\n[search.parameters]\n{parameters}")


def test_many_values_that_no_trial_may_have_are_all_named_without_trying_all_pairs(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates, shares = ([sign * (k + 1) / 100 for k in range(60)] for sign in (-1, 1))
    words = [f"x{rate}" for rate in rates]
    write_parameters(
        2,
        f"""
"training.learning_rate" = {{ values = {rates} }}
"training.optimizer" = {{ values = {words} }}
"training.momentum" = {{ values = {shares} }}
"training.l2" = {{ values = {shares} }}
""",
    )
    tried, loads = count(), config.loads
    monkeypatch.setattr(config, "loads", lambda *given: (next(tried), loads(*given))[1])
    lines = nnbp("search", "small.toml").err.splitlines()
    assert next(tried) < 2 * 4 * 60
    assert [sum(word in line for line in lines) for word in ("> 0", "'sgd', ", "only with")] == [60, 60, 1]


def test_an_engine_that_is_not_installed_is_named_before_the_first_trial(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_numba(monkeypatch)
    write_parameters(2, '"training.engine" = { values = ["numpy", "compiled"] }')
    assert nnbp("search", "small.toml").err.startswith("training.engine: 'compiled' needs numba; pip install")
    assert not Path("runs").exists()


def test_what_only_a_combination_or_the_data_show_is_refused_and_counted(here: Path) -> None:
    write_parameters(
        8,
        """
"training.optimizer" = { values = ["sgd", "adam"] }
"training.beta2" = { min = 0.9, max = 0.999 }
"training.batch_size" = { values = [20, 700] }
""",
    )
    found = search()
    refused = {trial["number"]: trial["why"] for trial in found["trials"] if trial["state"] == "refused"}
    assert 0 < found["counts"]["refused"] == len(refused) < 8
    for trial in found["trials"]:
        sgd = trial["values"]["training.optimizer"] == "sgd"
        large = trial["values"]["training.batch_size"] == 700
        assert (trial["number"] in refused) == (sgd or large)
        why = "means something only with optimizer" if sgd else "batch"
        assert why in refused.get(trial["number"], why)
        assert Path(f"runs/small-search/trial-{trial['number']:04}").exists() != (sgd or large)


def test_a_trial_that_diverges_says_so_and_is_never_the_best(here: Path) -> None:
    write_parameters(6, '"training.learning_rate" = { values = [0.1, 1e30] }')
    found = search("--set", "search.sampler=random", "--set", "search.pruner=none")
    for trial in found["trials"]:
        diverged = trial["values"]["training.learning_rate"] > 1
        assert (trial["state"], bool(trial["why"])) == (("complete", "diverged")[diverged], diverged)
    assert 0 < found["counts"]["diverged"] < 6
    write_parameters(2, '"training.learning_rate" = { values = [1e29, 1e30] }')
    said = nnbp("search", "small.toml", "--study", "all/study.journal", "-q")
    assert (said.status, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("all/study.journal: no trial came to its end: ")
    said = nnbp("search", "small.toml", "--study", "all/study.journal", "--trials", 3)
    assert re.search(r"^trial 2: . diverged after \d epochs: .*not finite", said.err, re.MULTILINE)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("pruner", ["median", "hyperband", "none"])
def test_every_sampler_goes_with_every_pruner(there: Path, sampler: str, pruner: str) -> None:
    """Random draws the same whatever is pruned; TPE what chance does for its first ten trials."""
    line = ("--set", f"search.sampler={sampler}", "--set", f"search.pruner={pruner}", "--trials", 7)
    found = search(*line)
    assert found["counts"]["complete"] + found["counts"]["pruned"] == 7
    if pruner == "none":
        assert {trial["epochs"] for trial in found["trials"]} == {3}
    other = search(*line, "--set", "training.seed=2", "--study", "other/study.journal")
    assert [trial["values"] for trial in found["trials"]] != [trial["values"] for trial in other["trials"]]


BEGINNING = """
import sys
from contextlib import closing
from pathlib import Path
from nnbp_cli import config
from nnbp_cli.search.journal import Journal
from nnbp_cli.search.study import Study
_, path, digest = sys.argv
with closing(Journal(Path(path))) as journal:
    study = Study(journal, config.load("small.toml"), digest)
"""
TAKER = (
    BEGINNING
    + """
    print("ready", flush=True)
    sys.stdin.readline()
    while True:
        with study.take() as trial:
            if trial is None:
                break
            print(trial.number, flush=True)
            study.report(trial, 1, 0.5)
            study.tell(trial, "complete", 0.5)
"""
)
HOLDER = (
    BEGINNING
    + """
    with study.take() as trial:
        print(trial.number, flush=True)
        sys.stdin.readline()
"""
)


def test_processes_that_ask_at_the_same_moment_get_each_trial_once_and_none_too_many(there: Path) -> None:
    replace("small.toml", "trials = 8", "trials = 90")
    with ExitStack() as stack:
        command = (sys.executable, "-c", TAKER, "study.journal", "digest")
        takers = [stack.enter_context(started(*command, stdin=subprocess.PIPE)) for _ in range(3)]
        for taker in takers:
            assert taker.stdout
            assert taker.stdout.readline() == "ready\n"
        for taker in takers:
            assert taker.stdin
            taker.stdin.write("\n")
            taker.stdin.flush()
        said = [taker.communicate() for taker in takers]
    assert [err for _, err in said] == ["", "", ""]
    taken = [int(number) for out, _ in said for number in out.split()]
    assert sorted(taken) == list(range(90))
    assert sum(bool(out) for out, _ in said) > 1, "or nothing is tried"
    backend = optuna.storages.journal.JournalFileBackend("study.journal")
    storage = optuna.storages.JournalStorage(backend)
    assert len(optuna.load_study(storage=storage, study_name="nnbp search").trials) == 90


def test_two_processes_work_on_one_study_and_what_a_killed_one_left_is_taken_over(there: Path) -> None:
    line = ("search", "small.toml", "--set", "training.epochs=60", "--set", "search.pruner=none", "-q")
    command = (sys.executable, "-m", "nnbp_cli", *line, "--json")
    with started(*command) as killed, started(*command) as other:
        logs = Path("runs/small-search")
        begun = 0
        while begun < 2:  # each is in the middle of a run, and none between two
            time.sleep(0.005)
            assert (killed.poll(), other.poll()) == (None, None)
            running = (path for path in logs.glob("*/log.csv") if not path.with_name("summary.json").exists())
            begun = sum(3 < path.read_text().count("\n") < 45 for path in running)
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


def test_ctrl_c_stops_a_trial_that_has_not_begun_to_train(there: Path) -> None:
    line = ("search", "small.toml", "-q", "--set", "training.epochs=1000000")
    with started(sys.executable, "-m", "nnbp_cli", *line) as process:
        study = Path("runs/small-search/study.journal")
        while not study.exists() or '"op_code":4,' not in study.read_text():  # a trial is drawn
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")


def test_ctrl_c_stops_who_waits_for_a_trial_of_another_process(there: Path) -> None:
    search("--trials", 1)
    digest = summary.read(Path("runs/small-search/trial-0000")).data["digest"]
    holder = (sys.executable, "-c", HOLDER, "runs/small-search/study.journal", digest)
    line = (sys.executable, "-m", "nnbp_cli", "search", "small.toml", "--trials", "2")
    replace("small.toml", "trials = 8", "trials = 2")
    with started(*holder, stdin=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == "1\n"
        with started(*line) as process:
            assert process.stderr
            while "waiting for 1 trial of other processes" not in process.stderr.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
    assert (process.returncode, "1 complete, 1 running" in out) == (130, True)
    found = search()
    assert (found["counts"]["complete"], found["counts"]["taken over"]) == (2, 1)


def test_one_run_leaves_the_search_out(there: Path) -> None:
    said: Said = nnbp("train", "small.toml", "--out", "run")
    assert "note: [search] is for 'nnbp search'; one run has no use for it" in said.err
    assert config.load("run/config.toml").search is None


@pytest.mark.parametrize("line", ["search small.toml", "plot study.journal", "report study.journal"])
def test_without_optuna_a_line_says_what_to_type(there: Path, line: str) -> None:
    Path("study.journal").write_text('{"op_code":0,"worker_id":"a","study_name":"a","directions":[1]}\n')
    program = "import sys; sys.modules['optuna'] = None; from nnbp_cli.cli import main; main(sys.argv[1:])"
    with started(sys.executable, "-c", program, *line.split()) as process:
        said = process.communicate(timeout=60)
    assert said == ("", "nnbp search: needs optuna; pip install 'nnbp-cli[search]'\n")
