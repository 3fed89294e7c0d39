"""An Optuna study in its file: opened, and read as plain values, by who works on it and who only looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from nnbp_cli import config
from nnbp_cli.errors import NnbpError
from nnbp_cli.runs.summary import FinalScore
from nnbp_cli.search import journal
from nnbp_cli.search.journal import is_journal
from nnbp_cli.search.optuna import optuna
from nnbp_cli.search.result import Search, Trial

NAME = "nnbp search"  # of the study in its file

_TRIAL = TypeAdapter(Trial)
_TEST_SCORES = TypeAdapter(dict[str, FinalScore])


def check(path: Path) -> None:
    """Raise NnbpError where the file `path` may not become a study, as `journal.check` does, is damaged, or
    has one of another program.
    """
    journal.check(path)
    if is_journal(path):
        with damage_named(path):
            inside = opened(path)
            if not study_in(inside) and inside.get_all_studies():
                raise NnbpError(f"{path}: is a study of another program; name another file")


def read(path: Path) -> Search:
    """What has come of the study in the file `path`. Raises NnbpError where there is none."""
    if is_journal(path):
        with damage_named(path):
            if study := study_in(opened(path)):
                return result(path, study)
    raise NnbpError(f"{path}: no study; name the file that 'nnbp search' names in its first line")


class _Unlocked:
    """The journal has its own locks: Optuna's stays for thirty seconds where its process is killed."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


def opened(path: Path) -> optuna.storages.JournalStorage:
    """What is in the file `path`, which is made where there is none."""
    backend = optuna.storages.journal.JournalFileBackend(str(path), _Unlocked())
    return optuna.storages.JournalStorage(backend)


def study_in(storage: optuna.storages.JournalStorage) -> optuna.Study | None:
    """The study of ours, if it is there."""
    try:
        return optuna.load_study(storage=storage, study_name=NAME)
    except KeyError:
        return None


def new_study(storage: optuna.storages.JournalStorage) -> optuna.Study:
    """A study of ours."""
    return optuna.create_study(storage=storage, study_name=NAME, direction="maximize")


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """What somebody has made of a journal, Optuna takes in as many ways; NnbpError says so instead."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise NnbpError(f"{path}: damaged; take a copy from elsewhere, or begin anew") from error


def result(path: Path, study: optuna.Study) -> Search:
    """What has come so far of a study in the file `path`."""
    searched = config.loads(study.user_attrs["searched"]["config"], where=str(path)).search
    found = trials(study)
    assert searched
    assert all(set(trial.values) == set(searched.parameters) for trial in found if trial.state != "running")
    tested = _TEST_SCORES.validate_python(study.user_attrs.get("test", {}))
    search = Search(path, searched, found, None, len(tested), _importances(study))
    return replace(search, test=tested.get(str(search.best.number)) if search.best else None)


def trials(study: optuna.Study) -> list[Trial]:
    """All, in the order in which they were drawn, but for those that were only half drawn."""
    found = study.get_trials(deepcopy=False)
    return [trial(each) for each in found if each.state != optuna.trial.TrialState.FAIL]


def trial(found: optuna.trial.FrozenTrial) -> Trial:
    """One, as values. Raises ValueError, KeyError or TypeError for what no trial is."""
    reported, attributes = found.intermediate_values, found.user_attrs
    state, why = attributes["ended"] if found.state.is_finished() else ("running", None)
    accuracy = found.value if found.value is not None else reported.get(max(reported, default=0))
    return _TRIAL.validate_python(
        {
            "number": found.number,
            "state": state,
            "values": found.params,
            "epochs": len(reported),
            "accuracy": accuracy,
            "why": why,
            "taken_over": attributes.get("taken over", 0),
        }
    )


def _importances(study: optuna.Study) -> dict[str, float]:
    """How much each key had to do with the accuracy of complete trials, as shares, the largest first: by
    PED-ANOVA, Watanabe, Bansal and Hutter (2023). Nothing of fewer than two.
    """
    if len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))) < 2:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))
