"""A job in a process of its own, which ends when whoever began it does, in whatever way.

Not one of multiprocessing, which a worker of Dask may not have: it has a pipe to say how far it is, and one
that ends when nobody waits for it any more.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import FrameType

from nnbp_cli.errors import NnbpError
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.resume import resume
from nnbp_cli.runs.setup import Paths
from nnbp_cli.system import json_text, signals
from nnbp_cli.system.reporter import Reporter

PR_SET_PDEATHSIG = 1  # of Linux's prctl: the signal that this process gets when its parent dies


class JobProcess:
    """A process that runs the job which was prepared in a directory. As far as has been received: the `share`
    of it that is done, 0 to 1, why it failed, and whether that was as its process was `killed`.
    """

    def __init__(self, directory: Path, data_dir: Path, data_folder: Path | None = None) -> None:
        folder = [] if data_folder is None else [str(data_folder)]
        # The same modules are found there as here, and none that happens to lie in the current directory.
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        # Dask has the C library give memory back at once, and each step would wait for it anew.
        environment.pop("MALLOC_TRIM_THRESHOLD_", None)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__, str(directory), str(data_dir), *folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # a terminal's Ctrl-C is for the parent to answer, which stops it
        )
        self.share = 0.0
        self.failure: str | None = None
        self.killed = False
        self._unread = b""

    def fileno(self) -> int:
        """Of the pipe that can be read where there is something to receive."""
        assert self._process.stdout
        return self._process.stdout.fileno()

    def receive(self) -> bool:
        """Take what there is to receive; whether there may be more, as the process has not ended."""
        received = os.read(self.fileno(), 1 << 16)
        *lines, self._unread = (self._unread + received).split(b"\n")
        for said in map(json_text.loads, lines):
            if isinstance(said, str):
                self.failure = said
            else:
                self.share = said
        if not received and (status := self._process.wait()):
            self.failure = self.failure or f"its process ended with status {status}"
            self.killed = status < 0
        return bool(received)

    def stop(self, signal_name: str) -> None:
        """Let it end as by this signal: what it has learned is kept."""
        assert self._process.stdin
        with suppress(OSError):  # it has ended
            os.write(self._process.stdin.fileno(), signal_name.encode())

    def kill(self) -> None:
        """End it, wherever it is."""
        self._process.kill()

    def close(self) -> None:
        """Wait for its end; its input stays open until then, for it would take that for ours."""
        self._process.wait()
        self._process.communicate()


def main(directory: str, data_dir: str, data_folder: str | None = None) -> None:
    """Go on with the run in a directory, from its config or from where it was left. Downloads nothing."""
    reporter = _ToParent(os.dup(1))
    os.dup2(2, 1)  # what somebody prints gets not into it
    for name in signals.EXIT_STATUS:
        signal.signal(getattr(signal, name), reporter.end_unless_begun)
    _listen_to_parent()
    try:
        folder = Path(data_folder) if data_folder else None
        run = RunDirectory(Path(directory))
        paths = Paths(run.config_file, Path(data_dir), offline=True, data_folder=folder)
        summary = resume(run.path, (), paths, reporter)
        failure = summary.stopped_by and f"stopped by {summary.stopped_by}"
    except Exception as error:  # whatever it is, it is told where the other runs go on
        failure = str(error) if isinstance(error, NnbpError) else f"{type(error).__name__}: {error}"
    if failure:
        reporter.tell(failure)


def _listen_to_parent() -> None:
    """From now on this process ends when its parent does, in whatever way, and its locks go with it; a signal
    that the parent names is one that comes here.

    A thread waits for what comes through a pipe that the parent alone holds, or for its end, which may have
    come already. Linux kills the process even where that thread does not get on: for it, a parent is the
    thread that began its child, and that is the one which waits for it.
    """

    def listen() -> None:
        while name := os.read(0, 100).decode():
            os.kill(os.getpid(), signal.Signals[name])
        os._exit(1)

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    Thread(target=listen, daemon=True).start()


class _ToParent(Reporter):
    """What is done of a job goes through a pipe to whoever waits for it, about a hundred times at most."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.sent = -1.0
        self.begun = False

    def tell(self, what: float | str) -> None:
        with suppress(OSError):  # nobody waits any more
            os.write(self.pipe, json_text.dumps(what).encode() + b"\n")

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
            self.tell(share)


if __name__ == "__main__":
    main(*sys.argv[1:])
