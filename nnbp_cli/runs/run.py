"""A whole run, from a config to the scored weights.

config -> data -> network -> training -> run directory -> test score
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from nnbp_cli.config import Config, augmentation, to_toml
from nnbp_cli.datasets.dataset import Split
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.errors import Diverged, NnbpError
from nnbp_cli.evaluation.score import complete, evaluate
from nnbp_cli.models import weights
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.runs import directory as run_directory
from nnbp_cli.runs import distribute
from nnbp_cli.runs.active_run import ActiveRun, Clock
from nnbp_cli.runs.setup import Paths, check_weights, describe, settle
from nnbp_cli.runs.start import start_from
from nnbp_cli.runs.summary import FinalScore, Summary
from nnbp_cli.system import hardware, signals
from nnbp_cli.system.reporter import SILENT, Reporter
from nnbp_cli.training import loop

SAVE_EVERY = 10  # seconds between two checkpoints,
SHARE_OF_SAVING = 0.01  # or more, where saving would take a larger share of the time

SignalReceived = Callable[[], str | None]


def run(
    config: Config,
    paths: Paths,
    reporter: Reporter,
    scored: Sequence[str] = ("validation", "test"),
    communicator: Communicator = ALONE,
) -> Summary:
    """Train what `config` describes and score it on the splits `scored`; the summary, which is also in the
    run directory. The other processes of a `communicator` are to `follow`.

    Raises ConfigError where config and data do not fit, NnbpError when data, disk or training fail. Where it
    diverges, the run directory says so.
    """
    clock, copy = Clock(), check_weights(paths.out, paths.weights)
    if paths.out:
        run_directory.check_free(paths.out)
    start = weights.load(paths.start) if paths.start else None  # before anything is downloaded
    config, data, network = settle(config, paths, reporter, communicator)
    state = loop.initial_state(network, INITIALIZERS[config.network.initializer], config.training)
    started = None
    if paths.start and start:
        started = start_from(paths.start, start, config.network, data, state, reporter.note)

    with run_directory.create(paths.out, paths.config.stem).locked() as directory:
        run_directory.check_free(directory.path)  # another process may have been here in between
        directory.write(directory.config_file, to_toml(config))
        active = ActiveRun(
            config, data, network, directory, copy, clock, state, scored, communicator, started
        )
        if started:  # of which config.toml knows nothing, from which a run without a checkpoint begins
            reporter.note(f"begins with {paths.start}: epoch {started.epoch}, learned from {started.data}")
            active.save_checkpoint()
        return execute(active, reporter)


def execute(run: ActiveRun, reporter: Reporter) -> Summary:
    """Train a run to its end, score what was kept, and leave everything in its directory."""
    run.write_log()
    for line in describe(run.config, run.data, run.network, run.communicator.size):
        reporter.note(line)
    distribute.send(run)
    with _working(run) as signal_received:
        try:
            stopped_by = _train(run, reporter, signal_received)
            return _finish(run, stopped_by, signal_received)
        except Diverged as error:
            raise _finish_diverged(run, error) from error


def follow(communicator: Communicator) -> int:
    """Take part in the run that rank 0 executes, step by step, and leave nothing; the exit status."""
    run = distribute.receive(communicator)
    with _working(run) as signal_received:
        try:
            stopped_by = _train(run, SILENT, signal_received)
            _, stopped_by = _scores(run, stopped_by, signal_received)
        except Diverged as error:
            return error.exit_status
        signals.complete(stopped_by)
        return signals.EXIT_STATUS[stopped_by] if stopped_by else 0


@contextmanager
def _working(run: ActiveRun) -> Iterator[SignalReceived]:
    """Within the block, the threads are those of the run, numpy is silent, and the yielded function names the
    signal that has come to any of its processes, in all of them at the same place. At its end they part.
    """
    ranks = run.communicator
    with limited_threads(run.config, ranks), np.errstate(all="ignore"), signals.defer() as received:

        def received_by_any() -> str | None:
            own = received()
            return next((name for name in signals.EXIT_STATUS if ranks.any(own == name)), None)

        try:
            yield received_by_any
        except Diverged:  # in all of them
            ranks.close()
            raise
        ranks.close()


def limited_threads(config: Config, communicator: Communicator) -> threadpool_limits:
    """Within the block, matrix products take the threads that a config says, or fewer where each of several
    processes has fewer cores. Raises NnbpError where they cannot be had: BLAS would wait for them for ever.
    """
    threads = int(config.training.threads)
    if communicator.size > 1:
        threads = min(threads, communicator.cores)
    blas = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
    running = max(blas, default=1)
    if not hardware.can_start(threads - running):
        raise NnbpError(
            f"training.threads: no {threads} threads can be had; allow more (ulimit -u), or set it to 1"
        )
    return threadpool_limits(threads, user_api="blas")


def _train(run: ActiveRun, reporter: Reporter, signal_received: SignalReceived) -> str | None:
    """Train to the end, or until a signal or the reporter stops it, and by what is returned; log and save on
    the way.
    """
    training, state, clock = run.config.training, run.state, run.clock
    next_save = clock.seconds() + SAVE_EVERY
    before = [epoch.scores for epoch in state.history]
    reporter.begin(training.epochs, loop.batches_per_epoch(run.data, training), before)
    with closing(reporter):
        distorted = augmentation(run.config.data)
        for epoch in loop.train(run.network, run.data, training, state, distorted, run.communicator):
            if epoch is None:
                reporter.step(state.epoch, state.batch, state.cost)
            else:
                run.log(epoch)
                reporter.epoch(epoch.number, epoch.learning_rate, epoch.seconds, epoch.scores)
            if (name := signal_received() or reporter.stop()) and not run.ended:
                loop.check_finite(state)
                return name
            start = clock.seconds()
            if run.communicator.any(start >= next_save):
                loop.check_finite(state)
                run.save_checkpoint()
                now = clock.seconds()
                next_save = now + max(SAVE_EVERY, (now - start) / SHARE_OF_SAVING)
    return None


def _finish(run: ActiveRun, stopped_by: str | None, signal_received: SignalReceived) -> Summary:
    """Save and score the kept weights, as long as no signal has come; the summary."""
    run.save_checkpoint()
    run.write_log()
    scores, stopped_by = _scores(run, stopped_by, signal_received)
    learned = run.learned()
    # Not before: weights that diverge on these images are no result, and replace none.
    weights.save(run.directory.weights_file, learned, run.directory.check)
    summary = run.summarize(scores, stopped_by=stopped_by)
    if run.weights:
        weights.save(run.weights, learned, weights.OUTPUT.check_replaceable)
    signals.complete(stopped_by)
    return summary


def _scores(
    run: ActiveRun, stopped_by: str | None, signal_received: SignalReceived
) -> tuple[dict[str, FinalScore | None], str | None]:
    """The scores of the kept weights by split, as long as no signal has come; and the signal."""
    scores = dict[str, FinalScore | None]()
    for name in run.scored:
        split: Split = getattr(run.data, name)
        if not stopped_by and len(split.labels):
            scores[name] = _scored(run, split, signal_received)
            # A signal that comes after the last score has nothing to stop any more.
            stopped_by = None if scores[name] else signal_received()
    return scores, stopped_by


def _scored(run: ActiveRun, split: Split, signal_received: SignalReceived) -> FinalScore | None:
    """How good the kept weights are on a split; None if a signal comes meanwhile."""
    learned, ranks = run.learned(), run.communicator
    seen = f"when the weights of epoch {learned.epoch} were scored"
    network, params, penalty = learned.network, learned.params, learned.penalty
    steps = evaluate(network, params, split, penalty, where="training", seen=seen, communicator=ranks)
    score = complete(steps, signal_received)
    return FinalScore(score.accuracy, score.cost) if score else None


def _finish_diverged(run: ActiveRun, error: Diverged) -> Diverged:
    """Leave what a run that diverged has to show, and why; the error to raise, which says where it is."""
    run.write_log()
    # Where training had ended it is the weights kept that say nothing finite to some image.
    has_weights = bool(run.kept) and not run.ended
    if has_weights:
        weights.save(run.directory.weights_file, run.learned(), run.directory.check)
    run.summarize({}, diverged=str(error).rpartition("diverged: ")[2])
    kept = f"; the weights kept before are in {run.directory.weights_file}" if has_weights else ""
    return Diverged(f"{error}{kept}")  # a new one, as none may be its own cause
