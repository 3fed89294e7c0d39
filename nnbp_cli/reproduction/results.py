"""What came out: the figures of a run, and those of all seeds beside the book's and their band."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from nnbp_cli.datasets.darkness import accuracy_by_darkness
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs.job import Job
from nnbp_cli.reproduction.experiments import Experiment, Figure
from nnbp_cli.runs import summary
from nnbp_cli.runs.log import read_log
from nnbp_cli.system.json_text import finite


@dataclass(frozen=True)
class Row:
    """A figure of an experiment: `values`, one a seed (accuracies in percent), and the median of the runs'
    `seconds`. A seed whose run failed is in neither; `failures` says why.
    """

    experiment: Experiment
    figure: Figure
    values: Sequence[float]
    seconds: float
    failures: Sequence[str]

    @property
    def median(self) -> float:
        """The middle one of the values, which is held against the band."""
        return median(self.values)

    @property
    def inside(self) -> bool | None:
        """Whether the median is inside the band; None where there is no band."""
        if not self.figure.band:
            return None
        low, high = self.figure.band
        return bool(self.values) and low - 1e-9 <= self.median <= high + 1e-9  # as good as equal is equal

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold; null for an epoch that never was, a bound that is none."""
        return self.experiment.plain() | {
            "figure": self.figure.name,
            "book": self.figure.book or None,
            "values": [finite(value) for value in self.values],
            "median": finite(self.median) if self.values else None,
            "band": [finite(bound) for bound in self.figure.band] if self.figure.band else None,
            "inside": self.inside,
            "seconds": self.seconds,
            "failures": self.failures,
        }


def rows(experiment: Experiment, jobs: Sequence[Job], failures: dict[Job, str]) -> Iterator[Row]:
    """The rows of an experiment whose jobs were run."""
    done = [job for job in jobs if job not in failures]
    seconds = [summary.read(job.directory).seconds.total for job in done]
    reasons = [f"seed {job.config.training.seed}: {failures[job]}" for job in jobs if job in failures]
    for figure in experiment.figures:
        values = [measured(figure, job.directory) for job in done]
        yield Row(experiment, figure, values, median(seconds) if seconds else 0.0, reasons)


def baseline(experiment: Experiment, data: Dataset) -> Row:
    """The one row of an experiment without a network: how much the darkness of an image tells."""
    began = perf_counter()
    accuracy = 100 * accuracy_by_darkness(data)
    return Row(experiment, experiment.figures[0], [accuracy], round(perf_counter() - began, 3), [])


def measured(figure: Figure, directory: Path) -> float:
    """A figure of the run in `directory`: accuracies in percent, the number of an epoch, or what it is.

    A "perfect" epoch that never was is infinite. Raises NnbpError where the run does not have it.
    """
    try:
        value = _score(figure.take, figure.of, directory)
        return value - (_score(figure.take, figure.minus, directory) if figure.minus else 0)
    except LookupError as error:
        raise NnbpError(f"{directory}: has no {figure.name}; delete it, and it is run again") from error


def _score(take: str, score: str, directory: Path) -> float:
    unit = 100 if score.endswith("accuracy") else 1
    if take == "scored":
        split, kind = score.split()
        score = getattr(summary.read(directory), split)
        if score is None:
            raise LookupError(split)
        return unit * float(getattr(score, kind))
    log = read_log(directory)
    at = dict(zip(log["epoch"], log[score]))
    if take == "start":
        return unit * at[0]
    scores = [value for epoch, value in at.items() if epoch]
    if take == "perfect":
        return 1.0 + scores.index(1.0) if 1.0 in scores else inf
    best = min if score.endswith("cost") else max
    return unit * {"best": best(scores), "first": scores[0], "final": scores[-1]}[take]
