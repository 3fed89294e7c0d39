"""Jobs in parallel processes, so many at a time, each with one thread for its matrix products.

Not a pool of multiprocessing or concurrent.futures: where a process is killed, the one waits for it for ever,
and the other gives up all the jobs that there are.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

from nnbp_cli.errors import Interrupted, NnbpError
from nnbp_cli.reproduction.jobs import Job
from nnbp_cli.system import signals
from nnbp_cli.system.reporter import Reporter

PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that this process gets when its parent dies


def run(jobs: Iterable[Job], data_dir: Path, processes: int, reporter: Reporter) -> dict[Job, str]:
    """Run `jobs`, the longest first, `processes` at a time; for each one that failed, why.

    Raises Interrupted on SIGINT and SIGTERM, when every process has been stopped.
    """
    spawn = multiprocessing.get_context("spawn")  # a fork would share locks of threads that it has not got
    waiting = sorted(jobs, key=lambda job: job.work)
    running: dict[Connection, tuple[BaseProcess, Job]] = {}
    failures: dict[Job, str] = {}

    with signals.defer() as signal_received:
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    reader, writer = spawn.Pipe(duplex=False)
                    job = waiting.pop()
                    child = spawn.Process(target=_work, args=(job, data_dir, writer), daemon=True)
                    with signals.block_sigint():
                        child.start()
                    writer.close()  # so that the end of the process is the end of the pipe
                    running[reader] = (child, job)
                ready = wait(list(running), timeout=0.2)
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
                if name := signal_received():
                    kept = "what was run to its end is kept, and the same command goes on from there"
                    raise Interrupted(f"nnbp reproduce: stopped by {name}; {kept}", signals.EXIT_STATUS[name])
        finally:
            for process, _ in running.values():
                process.terminate()
            for process, _ in running.values():
                process.join()
    return failures


def _work(job: Job, data_dir: Path, pipe: Connection) -> None:
    """Run a job in a process of its own."""
    _end_with_parent()
    try:
        job.run(data_dir, _ToParent(job, pipe))
    except Exception as error:  # whatever it is, it is told where the other runs go on
        message = str(error) if isinstance(error, NnbpError) else f"{type(error).__name__}: {error}"
        with suppress(OSError):
            pipe.send(message)


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
    """What is done of a job goes through a pipe to whoever waits for it, a hundred times at most."""

    def __init__(self, job: Job, pipe: Connection) -> None:
        self.epochs = job.config.training.epochs
        self.pipe = pipe
        self.sent = 0.0

    def epoch(self, number: int, learning_rate: float, seconds: float, scores: Mapping[str, float]) -> None:
        share = number / self.epochs
        if share - self.sent >= 0.01:
            self.sent = share
            with suppress(OSError):  # nobody waits any more
                self.pipe.send(share)
