"""Jobs handed out to workers, the longest first: which workers, how many at a time, and the one loop."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from nnbp_cli.config import Config, build, needed_memory
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs.job import Job
from nnbp_cli.jobs.workers import Progress, Workers
from nnbp_cli.system import hardware, signals
from nnbp_cli.system.reporter import Reporter


def run(jobs: Sequence[Job], workers: Workers, reporter: Reporter) -> tuple[dict[Job, str], str | None]:
    """Run those of `jobs` that are not done, the longest first; the context of `workers` lasts as long.

    For each one that failed, why; and the signal, if one came: then every process has been stopped, and what
    it has learned is kept.
    """
    waiting = sorted((job for job in jobs if not job.done), key=lambda job: -job.work)
    running: set[Job] = set()
    failures: dict[Job, str] = {}
    said = ""
    reporter.begin_jobs({job.name: job.work for job in waiting}, done=len(jobs) - len(waiting))
    with closing(reporter), signals.defer() as signal_received:
        while waiting or running:
            if workers.title != said:
                said = workers.title
                reporter.note(said)
            while waiting and workers.ready:
                job = waiting.pop(0)
                try:
                    job.prepare()
                    workers.begin(job)
                except NnbpError as error:
                    failures[job] = str(error)
                    reporter.finish(job.name, failures[job])
                else:
                    running.add(job)
            news = list(workers.news(seconds=0.2))
            # First of all: a signal to all processes ends those that run, and they have not failed.
            if name := signal_received():
                workers.stop(name)
                return failures, name
            for each in news:
                if isinstance(each, Progress):
                    reporter.advance(each.job.name, each.share)
                    continue
                running.remove(each.job)
                if not each.job.done:
                    failures[each.job] = each.failure or "its process ended without a result"
                reporter.finish(each.job.name, failures.get(each.job))
    return failures, None


def at_a_time(configs: Sequence[Config], data: Dataset, wanted: int | None) -> int:
    """How many go on at a time on this machine: as many as are wanted, or as there are cores; but no more
    than its memory holds, and where one has several threads, no more than there are cores for.
    """
    cores = hardware.available_cpus()
    most: list[float] = [wanted or cores, len(configs)]
    for training, network in {(config.training, config.network) for config in configs}:
        memory = needed_memory(build(network, data.shape), training) + data.nbytes
        most.append(hardware.total_memory() / memory)
        most += [cores // int(training.threads)] if training.threads not in (1, "auto") else []
    return max(1, int(min(most)))


def workers_for(
    configs: Sequence[Config], data: Dataset, wanted: int | None, data_dir: Path, cluster: str | None
) -> Workers:
    """The workers of a `cluster`, or as many processes as go on `at_a_time` on this machine."""
    if not cluster:
        from nnbp_cli.jobs.local_workers import LocalWorkers

        return LocalWorkers(data_dir, at_a_time(configs, data, wanted))
    try:
        from nnbp_cli.jobs.dask_workers import DaskWorkers  # half a second to import
    except ImportError as error:
        raise NnbpError("--cluster: needs dask; pip install 'nnbp-cli[cluster]'") from error
    return DaskWorkers(cluster, data_dir, wanted)
