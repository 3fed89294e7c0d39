"""Workers of a Dask cluster: https://distributed.dask.org. They share no folder with this machine: a job goes
there as the files of its directory, with the data set that it needs, and comes back as files.
"""

import hashlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from secrets import token_hex
from time import monotonic
from typing import Any

import dask
from distributed import Client, Future, KilledWorker

from nnbp_cli import __version__
from nnbp_cli.config import DataConfig
from nnbp_cli.datasets import loading
from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs import dask_task
from nnbp_cli.jobs.dask_task import DataFiles, Outcome
from nnbp_cli.jobs.job import Job
from nnbp_cli.jobs.workers import Ended, Progress, Workers
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.wording import counted

CONNECT_SECONDS = 10
SAVING_SECONDS = 8  # that jobs which are stopped have to save what they learned, and to come back
ATTEMPTS = 5  # of a job whose process or worker is killed each time


@dataclass
class _Begun:
    """A job that goes on: its directory, held until it ends, and what it was handed to the scheduler as, for
    the how manyth time.
    """

    job: Job
    directory: RunDirectory
    hold: ExitStack
    future: Any = None
    attempts: int = 0


class DaskWorkers(Workers):
    """`Workers` of the scheduler at an address, such as tcp://HOST:8786. Raises NnbpError where none is."""

    def __init__(self, address: str, data_dir: Path) -> None:
        self.address, self.data_dir = address, data_dir
        self.topic = f"nnbp-{token_hex(8)}"
        self.happened: Queue[tuple[str, float | Future]] = Queue()  # by the names of jobs
        self.begun: dict[str, _Begun] = {}
        self.data: dict[tuple[object, ...], Future] = {}

    def __enter__(self) -> "DaskWorkers":
        for name in ("distributed", "distributed.client"):  # what concerns us, futures say
            logging.getLogger(name).setLevel(logging.CRITICAL)
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "10GB"})
        try:
            self.client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            remedy = "start one with 'dask scheduler', and name the address that it prints"
            raise NnbpError(f"--cluster: no scheduler answers at {self.address}; {remedy}") from error
        self.client.subscribe_topic(self.topic, lambda event: self.happened.put(tuple(event[1])))
        return self

    @property
    def title(self) -> str:
        """How many there are by now."""
        if count := len(self.client.nthreads()):
            return f"{self.address}: {counted(count, 'workers')}"
        return f"{self.address}: no workers yet; start some with 'dask worker {self.address} --nthreads 1'"

    @property
    def ready(self) -> bool:
        """Whether a thread of theirs is free. A job that waits at one worker does not go to another."""
        threads: int = sum(self.client.nthreads().values())
        return len(self.begun) < max(1, threads)

    def begin(self, job: Job) -> None:
        """Hand it to the scheduler."""
        job.prepare()
        hold = ExitStack()
        directory = hold.enter_context(RunDirectory(job.directory).locked())
        self.begun[job.name] = _Begun(job, directory, hold)
        self._submit(self.begun[job.name])

    def _submit(self, begun: _Begun) -> None:
        name = begun.job.name
        begun.attempts += 1
        begun.future = self.client.submit(
            dask_task.train,
            __version__,
            self.topic,
            name,
            begun.directory.contents(),
            self._data(begun.job.config.data),
            key=f"{self.topic}-{name}-{begun.attempts}",
        )
        begun.future.add_done_callback(lambda done: self.happened.put((name, done)))

    def _data(self, data: DataConfig) -> Future:
        """The files of a data set as the result of a task, which is made again where a worker with it is
        lost; the same files are sent once, whatever they are for.
        """
        options = {key: getattr(data, key) for key in ("size", "seed", "rows", "columns")}
        key = data.name, *options.values()
        if key not in self.data:
            files = loading.files(data.name, self.data_dir, **options)
            digest = hashlib.sha256(repr(files).encode()).hexdigest()
            content = DataFiles(digest, files)
            self.data[key] = self.client.submit(dask_task.identity, content, key=f"nnbp-data-{digest}")
        return self.data[key]

    def news(self, seconds: float) -> Iterator[Progress | Ended]:
        """What the workers tell, and the files that come back."""
        with suppress(Empty):
            name, what = self.happened.get(timeout=seconds)
            if not (begun := self.begun.get(name)):
                return  # news of one that has ended
            if not isinstance(what, Future):
                yield Progress(begun.job, what)
                return
            outcome = _outcome(what)
            if outcome.killed and begun.attempts < ATTEMPTS:
                self._submit(begun)
                return
            del self.begun[name]
            with begun.hold:
                begun.directory.receive(outcome.files)
            yield Ended(begun.job, outcome.failure)

    def stop(self, signal_name: str) -> None:
        """Stop each as by this signal, and wait a moment for what comes back."""
        self.client.run(dask_task.stop, self.topic, signal_name, on_error="ignore")
        until = monotonic() + SAVING_SECONDS
        while self.begun and (seconds := until - monotonic()) > 0:
            list(self.news(seconds))

    def __exit__(self, *_: object) -> None:
        with self.client:
            self.client.cancel([begun.future for begun in self.begun.values()])
        for begun in self.begun.values():
            begun.hold.close()


def _outcome(future: Future) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except CancelledError:
        return Outcome({}, "the scheduler is gone")
    except KilledWorker:
        return Outcome({}, "its workers were killed, one after the other", killed=True)
    except Exception as error:  # whatever a worker may raise
        return Outcome({}, f"{type(error).__name__}: {error}")
    return outcome
