"""A whole reproduction: the data, then every job that is not done yet, then the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from nnbp_cli.config import DataConfig
from nnbp_cli.errors import CheckFailed
from nnbp_cli.reproduction import worker_pool
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.reproduction.jobs import Job, jobs
from nnbp_cli.reproduction.results import Row, rows
from nnbp_cli.runs.setup import Paths, Reporter, load_or_download
from nnbp_cli.system import files

DATA = DataConfig(name="mnist")  # what all the experiments need


class Display(worker_pool.Progress, Reporter, Protocol):
    """Who is told how a reproduction is going."""

    def begin(self, jobs: Sequence[Job], done: Sequence[Job]) -> None:
        """All jobs there are, and those that have been run before."""


def reproduce(
    experiments: Sequence[Experiment],
    seeds: int,
    processes: int,
    runs: Path,
    data_dir: Path,
    display: Display,
) -> list[Row]:
    """Run `experiments` with seeds 1 to `seeds`, `processes` at a time, and measure their figures.

    Runs are kept in `runs`, and those that are there already are not run again. Raises NnbpError where data
    or disk fail, Interrupted on a signal.
    """
    every = jobs(experiments, seeds, runs)
    done = [job for job in every if job.done]
    failures: dict[Job, str] = {}
    if len(done) < len(every):
        files.make_directory(runs)
        # Once, before many want it at the same time.
        load_or_download(DATA, Paths(config=Path("configs/book"), data_dir=data_dir), display)
        display.begin(every, done)
        failures = worker_pool.run([job for job in every if job not in done], data_dir, processes, display)
    return list(rows(every, failures))


def check(rows: Sequence[Row]) -> None:
    """Raise CheckFailed, with a line for each, where runs failed or a median is outside its band."""
    wrong = [
        f"{row.experiment.id}: {row.figure.name} is outside its band; see the table"
        for row in rows
        if row.values and row.inside is False
    ]
    failed = dict.fromkeys(f"{row.experiment.id} {why}" for row in rows for why in row.failures)
    if wrong or failed:
        raise CheckFailed(*failed, *wrong)
