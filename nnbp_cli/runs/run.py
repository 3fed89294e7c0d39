"""A whole run, from a config to the scored weights: the one module that knows all below it.

config -> data -> network -> training -> run directory -> test score
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from nnbp_cli.config import Config, DataConfig, augmentation, build, check_against_data, moved, to_toml
from nnbp_cli.datasets import sources
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.errors import Diverged, NnbpError
from nnbp_cli.evaluation.score import evaluating
from nnbp_cli.models import weights
from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.network import Network
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs import directory as run_directory
from nnbp_cli.runs import resume as resuming
from nnbp_cli.runs.checkpoint import Checkpoint
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.setup import Paths, describe, load_or_download, resolve
from nnbp_cli.runs.summary import Score, Summary, summarized, times_tested
from nnbp_cli.system import hardware, signals
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.training import history, loop, metrics
from nnbp_cli.training.loop import TrainingState

SAVE_EVERY = 10  # seconds between two checkpoints,
SHARE_OF_SAVING = 0.01  # or more, where saving would take a larger share of the time

SignalReceived = Callable[[], str | None]


@dataclass(frozen=True)
class _Run:
    """What does not change in a run: its parts, and the seconds it had taken before this process began."""

    config: Config
    data: Dataset
    network: Network
    directory: RunDirectory
    weights: Path | None
    began: str
    seconds_before: float = 0.0
    cpu_seconds_before: float = 0.0

    @property
    def columns(self) -> list[str]:
        """What is watched, as the log's columns are called."""
        return metrics.column_names(self.config.training, self.network)

    def summary(
        self,
        state: TrainingState,
        clock: _Clock,
        learned: Weights,
        scores: Mapping[str, Score | None],
        stopped_by: str | None = None,
        diverged: str | None = None,
    ) -> Summary:
        """What there is to say of the run so far."""
        return summarized(
            self.checkpoint(state, clock),
            self.data,
            learned,
            run=self.directory.path,
            weights=(not diverged and self.weights) or self.directory.weights,
            scores=scores,
            times_tested=times_tested(self.directory.path) + bool(scores.get("test")),
            stopped_by=stopped_by,
            diverged=diverged,
        )

    def checkpoint(self, state: TrainingState, clock: _Clock) -> Checkpoint:
        """All that the rest of the run depends on."""
        return Checkpoint(
            config=self.config,
            inputs=self.data.inputs,
            digest=self.data.digest,
            began=self.began,
            seconds=self.seconds_before + clock.seconds(),
            cpu_seconds=self.cpu_seconds_before + clock.cpu_seconds(),
            made_with=checkpoint.made_with(),
            state=state,
        )


class _Clock:
    """The seconds that this process has taken for a run."""

    def __init__(self) -> None:
        self.start, self.cpu_start = perf_counter(), process_time()

    def seconds(self) -> float:
        return perf_counter() - self.start

    def cpu_seconds(self) -> float:
        return process_time() - self.cpu_start


def run(config: Config, paths: Paths, reporter: Reporter) -> Summary:
    """Train what `config` describes and score it; the summary, which is also in the run directory.

    Raises ConfigError where config and data do not fit, NnbpError when data, disk or training fail. Where it
    diverges, the run directory says so.
    """
    began, clock = datetime.now().astimezone().isoformat(timespec="seconds"), _Clock()
    copy = _weights_beside(paths.out, paths.weights)
    if paths.out:
        run_directory.check_free(paths.out)
    data = load_or_download(config.data, paths, reporter)
    check_against_data(config, data, where=str(paths.config))
    network = build(config.network, data.shape)
    config = resolve(config, data, network, reporter)

    directory = run_directory.create(paths.out, paths.config.stem)
    with directory.locked() as directory:
        run_directory.check_free(directory.path)  # another process may have been here in between
        directory.write_config(to_toml(config))
        state = loop.initial_state(network, INITIALIZERS[config.network.initializer], config.training)
        this = _Run(config, data, network, directory, copy, began)
        return _go_on(this, state, clock, reporter)


def _weights_beside(run: Path | None, path: Path | None) -> Path | None:
    """Where weights go beside those in `run`, if anywhere. Raises NnbpError where they may not be written."""
    if path is None or (run and os.path.realpath(path) == os.path.realpath(run / "weights.npz")):
        return None
    weights.OUTPUT.check(path)
    return path


