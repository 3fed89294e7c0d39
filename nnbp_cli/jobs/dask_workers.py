"""Workers of a Dask cluster: https://distributed.dask.org. They share no folder with this machine: a job goes
there as the files of its directory, with the data set that it needs, and comes back as files.
"""

import hashlib
import logging
import warnings
from collections.abc import Callable, Iterator
from concurrent import futures
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, Queue
from secrets import token_hex
from threading import Thread
from time import monotonic, sleep
from typing import Any, TypeVar

import dask
from distributed import Client, Future, KilledWorker, Security

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
LOOK_SECONDS = 1  # from one look which workers there are to the next
SAVING_SECONDS = 8  # that jobs which are stopped have to save what they learned, and to come back
CLOSE_SECONDS = 1
GONE = "the scheduler is gone"
ATTEMPTS = 5  # of a job whose process or worker is killed each time

T = TypeVar("T")


@dataclass
class _Begun:
    """A job that goes on: its directory, held until it ends, and what it was handed to the scheduler as, for
    the how manyth time.
    """

    job: Job
    directory: RunDirectory
    hold: ExitStack
    attempts: int = 0
    future: Any = None


class DaskWorkers(Workers):
    """`Workers` of the scheduler at an address, such as tcp://HOST:8786, `most` of them if that is given.

    Whatever goes over the network may come late or never, so the main thread waits for none of it without a
    limit. Raises NnbpError where no scheduler answers, or a worker lacks this version of nnbp.
    """

    def __init__(self, address: str, data_dir: Path, most: int | None) -> None:
        self.address, self.data_dir, self.most = address, data_dir, most
        self.topic = f"nnbp-{token_hex(8)}"
        self.happened: Queue[tuple[str, float | Outcome]] = Queue()  # by the names of jobs
        self.begun: dict[str, _Begun] = {}
        self.data: dict[tuple[object, ...], Future] = {}
        self.threads: dict[str, int] = {}  # of the workers, by their addresses
        self.versions: dict[str, str | None] = {}  # of nnbp there; None while one has not answered

    def __enter__(self) -> "DaskWorkers":
        for name in ("distributed", "distributed.client"):  # what concerns us, futures say
            logging.getLogger(name).setLevel(logging.CRITICAL)
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "10GB"})
        if self.address.startswith("tls:") and not _has_certificates():
            remedy = "name them to Dask: https://distributed.dask.org/en/stable/tls.html"
            raise NnbpError(f"--cluster: {self.address} needs certificates that can be read; {remedy}")
        try:
            self.client = _aside(self._connect).result(CONNECT_SECONDS)
            futures.wait(_aside(self._look).result(CONNECT_SECONDS), CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            remedy = "start one with 'dask scheduler', and name the address that it prints"
            raise NnbpError(f"--cluster: no scheduler answers at {self.address}; {remedy}") from error
        if self.unfit:
            self.__exit__()
            raise NnbpError(f"--cluster: {self.unfit}")
        _aside(self._watch)
        return self

    def _connect(self) -> Client:
        with warnings.catch_warnings():  # of other versions, of which nnbp's own alone matters
            warnings.simplefilter("ignore")
            client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False)
        client.subscribe_topic(self.topic, lambda event: self.happened.put(tuple(event[1])))
        return client

    def _watch(self) -> None:
        while self.client.status != "closed":
            sleep(LOOK_SECONDS)
            with suppress(OSError):
                self._look()

    def _look(self) -> list[futures.Future[None]]:
        """See which workers there are, and begin to ask those that are new for their version."""
        self.threads = self.client.nthreads()
        new = [address for address in self.threads if address not in self.versions]
        self.versions |= dict.fromkeys(new)
        return [_aside(partial(self._ask, address)) for address in new]

    def _ask(self, address: str) -> None:
        try:
            self.versions[address] = self.client.run(dask_task.version, workers=[address])[address]
        except OSError:
            del self.versions[address]  # it is asked again, if it is still there
        except Exception:  # there is no such function to be unpickled
            self.versions[address] = ""

    @property
    def unfit(self) -> str | None:
        """What is wrong with a worker that lacks this version of nnbp, if there is one. Dask may hand it any
        job, and a worker without nnbp ends of it.
        """
        for address in self.threads:
            if (version := self.versions.get(address)) not in (None, __version__):
                has = f"has nnbp {version}" if version else "has no nnbp"
                return (
                    f"{address} {has}, and here is {__version__}; install the same there, or end that worker"
                )
        return None

    @property
    def title(self) -> str:
        """How many there are by now."""
        if self.unfit:
            return f"{self.unfit}; until then no other run begins"
        if count := sum(self.versions.get(address) is not None for address in self.threads):
            return f"{self.address}: {counted(count, 'workers')}"
        return f"{self.address}: no workers; start some with 'dask worker {self.address} --nthreads 1'"

    @property
    def ready(self) -> bool:
        """Whether a thread of theirs is free. A job that waits at one worker does not go to another."""
        if self.gone:
            return True
        threads = sum(count for address, count in self.threads.items() if self.versions.get(address))
        return not self.unfit and len(self.begun) < min(threads, self.most or threads)

    @property
    def gone(self) -> bool:
        """Whether the scheduler is: Dask would try to reach it again, but has given up all that was begun."""
        status: str = self.client.status
        return status != "running"

    def begin(self, job: Job) -> None:
        """Hand it to the scheduler."""
        if self.gone:
            raise NnbpError(GONE)
        with ExitStack() as stack:
            directory = stack.enter_context(RunDirectory(job.directory).locked())
            begun = _Begun(job, directory, stack)
            self._submit(begun)
            begun.hold = stack.pop_all()
        self.begun[job.name] = begun

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
        begun.future.add_done_callback(lambda done: _aside(lambda: self.happened.put((name, _outcome(done)))))

    def _data(self, data: DataConfig) -> Future:
        """The files of a data set as the result of a task, which is made again where a worker with it is
        lost; the same files are sent once, whatever they are for.
        """
        options = {key: getattr(data, key) for key in ("size", "seed", "rows", "columns")}
        key = data.name, *options.values()
        if key not in self.data or self.data[key].cancelled():
            files = loading.files(data.name, self.data_dir, **options)
            digests = [(name, hashlib.sha256(content).hexdigest()) for name, content in files.items()]
            digest = hashlib.sha256(repr(digests).encode()).hexdigest()
            content = DataFiles(digest, files)
            self.data[key] = self.client.submit(dask_task.identity, content, key=f"nnbp-data-{digest}")
        return self.data[key]

    def news(self, seconds: float) -> Iterator[Progress | Ended]:
        """What the workers tell, and the files that come back."""
        if self.gone:
            yield from [self._end(begun, Outcome({}, GONE)) for begun in [*self.begun.values()]]
            return
        with suppress(Empty):
            name, what = self.happened.get(timeout=seconds)
            if not (begun := self.begun.get(name)):
                return  # news of one that has ended
            if not isinstance(what, Outcome):
                yield Progress(begun.job, what)
            elif what.killed and begun.attempts < ATTEMPTS:
                self._submit(begun)
            else:
                yield self._end(begun, what)

    def _end(self, begun: _Begun, outcome: Outcome) -> Ended:
        del self.begun[begun.job.name]
        failure = outcome.failure
        try:
            with begun.hold:
                begun.directory.receive(outcome.files)
        except NnbpError as error:
            failure = str(error)
        return Ended(begun.job, failure)

    def stop(self, signal_name: str) -> None:
        """Stop each as by this signal, and wait a moment for what comes back."""
        _aside(partial(self.client.run, dask_task.stop, self.topic, signal_name, on_error="ignore"))
        until = monotonic() + SAVING_SECONDS
        while self.begun and (seconds := until - monotonic()) > 0:
            list(self.news(seconds))

    def __exit__(self, *_: object) -> None:
        """The scheduler ends what was begun, as it does where this process is gone."""
        with suppress(OSError):
            self.client.close(CLOSE_SECONDS)
        for begun in self.begun.values():
            begun.hold.close()


def _aside(call: Callable[[], T]) -> futures.Future[T]:
    """Begin a call that may never return, in a thread that does not keep this process from its end."""
    result = futures.Future[T]()

    def run() -> None:
        try:
            result.set_result(call())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True).start()
    return result


def _has_certificates() -> bool:
    """Whether Dask knows of some for TLS, and can read them."""
    try:
        return Security().get_connection_args("client")["ssl_context"] is not None
    except OSError:
        return False


def _outcome(future: Future) -> Outcome:
    try:
        outcome: Outcome = future.result()
    except CancelledError:
        return Outcome({}, "somebody has cancelled it", killed=True)
    except KilledWorker:
        return Outcome({}, "its workers were killed, one after the other", killed=True)
    except Exception as error:  # whatever a worker may raise
        return Outcome({}, f"{type(error).__name__}: {error}")
    return outcome
