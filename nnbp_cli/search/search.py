"""A whole search: trial by trial, each a run as any other, and at the end the best config and its score."""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, sleep

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import ConfigError, Diverged
from nnbp_cli.evaluation.saved import evaluate_saved
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import DYING_SECONDS, RunDirectory
from nnbp_cli.runs.resume import resume
from nnbp_cli.runs.run import SignalReceived, run
from nnbp_cli.runs.setup import Paths, describe, settle
from nnbp_cli.runs.summary import PRUNING, FinalScore
from nnbp_cli.search import space, storage
from nnbp_cli.search.journal import Journal
from nnbp_cli.search.result import Search, Trial, best_of
from nnbp_cli.search.study import Study
from nnbp_cli.system import files, signals
from nnbp_cli.system.outputs import Output, signed
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.wording import counted, duration, percent

SCORE = "validation accuracy"
SCORED = ("validation",)  # on which images a trial is
WAITING_SECONDS = 0.5  # between two looks at trials that other processes have
BEST = Output("a config", {".toml": signed(rb"# nnbp search: ")}, "move it away")


def search(
    path: Path, settings: Sequence[str], file: Path | None, data_dir: Path, reporter: Reporter
) -> Search:
    """Search as the config at `path` says, in the study `file`, or the one of its name under runs/, until it
    has all trials, beside other processes that do the same.

    Raises ConfigError for all mistakes in the config at once, and else what a run raises that fails.
    """
    searched = config.load(path, settings)
    if not searched.search:
        raise ConfigError(f"{path}: has no [search]; docs/search.md says what it is")
    base = replace(searched, search=None)
    space.check(base, searched.search, str(path))
    file = file or Path("runs", f"{files.shortened(path.stem)}-search", "study.journal")
    storage.check(file)
    paths = Paths(path, data_dir)
    settled, data, network = settle(base, paths, reporter)
    with closing(Journal(file)) as opened:
        BEST.check(file.parent / "best.toml")
        study = Study(opened, searched, data.digest)
        reporter.note(f"{file}: {counted(searched.search.trials, 'trials')}")
        for line in describe(settled, data, network):
            reporter.note(line)
        del data
        # Trials that were begun may know the data by another name.
        paths = replace(paths, offline=True, data=base.data.name)
        searcher = _Searcher(study, base, paths, reporter)
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
        self.began, self.done_before = monotonic(), _done(self.study.trials())
        waits = False
        while not (stopped_by := signal_received()):
            with self.study.take() as trial:
                if trial and (stopped_by := self._train(trial)):
                    break
            if trial:
                self._note(trial.number)
                continue
            trials = self.study.trials()
            if not (running := len(trials) - _done(trials)):
                break
            if not waits:
                self.reporter.note(f"waiting for {counted(running, 'trials')} of other processes")
            waits = True
            sleep(WAITING_SECONDS)
        return stopped_by

    def _train(self, trial: Trial) -> str | None:
        """Run a trial to its end, and tell the study; the signal that stopped it, if one did."""
        directory = RunDirectory(self.study.directory(trial))
        trial_reporter = _TrialReporter(self.study, trial, self.reporter)
        try:
            with suppress(Diverged):
                if not directory.begun:
                    run(self._config(trial), replace(self.paths, out=directory.path), trial_reporter, SCORED)
                elif _left(directory):
                    resume(directory.path, (), self.paths, trial_reporter, SCORED)
        except ConfigError as error:
            if directory.begun:
                raise
            self.study.tell(trial, "refused", why=str(error.args[0]))
            return None
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
        seed = {"training.seed": self.base.training.seed + trial.number}
        return space.with_values(self.base, trial.values | seed, str(self.paths.config))

    def _note(self, number: int) -> None:
        """Say how a trial ended, which is the best so far, and how long the others may take."""
        trials = self.study.trials()
        trial = next(each for each in trials if each.number == number)
        done = _done(trials)
        asked_for = max(self.study.search.trials, len(trials))  # by now it may be for fewer
        rest = (monotonic() - self.began) * (asked_for - done) / (done - self.done_before)
        best, state = best_of(trials), trial.state if trial.state != "complete" else ""
        self.reporter.note(
            f"trial {number}: {percent(trial.accuracy)} {state}".rstrip()
            + f" after {counted(trial.epochs, 'epochs')}"
            + (f": {trial.why}" if trial.why else "")
            + (f"; best {percent(best.accuracy)}, trial {best.number}" if best else "")
            + f"; {done} of {asked_for} done, about {duration(rest)} left"
        )

    def result(self, stopped_by: str | None) -> Search:
        """What came of it so far; where all trials are done, the best is scored on the test images, once."""
        study, found = self.study, self.study.result()
        if best := found.best:
            what = f"trial {best.number} of {study.path}, {SCORE} {percent(best.accuracy)}"
            BEST.write(found.best_config, f"# nnbp search: {what}\n\n{config.to_toml(self._config(best))}")
            with study.test_scores() as scores:
                if not stopped_by and str(best.number) not in scores:
                    paths = self.paths
                    scored = evaluate_saved([found.best_run], paths.data, paths.data_dir, "test")
                    score = scored.predictions.score
                    scores[str(best.number)] = asdict(FinalScore(score.accuracy, score.cost))
        return replace(study.result(), stopped_by=stopped_by)


class _TrialReporter(Reporter):
    """A study is told of each epoch of a trial, and may prune it; of the batches whoever looks on."""

    def __init__(self, study: Study, trial: Trial, shown: Reporter) -> None:
        self.study, self.trial, self.pruned = study, trial, False
        self.begin, self.step, self.close = shown.begin, shown.step, shown.close  # type: ignore[method-assign]

    def epoch(self, number: int, learning_rate: float, seconds: float, scores: Mapping[str, float]) -> None:
        if number:
            self.pruned = self.study.report(self.trial, number, scores[SCORE])

    def stop(self) -> str | None:
        return PRUNING if self.pruned else None


def _left(directory: RunDirectory) -> bool:
    """Whether a trial that was begun is to go on: it may have ended, and nobody was told any more."""
    with directory.locked(DYING_SECONDS):
        ended = directory.summary
    return not ended or ended.stopped_by in signals.EXIT_STATUS


def _done(trials: Sequence[Trial]) -> int:
    return sum(trial.state != "running" for trial in trials)
