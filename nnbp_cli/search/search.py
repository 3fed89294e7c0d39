"""A whole search: trial by trial, each a run as any other, and at the end the best config and its score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import ConfigError, Diverged, NnbpError
from nnbp_cli.evaluation.saved import evaluate_saved
from nnbp_cli.jobs.job import Job
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.resume import resume
from nnbp_cli.runs.run import SignalReceived
from nnbp_cli.runs.setup import Paths, describe, settle
from nnbp_cli.runs.summary import PRUNING, FinalScore
from nnbp_cli.system import files, signals
from nnbp_cli.system.locks import ByteLocks
from nnbp_cli.system.outputs import Output, signed
from nnbp_cli.system.reporter import SILENT, Reporter
from nnbp_cli.wording import counted, duration, percent

if TYPE_CHECKING:
    from nnbp_cli.search.study import Study, Trial

SCORE = "validation accuracy"
WAITING_SECONDS = 0.5  # between two looks at trials that other processes have
BEST = Output("a config", {".toml": signed(rb"# nnbp search: ")}, "move it away")


@dataclass(frozen=True)
class Search:
    """What came of the study in the file `study`: its trials, of which `best` is one; the file with its
    config, and its score on the test images, on which `tested` trials were scored so far; how much each key
    mattered. `stopped_by` names the signal that stopped it, if one did.
    """

    study: Path
    asked_for: int
    trials: Sequence[Trial]
    best: Trial | None
    config: Path | None
    test: FinalScore | None
    tested: int
    importances: Mapping[str, float]
    stopped_by: str | None

    @property
    def epochs(self) -> int:
        """Of all trials."""
        return sum(trial.epochs for trial in self.trials)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials ended in which way, or still run; how many were taken over from another process."""
        states = ("complete", "pruned", "diverged", "refused", "running")
        counts = {state: sum(trial.state == state for trial in self.trials) for state in states}
        return counts | {"taken over": sum(trial.taken_over > 0 for trial in self.trials)}

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        paths = {"study": str(self.study), "config": self.config and str(self.config)}
        return asdict(self) | paths | {"counts": self.counts, "epochs": self.epochs}

    def check(self) -> None:
        """Raise NnbpError where no trial came to its end."""
        if not self.best and not self.stopped_by:
            ended = next((f": {trial.why}" for trial in self.trials if trial.why), "")
            raise NnbpError(f"{self.study}: no trial came to its end{ended}; search other values")


def search(
    path: Path, settings: Sequence[str], file: Path | None, data_dir: Path, reporter: Reporter
) -> Search:
    """Search as the config at `path` says, in the study `file`, or the one of its name under runs/, until it
    has all trials, beside other processes that do the same.

    Raises ConfigError for all mistakes in the config at once, and else what a run raises that fails.
    """
    try:
        from nnbp_cli.search import space, study
    except ImportError as error:
        raise NnbpError("nnbp search: needs optuna; pip install 'nnbp-cli[search]'") from error
    begun_with = config.load(path, settings)
    if not begun_with.search:
        raise ConfigError(f"{path}: has no [search]; docs/search.md says what it is")
    base = replace(begun_with, search=None)
    space.check(base, begun_with.search, str(path))
    file = file or Path("runs", f"{files.shortened(path.stem)}-search", "study.journal")
    study.check(file)
    paths = Paths(path, data_dir)
    settled, data, network = settle(base, paths, reporter)
    files.make_directory(file.parent)
    BEST.check(file.parent / "best.toml")
    with closing(ByteLocks(file.with_name(f"{file.name}.locks"))) as locks:
        opened = study.Study(file, locks, begun_with, data.digest)
        reporter.note(f"{file}: {counted(begun_with.search.trials, 'trials')}")
        for line in describe(settled, data, network):
            reporter.note(line)
        del data
        searcher = _Searcher(opened, base, replace(paths, offline=True), reporter)
        with signals.defer() as signal_received:
            found = searcher.result(stopped_by=searcher.run(signal_received))
            signals.complete(found.stopped_by)
        return found


