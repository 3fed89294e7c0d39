"""What came of a search, as plain values: its trials, the best of them, and how much each key mattered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from nnbp_cli.config import SearchConfig
from nnbp_cli.errors import NnbpError
from nnbp_cli.runs.summary import FinalScore
from nnbp_cli.system.schema import Natural, Share, Text

Value = int | float | str
State = Literal["complete", "pruned", "diverged", "refused", "running"]


@dataclass(frozen=True)
class Trial:
    """One run of a study: the `values` that were drawn for it, its epochs so far, and its accuracy on the
    validation images, 0 to 1, of the weights it kept, or after its last epoch. It was "refused" where no
    config may have such values together; `why` says more. `taken_over` is how often another process went on
    with it.
    """

    number: Natural
    state: State
    values: dict[str, Value]
    epochs: Natural = 0
    accuracy: Share | None = None
    why: Text | None = None
    taken_over: Natural = 0


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The first of the best, if one is complete."""
    complete = (trial for trial in trials if trial.state == "complete")
    return max(complete, key=lambda trial: trial.accuracy or 0, default=None)


def run_directory(study: Path, number: int) -> Path:
    """That of a trial's run, beside the study."""
    return study.parent / f"trial-{number:04}"


@dataclass(frozen=True)
class Search:
    """What came of the study in the file `study`, which was begun, or gone on with, with the table `search`:
    its trials; the score of the best on the test images, which only the end of a search knows, and on how
    many trials they were looked at; how much each key mattered. `stopped_by` names the signal that stopped
    it, if one did.
    """

    study: Path
    search: SearchConfig
    trials: Sequence[Trial]
    test: FinalScore | None
    tested: int
    importances: Mapping[str, float]
    stopped_by: str | None = None

    @property
    def name(self) -> str:
        """That of the folder which it has."""
        return self.study.resolve().parent.name

    @property
    def best(self) -> Trial | None:
        """The trial with the best accuracy, of those that are complete."""
        return best_of(self.trials)

    @property
    def best_run(self) -> Path:
        """The run directory of the best trial. Raises NnbpError as `check` does."""
        self.check()
        assert self.best
        return run_directory(self.study, self.best.number)

    @property
    def best_config(self) -> Path:
        """The file with the config of the best trial, once there is one."""
        return self.study.parent / "best.toml"

    @property
    def epochs(self) -> int:
        """Of all trials."""
        return sum(trial.epochs for trial in self.trials)

    @property
    def counts(self) -> dict[str, int]:
        """How many trials ended in which way, or still run; how many were taken over from another process."""
        counts = {state: sum(trial.state == state for trial in self.trials) for state in get_args(State)}
        return counts | {"taken over": sum(trial.taken_over > 0 for trial in self.trials)}

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        best = self.best
        return asdict(self) | {
            "best": best and asdict(best),
            "best_config": str(self.best_config) if best else None,
            "counts": self.counts,
            "epochs": self.epochs,
        }

    def check(self) -> None:
        """Raise NnbpError where no trial came to its end."""
        if not self.best and not self.stopped_by:
            ended = next((f": {trial.why}" for trial in self.trials if trial.why), "")
            raise NnbpError(f"{self.study}: no trial came to its end{ended}; search other values")
