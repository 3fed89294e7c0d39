"""A whole reproduction: the data, then every job that is not done yet, then the rows."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from nnbp_cli.config import DataConfig
from nnbp_cli.errors import CheckFailed
from nnbp_cli.reproduction import worker_pool
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.reproduction.jobs import Job, jobs
from nnbp_cli.reproduction.results import Row, baseline, rows
from nnbp_cli.runs.setup import Paths, load_or_download
from nnbp_cli.system import files
from nnbp_cli.system.reporter import Reporter

DATA = DataConfig(name="mnist")  # what all the experiments need


def reproduce(
    experiments: Sequence[Experiment],
    seeds: int,
    processes: int,
    runs: Path,
    data_dir: Path,
    reporter: Reporter,
) -> list[Row]:
    """Run `experiments` with seeds 1 to `seeds`, `processes` at a time, and measure their figures.

    Runs are kept in `runs`, and those that are there already are not run again; a baseline is measured each
    time. Raises NnbpError where data or disk fail, Interrupted on a signal.
    """
    every = jobs(experiments, seeds, runs)
    waiting = [job for job in every if not job.done]
    failures: dict[Job, str] = {}
    baselines: dict[Experiment, Row] = {}
    if waiting:
        files.make_directory(runs)
    if waiting or not all(experiment.config for experiment in experiments):
        # Once, before many want it at the same time.
        data = load_or_download(DATA, Paths(config=Path("configs/book"), data_dir=data_dir), reporter)
        baselines = {each: baseline(each, data) for each in experiments if not each.config}
        del data
    if waiting:
        hours = sum(job.experiment.minutes for job in waiting) / 60
        if hours >= 1:
            reporter.note(f"note: they take about {hours:,.0f} hours of one core; --seeds 1 is the shortest")
        reporter.begin_jobs({job.name: job.work for job in waiting}, done=len(every) - len(waiting))
        with closing(reporter):
            failures = worker_pool.run(waiting, data_dir, processes, reporter)
    result: list[Row] = []
    for experiment in experiments:
        own = [job for job in every if job.experiment == experiment]
        result += rows(experiment, own, failures) if own else [baselines[experiment]]
    return result


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
