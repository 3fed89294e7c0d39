"""An Optuna study in a file, on which several processes work, on this machine or on others that share its
folder.

Optuna keeps what was drawn and what came of it. Who has which trial is told by locks, which go with their
process, however that ends: a trial that is still running and that nobody holds was left, and whoever finds it
goes on with it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from nnbp_cli import config, rng
from nnbp_cli.config import Config, SearchConfig
from nnbp_cli.errors import ConfigError, InUse, NnbpError
from nnbp_cli.search.space import Value, distributions
from nnbp_cli.system.locks import ByteLocks
from nnbp_cli.wording import listed

NAME = "nnbp search"  # of the study in its file
BEGINNING = b'{"op_code":'  # of a journal
MAY_DIFFER = ("search.trials", "data.name")  # from when the study began; the digest tells the data


@dataclass(frozen=True)
class Trial:
    """One run of a study: the `values` that were drawn for it, its epochs so far, and its accuracy on the
    validation images, 0 to 1, of the weights it kept, or after its last epoch. `state` is "running",
    "complete", "pruned", "diverged" or "refused": no config may have such values together; `why` says more.
    `taken_over` is how often another process went on with it.
    """

    number: int
    state: str
    values: dict[str, Value]
    epochs: int = 0
    accuracy: float | None = None
    why: str | None = None
    taken_over: int = 0


def check(path: Path) -> None:
    """Raise NnbpError where the file `path` may not become a study: it is something else, or the trials of
    another one are beside it.
    """
    if not os.path.lexists(path):
        if any(path.parent.glob("trial-*")):
            raise NnbpError(f"{path}: there are trials of another study beside it; name another folder")
        return
    foreign = NnbpError(f"{path}: is there already, and no study; name another file")
    if not path.is_file():
        raise foreign
    with path.open("rb") as file:
        if file.read(len(BEGINNING)) not in (BEGINNING, b""):
            raise foreign


class _Unlocked:
    """Of the journal, which is read and written while the study is held: Optuna's own lock stays for thirty
    seconds where its process is killed.
    """

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        pass


class Study:
    """The study of a config's [search] in the file `path`, begun there or gone on with, under its `locks`;
    `digest` is that of the data. Raises ConfigError where it was begun with another config, NnbpError where
    with other data, and where the file, which has been `check`ed, is damaged.
    """

    def __init__(self, path: Path, locks: ByteLocks, begun_with: Config, digest: str) -> None:
        assert begun_with.search
        optuna.logging.set_verbosity(optuna.logging.CRITICAL)
        self.path, self.config, self.search = path, begun_with, begun_with.search
        self._locks = locks
        with self._alone():
            try:
                self._storage = JournalStorage(JournalFileBackend(str(path), _Unlocked()))
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise NnbpError(f"{path}: damaged; take a copy from elsewhere, or begin anew") from error
            self._study = self._open(digest)

    def _open(self, digest: str) -> optuna.Study:
        options: Any = {"storage": self._storage, "study_name": NAME}
        try:
            study = optuna.load_study(**options)
        except KeyError:
            study = optuna.create_study(**options, direction="maximize")
        study.pruner = _pruner(self.search, self.config.training.epochs)
        if "begun" not in study.user_attrs:
            study.set_user_attr("begun", {"config": config.to_toml(self.config), "digest": digest})
        begun = study.user_attrs["begun"]
        before = config.loads(begun["config"], where=str(self.path))
        changed = config.changed_keys(before, self.config)
        another = "go on with what it began with, or name another file with --study"
        if others := [key for key in changed if key not in MAY_DIFFER]:
            was = "was" if len(others) == 1 else "were"
            raise ConfigError(f"{self.path}: {listed(others, 'and')} {was} changed; {another}")
        if begun["digest"] != digest:
            raise NnbpError(f"{self.path}: '{self.config.data.name}' is not what it was; {another}")
        return study

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the study, and take off what a process that died has left of a line."""
        with self._locks.held(0):
            if self.path.exists() and self.path.stat().st_size:
                with self.path.open("r+b") as file:
                    file.seek(-1, os.SEEK_END)
                    if file.read() != b"\n":
                        file.seek(0)
                        file.truncate(file.read().rfind(b"\n") + 1)
            yield

    @property
    def folder(self) -> Path:
        """Where the file is, and the runs of its trials."""
        return self.path.parent

    def directory(self, trial: Trial) -> Path:
        """That of the run of a trial."""
        return self.folder / f"trial-{trial.number:04}"

    @contextmanager
    def take(self) -> Iterator[Trial | None]:
        """A trial that is this process's while the block lasts: one that was left, or a new one; None where
        all are drawn, and none is left.
        """
        with ExitStack() as held:
            with self._alone():
                taken = next(self._left(held), None) or self._drawn(held)
            yield taken

    def _left(self, held: ExitStack) -> Iterator[Trial]:
        """Trials whose processes have ended, each of them held."""
        for found in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            with suppress(InUse):
                held.enter_context(self._locks.held(1 + found.number, InUse()))
                if found.params.keys() != self.search.parameters.keys():  # it ended while it drew them
                    self._study.tell(found.number, state=TrialState.FAIL)
                    continue
                times = found.user_attrs.get("taken over", 0) + 1
                self._storage.set_trial_user_attr(found._trial_id, "taken over", times)
                yield _trial(found)

    def _drawn(self, held: ExitStack) -> Trial | None:
        """A new trial, held; None where there are as many as there should be."""
        trials = self._study.get_trials(deepcopy=False)
        if sum(trial.state != TrialState.FAIL for trial in trials) >= self.search.trials:
            return None
        # Made anew, so that what is drawn does not depend on which process has drawn before.
        self._study.sampler = _sampler(self.search, self.config.training.seed, len(trials))
        drawn = self._study.ask(distributions(self.search))
        held.enter_context(self._locks.held(1 + drawn.number, InUse()))
        return Trial(drawn.number, "running", drawn.params)

    def report(self, trial: Trial, epoch: int, accuracy: float) -> bool:
        """Keep the accuracy of a trial after an epoch; whether it is to be pruned."""
        with self._alone():
            identity = self._identity(trial)
            self._storage.set_trial_intermediate_value(identity, epoch, accuracy)
            return bool(self._study.pruner.prune(self._study, self._storage.get_trial(identity)))

    def tell(self, trial: Trial, state: str, accuracy: float | None = None, why: str | None = None) -> None:
        """Keep how a trial ended."""
        with self._alone():
            self._storage.set_trial_user_attr(self._identity(trial), "ended", [state, why])
            ended = TrialState.PRUNED if accuracy is None else TrialState.COMPLETE
            self._study.tell(trial.number, accuracy, state=ended)

    def _identity(self, trial: Trial) -> int:
        """By what the storage knows a trial."""
        identity: int = self._study.get_trials(deepcopy=False)[trial.number]._trial_id
        return identity

    def trials(self) -> list[Trial]:
        """All, in the order in which they were drawn."""
        with self._alone():
            found = self._study.get_trials(deepcopy=False)
        return [_trial(each) for each in found if each.state != TrialState.FAIL]

    def importances(self) -> dict[str, float]:
        """How much each key had to do with the accuracy of complete trials, as shares, the largest first: by
        PED-ANOVA, Watanabe, Bansal and Hutter (2023). Nothing of fewer than two.
        """
        with self._alone():
            if len(self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < 2:
                return {}
            return dict(get_param_importances(self._study, evaluator=PedAnovaImportanceEvaluator()))

    @contextmanager
    def test_scores(self) -> Iterator[dict[str, Any]]:
        """The scores on the test set, by the number of the trial; what is added in the block is kept."""
        with self._alone():
            kept = self._study.user_attrs.get("test", {})
            yield (scores := dict(kept))
            if scores != kept:
                self._study.set_user_attr("test", scores)


def _trial(found: FrozenTrial) -> Trial:
    reported = found.intermediate_values
    state, why = found.user_attrs.get("ended", ["running", None])
    accuracy = found.value if found.value is not None else reported.get(max(reported, default=0))
    taken_over = found.user_attrs.get("taken over", 0)
    return Trial(found.number, state, found.params, len(reported), accuracy, why, taken_over)


def _sampler(search: SearchConfig, seed: int, number: int) -> BaseSampler:
    own = int(rng.generator(seed, "search", number).integers(2**32))
    if search.sampler == "random":
        return RandomSampler(seed=own)
    # Those that still run count as bad, so that nobody draws the same.
    return TPESampler(seed=own, constant_liar=True)


def _pruner(search: SearchConfig, epochs: int) -> BasePruner:
    match search.pruner:
        case "asha":
            return SuccessiveHalvingPruner(min_resource=1, reduction_factor=4)
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
        case "median":
            return MedianPruner()
    return NopPruner()
