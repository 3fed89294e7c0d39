"""The work on a study: a process takes a trial, and tells what becomes of it.

The journal knows who has which. A trial that is still running and that nobody has was left, and whoever finds
it goes on with it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import ConfigError, InUse, NnbpError
from nnbp_cli.search import methods, storage
from nnbp_cli.search.journal import Journal
from nnbp_cli.search.optuna import optuna
from nnbp_cli.search.result import Search, Trial, run_directory
from nnbp_cli.wording import listed

# From when the study began; the digest tells the data.
MAY_DIFFER = ("search.trials", "data.name", "data.as_given")


class Study:
    """The study of a config's [search] in a journal, begun there or gone on with; `digest` is that of the
    data. Raises ConfigError where it was begun with another config, NnbpError where with other data.
    """

    def __init__(self, journal: Journal, searched: Config, digest: str) -> None:
        assert searched.search
        self.path, self.config, self.search = journal.path, searched, searched.search
        self._journal = journal
        with journal.held(), storage.damage_named(self.path):
            self._storage = storage.opened(self.path)
            self._study = storage.study_in(self._storage) or storage.new_study(self._storage)
            self._study.pruner = methods.pruner(self.search, searched.training.epochs)
            self._keep_what_is_searched(digest)
            storage.result(self.path, self._study)

    def _keep_what_is_searched(self, digest: str) -> None:
        """Let the study know its config and its data; raises as the study does where it knows others."""
        now = {"config": config.to_toml(self.config), "digest": digest}
        before = self._study.user_attrs.get("searched", now)
        changed = config.changed_keys(config.loads(before["config"], where=str(self.path)), self.config)
        another = "go on with what it began with, or name another file with --study"
        if others := [key for key in changed if key not in MAY_DIFFER]:
            was = "was" if len(others) == 1 else "were"
            raise ConfigError(f"{self.path}: {listed(others, 'and')} {was} changed; {another}")
        if before["digest"] != digest:
            raise NnbpError(f"{self.path}: '{self.config.data.name}' is not what it was; {another}")
        if changed or "searched" not in self._study.user_attrs:
            self._study.set_user_attr("searched", now)

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
        for found in self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            with suppress(InUse):
                held.enter_context(self._journal.trial(found.number))
                if found.params.keys() == self.search.parameters.keys():
                    times = found.user_attrs.get("taken over", 0) + 1
                    self._storage.set_trial_user_attr(found._trial_id, "taken over", times)
                    return storage.trial(found)
                # It ended while it drew them.
                self._study.tell(found.number, state=optuna.trial.TrialState.FAIL)
        return None

    def _drawn(self, held: ExitStack) -> Trial | None:
        """A new trial, held; None where there are as many as there should be."""
        trials = self._study.get_trials(deepcopy=False)
        if sum(trial.state != optuna.trial.TrialState.FAIL for trial in trials) >= self.search.trials:
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
            ended = optuna.trial.TrialState.PRUNED if accuracy is None else optuna.trial.TrialState.COMPLETE
            self._study.tell(trial.number, accuracy, state=ended)

    def _identity(self, trial: Trial) -> int:
        """By what the storage knows a trial."""
        identity: int = self._study.get_trials(deepcopy=False)[trial.number]._trial_id
        return identity

    def trials(self) -> list[Trial]:
        """All, in the order in which they were drawn."""
        with self._journal.held():
            return storage.trials(self._study)

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
            return storage.result(self.path, self._study)
