"""Processes on this machine, so many at a time.

Not a pool of multiprocessing or concurrent.futures: where a process is killed, the one waits for it for ever,
and the other gives up all the jobs that there are.
"""

from collections.abc import Iterator
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from nnbp_cli.jobs.job import Job
from nnbp_cli.jobs.process import JobProcess
from nnbp_cli.jobs.workers import Ended, Progress, Workers


class LocalWorkers(Workers):
    """`Workers` that are `processes` on this machine."""

    def __init__(self, data_dir: Path, processes: int) -> None:
        self.data_dir, self.processes = data_dir, processes
        self.running: dict[JobProcess, Job] = {}
        self.selector = DefaultSelector()

    @property
    def title(self) -> str:
        """How many at a time."""
        return f"{self.processes} at a time"

    @property
    def ready(self) -> bool:
        """Whether one more would not be too many."""
        return len(self.running) < self.processes

    def begin(self, job: Job) -> None:
        """Begin it in a process of its own."""
        process = JobProcess(job.directory, self.data_dir)
        self.running[process] = job
        self.selector.register(process, EVENT_READ)

    def news(self, seconds: float) -> Iterator[Progress | Ended]:
        """What comes through the pipes."""
        for key, _ in self.selector.select(seconds):
            process = key.fileobj
            assert isinstance(process, JobProcess)
            if process.receive():
                yield Progress(self.running[process], process.share)
            else:
                self.selector.unregister(process)
                process.close()
                yield Ended(self.running.pop(process), process.failure)

    def stop(self, signal_name: str) -> None:
        """Stop each as by this signal."""
        for process in self.running:
            process.stop(signal_name)
        for process in self.running:
            process.close()
        self.running.clear()

    def __exit__(self, *_: object) -> None:
        self.stop("SIGTERM")
        self.selector.close()
