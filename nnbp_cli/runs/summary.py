"""What came out of a run, as plain values: summary.json, and what `nnbp train --json` prints."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter

from nnbp_cli.errors import NnbpError
from nnbp_cli.models.weights import StartedFrom
from nnbp_cli.runs.load import load_json
from nnbp_cli.system import json_text, signals
from nnbp_cli.system.schema import (
    Count,
    DataSet,
    Date,
    Flag,
    Natural,
    Number,
    PathText,
    Seconds,
    Seed,
    Share,
    Text,
)
from nnbp_cli.training.metrics import ScoreName

MAX_FILE_BYTES = 1 << 20  # it has some two thousand
PRUNING = "pruning"  # what stops a run, beside signals: a search, where others are better


def _known_stop(name: str) -> str:
    if name not in (*signals.EXIT_STATUS, PRUNING):
        raise ValueError("not what stops a run")
    return name


@dataclass(frozen=True)
class FinalScore:
    """How good the kept weights of a run are on a split: the share of right ones, and the cost, if known."""

    accuracy: Share
    cost: Number | None = None


@dataclass(frozen=True)
class Spent:
    """The seconds that a run took: its batches, all of it, and those of the processor."""

    training: Seconds
    total: Seconds
    total_cpu: Seconds


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What summary.json holds.

    `stopped_by` names a signal, or is "pruning"; `diverged` says what was no longer finite, and what to try;
    where both are None, the run was finished. `ended` says why there were no more epochs, `kept` are the
    watched scores of the epoch whose weights were kept; `validation` and `test` are theirs too, None where
    nobody looked.
    """

    run: PathText
    weights: PathText | None
    began: Date
    network: Text
    parameters: Count
    data: DataSet
    started_from: StartedFrom | None = None  # the first files lack it
    seed: Seed
    threads: Count
    versions: dict[Text, Text]
    epochs: Natural
    epochs_at_most: Count
    stopped_by: Annotated[Text, AfterValidator(_known_stop)] | None
    diverged: Text | None = None  # the first files lack it
    ended: Text | None
    kept_epoch: Natural
    kept: dict[ScoreName, Number]
    validation: FinalScore | None
    test: FinalScore | None
    test_set_watched: Flag
    times_tested: Annotated[Natural, Field(le=10**6)]
    seconds: Spent

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.stopped_by is None and self.diverged is None

    def to_json(self, indent: int | None = None) -> str:
        """As JSON, which knows no number that is not finite."""
        return json_text.dumps(asdict(self), indent=indent)


@dataclass(frozen=True)
class _Tested:
    """What must not be forgotten where all else is damaged."""

    times_tested: Annotated[Natural, Field(lt=10**6)]  # there is one more to come


_SUMMARY = TypeAdapter(Summary)
_TESTED = TypeAdapter(_Tested)


def read(run: Path) -> Summary:
    """The summary of the run in the directory `run`. Raises NnbpError where there is none to be read."""
    remedy = "'nnbp train --resume' writes it anew"
    return load_json(_SUMMARY, run / "summary.json", MAX_FILE_BYTES, remedy)


def times_tested(run: Path) -> int:
    """How often the run in the directory `run` was scored on the test set, as far as its summary tells."""
    try:
        return load_json(_TESTED, run / "summary.json", MAX_FILE_BYTES, "").times_tested
    except NnbpError:
        return 0
