"""A run while it is trained: its parts, and what there is to keep of it: checkpoint, weights, summary."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter, process_time

from nnbp_cli.config import Config
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.models.weights import StartedFrom, Weights
from nnbp_cli.nn.network import Network
from nnbp_cli.runs import checkpoint, log
from nnbp_cli.runs.checkpoint import Checkpoint
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.summary import FinalScore, Spent, Summary, times_tested
from nnbp_cli.training import history, loop, metrics
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.loop import TrainingState


class Clock:
    """When a run began, and the seconds that it has taken: in this process, and in those `before`."""

    def __init__(self) -> None:
        self.began = datetime.now().astimezone().isoformat(timespec="seconds")
        self._start, self._cpu_start = perf_counter(), process_time()

    def continue_from(self, before: Checkpoint) -> None:
        """Count what the run had taken before this process, too."""
        self.began = before.began
        self._start -= before.seconds
        self._cpu_start -= before.cpu_seconds

    def seconds(self) -> float:
        """So far."""
        return perf_counter() - self._start

    def cpu_seconds(self) -> float:
        """Of the processor, so far."""
        return process_time() - self._cpu_start


@dataclass(frozen=True)
class ActiveRun:
    """The parts of a run, of which `state` changes as it is trained; its weights go to `weights` too, where
    that is not None, and at its end they are `scored` on these splits. Of the processes of a `communicator`
    that of rank 0 keeps what there is to keep; the `directory` of the others is none.
    """

    config: Config
    data: Dataset
    network: Network
    directory: RunDirectory
    weights: Path | None
    clock: Clock
    state: TrainingState
    scored: Sequence[str] = ("validation", "test")
    communicator: Communicator = ALONE
    started_from: StartedFrom | None = None

    @property
    def ended(self) -> str | None:
        """Why there are no more epochs, if there are none."""
        return history.ended(self.state.history, self.config.training)

    @property
    def kept(self) -> Epoch | None:
        """The epoch whose weights are kept; before the end of the first there is none."""
        return history.best(self.state.history, self.config.training) if self.state.epoch else None

    def write_log(self) -> None:
        """Make the log whole and durable, as lines that are added to it are not."""
        columns = metrics.column_names(self.config.training, self.network)
        rows = "".join(map(log.row, self.state.history))
        self.directory.write(self.directory.log_file, log.head(columns) + rows)

    def log(self, epoch: Epoch) -> None:
        """Add an epoch to the log."""
        if self.communicator.rank == 0:
            self.directory.log(epoch)

    def save_checkpoint(self) -> None:
        """Keep all that the rest of the run depends on."""
        if self.communicator.rank == 0:
            checkpoint.save(self.directory.checkpoint_file, self.checkpoint(), self.directory.check)

    def checkpoint(self) -> Checkpoint:
        """All that the rest of the run depends on, now."""
        return Checkpoint(
            config=self.config,
            shape=self.data.shape,
            digest=self.data.digest,
            began=self.clock.began,
            seconds=self.clock.seconds(),
            cpu_seconds=self.clock.cpu_seconds(),
            made_with=self.made_with,
            started_from=self.started_from,
            state=self.state,
        )

    @property
    def made_with(self) -> dict[str, str]:
        """What its last bits depend on."""
        return checkpoint.made_with(self.config.training.engine, self.communicator)

    def learned(self) -> Weights:
        """The kept weights so far; before the end of the first epoch those at hand."""
        state, kept = self.state, self.kept
        params = self.network.parameters(state.params.theta.dtype)
        params.theta[:] = state.best_theta if kept else state.params.theta
        return Weights(
            config=self.config.network,
            params=params,
            data=self.config.data,
            shape=self.data.shape,
            digest=self.data.digest,
            penalty=loop.penalty(self.config.training, self.data),
            epoch=kept.number if kept else 0,
            class_names=self.data.class_names,
            started_from=self.started_from,
        )

    def summarize(
        self,
        scores: Mapping[str, FinalScore | None],
        stopped_by: str | None = None,
        diverged: str | None = None,
    ) -> Summary:
        """Keep what there is to say of the run so far, with the `scores` of the kept weights by split."""
        config, kept = self.config, self.kept
        weights = (not diverged and self.weights) or self.directory.weights_file
        summary = Summary(
            run=str(self.directory.path),
            weights=str(weights) if weights.exists() or not diverged else None,
            began=self.clock.began,
            network=self.network.title,
            parameters=self.network.size,
            data=asdict(config.data) | {"digest": self.data.digest, "test": len(self.data.test.labels)},
            started_from=self.started_from,
            seed=config.training.seed,
            threads=int(config.training.threads),
            versions=self.made_with,
            epochs=self.state.epoch,
            epochs_at_most=config.training.epochs,
            stopped_by=stopped_by,
            diverged=diverged,
            ended=self.ended,
            kept_epoch=kept.number if kept else 0,
            kept=dict(kept.scores) if kept else {},
            validation=scores.get("validation"),
            test=scores.get("test"),
            test_set_watched=metrics.watches_test(config.training),
            times_tested=times_tested(self.directory.path) + bool(scores.get("test")),
            seconds=Spent(
                training=round(sum(epoch.seconds for epoch in self.state.history), 3),
                total=round(self.clock.seconds(), 3),
                total_cpu=round(self.clock.cpu_seconds(), 3),
            ),
        )
        self.directory.write(self.directory.summary_file, summary.to_json(indent=2) + "\n")
        return summary