def resume(path: Path, settings: Sequence[str], paths: Paths, reporter: Reporter) -> Summary:
    """Go on with the run in the directory `path` from where it was left; its summary.

    The end has the same bits as if it had never been left. `settings` may set training.epochs alone, and so
    may whoever edits its config.toml, beside the name of the data. Raises as `run` does, and where there is
    nothing to go on with.
    """
    began, clock = datetime.now().astimezone().isoformat(timespec="seconds"), _Clock()
    copy = _weights_beside(path, paths.weights)
    with run_directory.existing(path).locked() as directory:
        before, left = resuming.load_checkpoint(directory)
        edits, told = resuming.edited(directory, before)
        config = resuming.apply_overrides(before, [*edits, *settings], where=str(path))
        names = [moved(config.data, paths.data)] if paths.data else list(dict.fromkeys((config.data, told)))
        resuming.check_unfinished(directory, config, left)
        config, data = _with_its_data(directory, config, names, left, paths, reporter)
        network = build(config.network, data.shape)
        if not left:  # config.toml is all there is, and may leave something open again
            config = resolve(config, data, network, reporter)
        this = _Run(config, data, network, directory, copy, began)
        if left:
            this = replace(
                this, began=left.began, seconds_before=left.seconds, cpu_seconds_before=left.cpu_seconds
            )
            state = left.state
            if config.data != left.config.data:
                checkpoint.save(directory.checkpoint, this.checkpoint(state, clock), directory.check)
        else:
            state = loop.initial_state(network, INITIALIZERS[config.network.initializer], config.training)
        directory.write_config(to_toml(config))
        per_epoch = loop.batches_per_epoch(data, config.training)
        reporter.note(f"{path}: {state.epoch} epochs and {state.batch} of {per_epoch} batches are done")
        with _threads(config):
            for line in resuming.differences(left.made_with) if left else ():
                reporter.note(line)
        return _go_on(this, state, clock, reporter)


def _with_its_data(
    directory: RunDirectory,
    config: Config,
    names: Sequence[DataConfig],
    left: Checkpoint | None,
    paths: Paths,
    reporter: Reporter,
) -> tuple[Config, Dataset]:
    """The config with the first of the `names` of a run's data set that leads to it, and the data set.

    Raises NnbpError where none does: what is wrong with the first.
    """
    refusals = []
    for name in names:
        config = replace(config, data=name)
        try:
            if not paths.data:
                sources.check_there(name.name, directory.path)
            data = load_or_download(name, paths, reporter)
            check_against_data(config, data, where=str(directory.path))
            resuming.check_data(directory, left, data)
        except NnbpError as error:
            refusals.append(error)
        else:
            if name != names[-1]:
                said = f"'{names[-1].name}', as {directory.config} says"
                reporter.note(f"note: the data of the run are '{name.name}', and not {said}")
            return config, data
    raise refusals[0]


def _go_on(this: _Run, state: TrainingState, clock: _Clock, reporter: Reporter) -> Summary:
    """Train from `state` to the end, score what was kept, and leave everything in the run directory."""
    config, directory = this.config, this.directory
    directory.write_log(this.columns, state.history)
    for line in describe(config, this.data, this.network):
        reporter.note(line)
    with (
        _threads(config),
        np.errstate(all="ignore"),
        signals.defer() as signal_received,
    ):
        try:
            return _to_the_end(this, state, clock, reporter, signal_received)
        except Diverged as error:
            raise _left_diverged(this, state, clock, error) from error


def _to_the_end(
    this: _Run, state: TrainingState, clock: _Clock, reporter: Reporter, signal_received: SignalReceived
) -> Summary:
    data, directory = this.data, this.directory
    stopped_by = _train(this, state, clock, reporter, signal_received)
    checkpoint.save(directory.checkpoint, this.checkpoint(state, clock), directory.check)
    directory.write_log(this.columns, state.history)  # the lines that were added to it are not durable yet
    learned = _learned(this, state)
    scores: dict[str, Score | None] = {"validation": None, "test": None}
    for name, split in (("validation", data.validation), ("test", data.test)):
        if not stopped_by and len(split.labels):
            scores[name] = _scored(learned, split, signal_received)
            # A signal that comes after the last score has nothing to stop any more.
            stopped_by = None if scores[name] else signal_received()
    # Not before: weights that diverge on these images are no result, and replace none.
    weights.save(directory.weights, learned, directory.check)
    summary = this.summary(state, clock, learned, scores, stopped_by=stopped_by)
    directory.write_summary(summary)
    if this.weights:
        weights.save(this.weights, learned, weights.OUTPUT.check_replaceable)
    signals.complete(stopped_by)
    return summary