@dataclass
class _Searcher:
    """One of the processes that work on a study."""

    study: Study
    base: Config
    paths: Paths
    reporter: Reporter

    def run(self, signal_received: SignalReceived) -> str | None:
        """Run trials until all are done, or a signal comes, which is returned."""
        self.began, self.done_before = monotonic(), self._done(self.study.trials())
        waits = False
        while not (stopped_by := signal_received()):
            with self.study.take() as trial:
                if trial and (stopped_by := self._train(trial)):
                    break
            if trial:
                self._tell(trial.number)
                continue
            running = sum(each.state == "running" for each in self.study.trials())
            if not running:
                break
            if not waits:
                self.reporter.note(f"waiting for {counted(running, 'trials')} of other processes")
            waits = True
            sleep(WAITING_SECONDS)
        return stopped_by

    def _train(self, trial: Trial) -> str | None:
        """Run a trial to its end, and tell the study; the signal that stopped it, if one did."""
        directory = RunDirectory(self.study.directory(trial))
        if not directory.begun:
            try:
                drawn, *_ = settle(self._config(trial), self.paths, SILENT)
            except ConfigError as error:
                self.study.tell(trial, "refused", why=str(error.args[0]))
                return None
            Job(f"trial {trial.number}", drawn, directory.path, work=drawn.training.epochs).prepare()
        # One that had ended was not told about any more.
        before = directory.summary
        if not before or before.stopped_by in signals.EXIT_STATUS:
            told = _Told(self.study, trial, self.reporter)
            with suppress(Diverged):
                resume(directory.path, (), self.paths, told, scored=("validation",))
        ended = summary.read(directory.path)
        if ended.diverged:
            self.study.tell(trial, "diverged", why=ended.diverged)
        elif ended.stopped_by == PRUNING:
            self.study.tell(trial, "pruned")
        elif ended.stopped_by:
            return ended.stopped_by
        else:
            assert ended.validation
            self.study.tell(trial, "complete", ended.validation.accuracy)
        return None

    def _config(self, trial: Trial) -> Config:
        """The config of a trial: the values drawn for it, and a seed of its own."""
        from nnbp_cli.search import space

        seed = {"training.seed": self.base.training.seed + trial.number}
        return space.with_values(self.base, trial.values | seed, str(self.paths.config))

    def _done(self, trials: Sequence[Trial]) -> int:
        return sum(trial.state != "running" for trial in trials)

    def _tell(self, number: int) -> None:
        """Say how a trial ended, which is the best so far, and how long the others may take."""
        trials, asked_for = self.study.trials(), self.study.search.trials
        trial = next(each for each in trials if each.number == number)
        done = self._done(trials)
        rest = (monotonic() - self.began) * (asked_for - done) / (done - self.done_before)
        best, state = _best(trials), trial.state if trial.state != "complete" else ""
        self.reporter.note(
            f"trial {number}: {percent(trial.accuracy)} {state}".rstrip()
            + f" after {counted(trial.epochs, 'epochs')}"
            + (f"; best {percent(best.accuracy)}, trial {best.number}" if best else "")
            + f"; {done} of {asked_for} done, about {duration(rest)} left"
        )

    def result(self, stopped_by: str | None) -> Search:
        """What came of it so far; where all trials are done, the best is scored on the test images, once."""
        study = self.study
        trials = study.trials()
        best, file = _best(trials), None
        with study.test_scores() as scores:
            if best:
                file = study.folder / "best.toml"
                what = f"trial {best.number} of {study.path}, {SCORE} {percent(best.accuracy)}"
                BEST.write(file, f"# nnbp search: {what}\n\n{config.to_toml(self._config(best))}")
                if not stopped_by and str(best.number) not in scores:
                    score = evaluate_saved(
                        [study.directory(best)], None, self.paths.data_dir, "test"
                    ).predictions.score
                    scores[str(best.number)] = asdict(FinalScore(score.accuracy, score.cost))
        test = FinalScore(**scores[str(best.number)]) if best and str(best.number) in scores else None
        return Search(
            study.path,
            study.search.trials,
            trials,
            best,
            file,
            test,
            len(scores),
            study.importances(),
            stopped_by,
        )


class _Told(Reporter):
    """A study is told of each epoch of a trial, and may prune it; of the batches whoever looks on."""

    def __init__(self, study: Study, trial: Trial, shown: Reporter) -> None:
        self.study, self.trial, self.pruned = study, trial, False
        self.begin, self.step, self.close = shown.begin, shown.step, shown.close  # type: ignore[method-assign]

    def epoch(self, number: int, learning_rate: float, seconds: float, scores: Mapping[str, float]) -> None:
        if number:
            self.pruned = self.study.report(self.trial, number, scores[SCORE])

    def stop(self) -> str | None:
        return PRUNING if self.pruned else None


def _best(trials: Sequence[Trial]) -> Trial | None:
    complete = (trial for trial in trials if trial.state == "complete")
    return max(complete, key=lambda trial: trial.accuracy or 0, default=None)
