"""Jobs in parallel processes, so many at a time.

Not a pool of multiprocessing or concurrent.futures: where a process is killed, the one waits for it for ever,
and the other gives up all the jobs that there are.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from types import FrameType

from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs.job import Job
from nnbp_cli.system import signals
from nnbp_cli.system.reporter import Reporter

PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that this process gets when its parent dies


def run(
    jobs: Sequence[Job], data_dir: Path, processes: int, reporter: Reporter
) -> tuple[dict[Job, str], str | None]:
    """Run those of `jobs` that are not done, the longest first, `processes` at a time.

    For each one that failed, why; and the signal, if one came: then every process has been stopped, and what
    it has learned is kept.
    """
    waiting = sorted((job for job in jobs if not job.done), key=lambda job: -job.work)
    failures: dict[Job, str] = {}
    if not waiting:
        return failures, None
    spawn = multiprocessing.get_context("spawn")  # a fork would share locks of threads that it has not got
    running: dict[Connection, tuple[BaseProcess, Job]] = {}
    reporter.begin_jobs({job.name: job.work for job in waiting}, done=len(jobs) - len(waiting))

    heeded = signals.not_ignored()
    with closing(reporter), signals.defer() as signal_received:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    reader, writer = spawn.Pipe(duplex=False)
                    job = waiting.pop(0)
                    child = spawn.Process(target=_work, args=(job, data_dir, writer, heeded), daemon=True)
                    with signals.block_sigint():
                        child.start()
                    writer.close()  # so that the end of the process is the end of the pipe
                    running[reader] = (child, job)
                ready = wait(list(running), timeout=0.2)
                # First of all: a signal to all processes ends those that run, and they have not failed.
                if name := signal_received():
                    return failures, name
                for reader, (process, job) in [item for item in running.items() if item[0] in ready]:
                    try:
                        message = reader.recv()
                    except (EOFError, OSError):
                        del running[reader]
                        process.join()
                        if not job.done:
                            failures.setdefault(job, f"its process ended with status {process.exitcode}")
                        reporter.finish(job.name, failures.get(job))
                    else:
                        if isinstance(message, str):
                            failures[job] = message
                        else:
                            reporter.advance(job.name, message)
        finally:
            for process, _ in running.values():
                if (name := signal_received()) and process.is_alive():
                    os.kill(process.pid or 0, signal.Signals[name])  # by which it says that it was stopped
                process.terminate()  # as one that has not begun may heed nothing else
            for process, _ in running.values():
                process.join()
    return failures, None


def _work(job: Job, data_dir: Path, pipe: Connection, heeded: Sequence[str]) -> None:
    """Run a job in a process of its own, which the signals stop that its parent heeds."""
    _end_with_parent()
    reporter = _ToParent(pipe)
    signals.handle(heeded, reporter.end_unless_begun)
    try:
        summary = job.run(data_dir, reporter)
        failure = summary.stopped_by and f"stopped by {summary.stopped_by}"
    except Exception as error:  # whatever it is, it is told where the other runs go on
        failure = str(error) if isinstance(error, NnbpError) else f"{type(error).__name__}: {error}"
    if failure:
        with suppress(OSError):
            pipe.send(failure)


def _end_with_parent() -> None:
    """From now on this process ends when its parent does, in whatever way; its locks go with it.

    A thread waits for the end of a pipe that the parent alone holds, which may have come already. Linux kills
    the process even where that thread does not get on: for it, a parent is the thread that began its child,
    which in `run` is the one that waits.
    """
    parent = multiprocessing.parent_process()
    assert parent

    def end() -> None:
        parent.join()
        os._exit(1)

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Thread(target=end, daemon=True).start()


class _ToParent(Reporter):
    """What is done of a job goes through a pipe to whoever waits for it, about a hundred times at most."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.sent = -1.0
        self.begun = False

    def end_unless_begun(self, number: int, frame: FrameType | None) -> None:
        """Answer a signal: once training has begun, the first one has stopped it, and what it has learned is
        being saved. A second one comes where the first went to all processes, as the parent sends its own.
        """
        if not self.begun:
            os._exit(signals.EXIT_STATUS[signal.Signals(number).name])

    def begin(self, epochs: int, batches: int, before: Sequence[Mapping[str, float]] = ()) -> None:
        self.begun = True
        self.batches, self.steps = batches, epochs * batches

    def step(self, epoch: int, batch: int, cost: float) -> None:
        share = (epoch * self.batches + batch) / self.steps
        if share - self.sent >= 0.01:
            self.sent = share
            with suppress(OSError):  # nobody waits any more
                self.pipe.send(share)