def _left_diverged(this: _Run, state: TrainingState, clock: _Clock, error: Diverged) -> Diverged:
    """Leave what a run that diverged has to show, and why; the error to raise, which says where it is."""
    directory, learned = this.directory, _learned(this, state)
    directory.write_log(this.columns, state.history)
    # Where training had ended it is the weights kept that say nothing finite to some image.
    has_weights = bool(state.epoch) and not history.ended(state.history, this.config.training)
    if has_weights:
        weights.save(directory.weights, learned, directory.check)
    why = str(error).rpartition("diverged: ")[2]
    directory.write_summary(this.summary(state, clock, learned, scores={}, diverged=why))
    kept = f"; the weights kept before are in {directory.weights}" if has_weights else ""
    return Diverged(f"{error}{kept}")  # a new one, as none may be its own cause


def _threads(config: Config) -> threadpool_limits:
    """Within the block, matrix products take the threads that a config says. Raises NnbpError where they
    cannot be had: BLAS would wait for them for ever.
    """
    threads = int(config.training.threads)
    running = max(
        (each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"), default=1
    )
    if not hardware.can_start(threads - running):
        raise NnbpError(
            f"training.threads: no {threads} threads can be had; allow more (ulimit -u), or set it to 1"
        )
    return threadpool_limits(threads, user_api="blas")


def _train(
    this: _Run, state: TrainingState, clock: _Clock, reporter: Reporter, signal_received: SignalReceived
) -> str | None:
    """Train to the end, or to the first signal, whose name is returned; log and save on the way."""
    training, directory = this.config.training, this.directory
    next_save = clock.seconds() + SAVE_EVERY
    before = [epoch.scores for epoch in state.history]
    reporter.begin(training.epochs, loop.batches_per_epoch(this.data, training), before)
    with closing(reporter):
        distorted = augmentation(this.config.data)
        for epoch in loop.train(this.network, this.data, training, state, distorted):
            if epoch is None:
                reporter.step(state.epoch, state.batch, state.cost)
            else:
                directory.log(epoch)
                reporter.epoch(epoch.number, epoch.learning_rate, epoch.seconds, epoch.scores)
            if (name := signal_received()) and not history.ended(state.history, training):
                loop.check_finite(state)
                return name
            if (start := clock.seconds()) >= next_save:
                loop.check_finite(state)
                checkpoint.save(directory.checkpoint, this.checkpoint(state, clock), directory.check)
                now = clock.seconds()
                next_save = now + max(SAVE_EVERY, (now - start) / SHARE_OF_SAVING)
    return None


def _learned(this: _Run, state: TrainingState) -> Weights:
    """What a run has to show so far: the kept weights, or before the first epoch's end those at hand."""
    params = this.network.parameters(state.params.theta.dtype)
    params.theta[:] = state.best_theta if state.epoch else state.params.theta
    return Weights(
        config=this.config.network,
        params=params,
        data=this.config.data,
        shape=this.data.shape,
        digest=this.data.digest,
        penalty=loop.penalty(this.config.training, this.data),
        epoch=history.best(state.history, this.config.training).number if state.epoch else 0,
    )


def _scored(learned: Weights, split: Split, signal_received: SignalReceived) -> Score | None:
    """How good the kept weights are on a split; None if a signal comes meanwhile."""
    network, params, penalty = learned.network, learned.params, learned.penalty
    seen = f"when the weights of epoch {learned.epoch} were scored"
    blocks = evaluating(network, params, split, penalty, where="training", seen=seen)
    while not signal_received():
        try:
            next(blocks)
        except StopIteration as end:
            return Score(end.value.accuracy, end.value.cost)
    return None
