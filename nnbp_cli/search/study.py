"""An Optuna study in a journal, on which several processes work.

Optuna keeps what was drawn and what came of it; the journal knows who has which trial. One that is still
running and that nobody has was left, and whoever finds it goes on with it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import ConfigError, InUse, NnbpError
from nnbp_cli.runs.summary import FinalScore
from nnbp_cli.search.journal import Journal, is_journal
from nnbp_cli.search.result import Search, Trial, run_directory
from nnbp_cli.wording import listed

try:
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FrozenTrial, TrialState

    from nnbp_cli.search import methods
except ImportError as error:
    raise NnbpError("nnbp search: needs optuna; pip install 'nnbp-cli[search]'") from error

NAME = "nnbp search"  # of the study in its file
MAY_DIFFER = ("search.trials", "data.name")  # from when the study began; the digest tells the data

_TRIAL = TypeAdapter(Trial)
_TEST_SCORES = TypeAdapter(dict[str, FinalScore])

optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def read(path: Path) -> Search:
    """What has come of the study in the file `path`. Raises NnbpError where there is none."""
    if is_journal(path):
        with _damage_named(path):
            if study := _load(_storage(path)):
                return _result(path, study)
    raise NnbpError(f"{path}: no study; name the file that 'nnbp search' names in its first line")


class _Unlocked:
    """The journal has its own locks: Optuna's stays for thirty seconds where its process is killed."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class Study:
    """The study of a config's [search] in a journal, begun there or gone on with; `digest` is that of the
    data. Raises ConfigError where it was begun with another config, NnbpError where with other data, and
    where the file is damaged, or has another study.
    """

    def __init__(self, journal: Journal, searched: Config, digest: str) -> None:
        assert searched.search
        self.path, self.config, self.search = journal.path, searched, searched.search
        self._journal = journal
        with journal.held(), _damage_named(self.path):
            self._storage = _storage(self.path)
            self._study = self._begun(digest)
            _trials(self._study)

    def _begun(self, digest: str) -> optuna.Study:
        study = _load(self._storage)
        if study is None:
            if self._storage.get_all_studies():
                raise NnbpError(f"{self.path}: is a study of another program; name another file")
            study = optuna.create_study(storage=self._storage, study_name=NAME, direction="maximize")
        study.pruner = methods.pruner(self.search, self.config.training.epochs)
        now = {"config": config.to_toml(self.config), "digest": digest}
        before = study.user_attrs.get("searched", now)
        changed = config.changed_keys(config.loads(before["config"], where=str(self.path)), self.config)
        another = "go on with what it began with, or name another file with --study"
        if others := [key for key in changed if key not in MAY_DIFFER]:
            was = "was" if len(others) == 1 else "were"
            raise ConfigError(f"{self.path}: {listed(others, 'and')} {was} changed; {another}")
        if before["digest"] != digest:
            raise NnbpError(f"{self.path}: '{self.config.data.name}' is not what it was; {another}")
        if changed or "searched" not in study.user_attrs:
            study.set_user_attr("searched", now)
        return study

    @contextmanager
    def take(self) -> Iterator[Trial | None]:
        """A trial that is this process's while the block lasts: one that was left, or a new one; None where
        all are drawn, and none is left.
        """
        with ExitStack() as held:
            with self._journal.held():
                taken = self._left(held) or self._drawn(held)
            yield taken

    def _left(self, held: ExitStack) -> Trial | None:
        """A trial whose process has ended, held."""
        for found in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            with suppress(InUse):
                held.enter_context(self._journal.trial(found.number))
                if found.params.keys() == self.search.parameters.keys():
                    times = found.user_attrs.get("taken over", 0) + 1
                    self._storage.set_trial_user_attr(found._trial_id, "taken over", times)
                    return _trial(found)
                self._study.tell(found.number, state=TrialState.FAIL)  # it ended while it drew them
        return None

    def _drawn(self, held: ExitStack) -> Trial | None:
        """A new trial, held; None where there are as many as there should be."""
        trials = self._study.get_trials(deepcopy=False)
        if sum(trial.state != TrialState.FAIL for trial in trials) >= self.search.trials:
            return None
        # Made anew, so that what is drawn does not depend on which process has drawn before.
        self._study.sampler = methods.sampler(self.search, self.config.training.seed, len(trials))
        drawn = self._study.ask(methods.distributions(self.search.parameters))
        held.enter_context(self._journal.trial(drawn.number))
        return Trial(drawn.number, "running", drawn.params)

    def report(self, trial: Trial, epoch: int, accuracy: float) -> bool:
        """Keep the accuracy of a trial after an epoch; whether it is to be pruned."""
        with self._journal.held():
            identity = self._identity(trial)
            self._storage.set_trial_intermediate_value(identity, epoch, accuracy)
            return bool(self._study.pruner.prune(self._study, self._storage.get_trial(identity)))

    def tell(self, trial: Trial, state: str, accuracy: float | None = None, why: str | None = None) -> None:
        """Keep how a trial ended."""
        with self._journal.held():
            self._storage.set_trial_user_attr(self._identity(trial), "ended", [state, why])
            ended = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
            self._study.tell(trial.number, accuracy, state=ended)

    def _identity(self, trial: Trial) -> int:
        """By what the storage knows a trial."""
        identity: int = self._study.get_trials(deepcopy=False)[trial.number]._trial_id
        return identity

    def trials(self) -> list[Trial]:
        """All, in the order in which they were drawn."""
        with self._journal.held():
            return _trials(self._study)

    def directory(self, trial: Trial) -> Path:
        """That of the run of a trial."""
        return run_directory(self.path, trial.number)

    @contextmanager
    def test_scores(self) -> Iterator[dict[str, Any]]:
        """The scores on the test set, by the number of the trial; what is added in the block is kept."""
        with self._journal.held():
            kept = self._study.user_attrs.get("test", {})
            yield (scores := dict(kept))
            if scores != kept:
                self._study.set_user_attr("test", scores)

    def result(self) -> Search:
        """What has come of it so far."""
        with self._journal.held():
            return _result(self.path, self._study)


def _storage(path: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(path), _Unlocked()))


def _load(storage: JournalStorage) -> optuna.Study | None:
    """The study of ours, if it is there."""
    try:
        return optuna.load_study(storage=storage, study_name=NAME)
    except KeyError:
        return None


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """What somebody has made of a journal, Optuna takes in as many ways; NnbpError says so instead."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise NnbpError(f"{path}: damaged; take a copy from elsewhere, or begin anew") from error


def _result(path: Path, study: optuna.Study) -> Search:
    searched = config.loads(study.user_attrs["searched"]["config"], where=str(path)).search
    trials = _trials(study)
    assert searched
    assert all(set(trial.values) == set(searched.parameters) for trial in trials if trial.state != "running")
    tested = _TEST_SCORES.validate_python(study.user_attrs.get("test", {}))
    search = Search(path, searched, trials, None, len(tested), _importances(study))
    return replace(search, test=tested.get(str(search.best.number)) if search.best else None)


def _trials(study: optuna.Study) -> list[Trial]:
    found = study.get_trials(deepcopy=False)
    return [_trial(each) for each in found if each.state != TrialState.FAIL]


def _trial(found: FrozenTrial) -> Trial:
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
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < 2:
        return {}
    return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))
