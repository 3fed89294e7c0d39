"""A whole reproduction: the data, then every job that is not done yet, then the rows."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from nnbp_cli import __version__, config
from nnbp_cli.config import Config, DataConfig, build
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.sources import SHAPE
from nnbp_cli.errors import CheckFailed, Interrupted
from nnbp_cli.jobs import dispatch
from nnbp_cli.jobs.job import Job
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.reproduction.results import Row, baseline, rows
from nnbp_cli.runs.setup import Paths, load_or_download, with_engine
from nnbp_cli.system import files, signals
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.wording import counted

DATA = DataConfig(name="mnist")  # what all the experiments need


def reproduce(
    experiments: Sequence[Experiment],
    seeds: int,
    processes: int | None,
    runs: Path,
    data_dir: Path,
    reporter: Reporter,
    cluster: str | None = None,
) -> list[Row]:
    """Run `experiments` with seeds 1 to `seeds`, `processes` at a time or on the workers of a `cluster`, and
    measure their figures.

    Runs are kept in `runs`, and those that are there already are not run again; a baseline is measured each
    time. Raises NnbpError where data or disk fail, Interrupted on a signal.
    """
    jobs = {each: jobs_of(each, seeds, runs) for each in experiments}
    waiting = {each: sum(not job.done for job in own) for each, own in jobs.items()}
    baselines = dict[Experiment, Row]()
    failures, stopped_by = dict[Job, str](), None
    begin = any(waiting.values())
    if begin:
        files.make_directory(runs)
    if begin or not all(jobs.values()):
        # Once, before many want it at the same time.
        data = load_or_download(DATA, Paths(config=Path("configs/book"), data_dir=data_dir), reporter)
        baselines = {each: baseline(each, data) for each in experiments if not each.config}
    if begin:
        jobs = {each: [_with_engine(job, data, reporter) for job in own] for each, own in jobs.items()}
        every = [job for own in jobs.values() for job in own]
        unfinished = [job.config for job in every if not job.done]
        workers = dispatch.workers_for(unfinished, data, processes, data_dir, cluster)
        del data
        if (minutes := sum(each.minutes * count for each, count in waiting.items())) >= 60:
            hours = counted(round(minutes / 60), "hours")
            reporter.note(f"note: they take about {hours} of one core; --seeds 1 is the shortest")
        with workers:
            failures, stopped_by = dispatch.run(every, workers, reporter)
    if stopped_by:
        kept = "what was run to its end is kept, and the same command goes on from there"
        raise Interrupted(f"nnbp reproduce: stopped by {stopped_by}; {kept}", signals.EXIT_STATUS[stopped_by])
    result: list[Row] = []
    for experiment, own in jobs.items():
        result += rows(experiment, own, failures) if own else [baselines[experiment]]
    return result


def jobs_of(experiment: Experiment, seeds: int, runs: Path) -> list[Job]:
    """The jobs of an experiment with seeds 1 to `seeds`; a baseline has none, as it trains nothing.

    A directory is named by all that its result depends on: the experiment and seed in words, the config and
    the version of the program in a digest.
    """
    if not experiment.config:
        return []
    made = []
    loaded = config.load(experiment.config, [*experiment.settings, "training.threads=1"])
    for seed in range(1, seeds + 1):
        seeded = replace(loaded, training=replace(loaded.training, seed=seed))
        text = f"nnbp {__version__}\n{config.to_toml(seeded)}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        directory = runs / f"{experiment.id}-seed-{seed}-{digest}"
        made.append(Job(f"{experiment.id} seed {seed}", seeded, directory, _work(seeded)))
    return made


def _with_engine(job: Job, data: Dataset, reporter: Reporter) -> Job:
    """The job with an engine that is ready: compiled once, before many want it at the same time."""
    network = build(job.config.network, data.shape)
    return job if job.done else replace(job, config=with_engine(job.config, data, network, reporter))


def _work(config: Config) -> float:
    """How long a run takes, in units of its own: images times what one costs, in training and in watching.

    An image costs as much as its multiplications, and 32,000 more for the calls of a step.
    """
    training, work = config.training, build(config.network, SHAPE).work
    train = config.data.train or 50_000
    split = {"training": train, "layer": 1000}
    watched = {name.split()[0] for name in training.watch}
    images = config.data.copies * train + sum(split.get(name, 10_000) for name in watched) / 4
    return training.epochs * images * (32_000 + work)


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
