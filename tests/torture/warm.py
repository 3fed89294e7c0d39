"""`nnbp` in processes that begin in milliseconds: one process has imported everything, and forks them.

    python -m tests.torture.warm

reads requests from stdin, a line of JSON each, and answers with a process id; and to an empty line with how
that process ended. Until it is asked, the number of a process that has ended is not given to another one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]
SIGNALS = {signal.SIGINT, signal.SIGTERM}
Step = tuple[str, *tuple[Any, ...]]  # "tests.torture.module:function" and its arguments


@dataclass(frozen=True)
class Ended:
    """How a process ended: its status as a shell has it, what it said, and after how many seconds."""

    status: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Running:
    """A process that was begun."""

    warm: Warm
    pid: int
    folder: Path
    began: float = field(default_factory=perf_counter)

    def send(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for its end."""
        status = self.warm.ask("")
        seconds = perf_counter() - self.began
        out, err = ((self.folder / name).read_text() for name in ("stdout", "stderr"))
        return Ended(128 - status if status < 0 else status, out, err, seconds)


class Warm:
    """The process that forks others, one at a time; a context manager."""

    def __enter__(self) -> Warm:
        command = [sys.executable, "-W", "ignore", "-m", "tests.torture.warm"]
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # no thread is lost by a fork
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | single,
        )
        self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def start(self, folder: Path, arguments: Sequence[object], before: Sequence[Step] = ()) -> Running:
        """Run `nnbp` with `arguments` in `folder`, after the steps `before`, which may change the program."""
        request = {"folder": str(folder), "arguments": [str(each) for each in arguments], "before": before}
        return Running(self, self.ask(json.dumps(request)), folder)

    def ask(self, line: str) -> int:
        """What the process answers to a line."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self.process.stdout
        return int(self.process.stdout.readline())


def _serve() -> Callable[[], None]:
    """Fork a process for each request; what is left to do, which is nothing but in a child."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    print(0, flush=True)
    pid = 0
    for line in sys.stdin:
        if not line.strip():
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        elif not (pid := os.fork()):
            return _prepared(json.loads(line))
    return lambda: None


def _prepared(request: dict[str, Any]) -> Callable[[], None]:
    """In a child: make it look as if it had been started by itself; what runs the program."""
    from nnbp_cli.__main__ import main

    os.chdir(request["folder"])
    streams = [os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666) for name in ("stdout", "stderr")]
    print(os.getpid(), flush=True)
    for handle, stream in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
        os.dup2(stream, handle)
    sys.argv = ["nnbp", *request["arguments"]]
    for step, *arguments in request["before"]:
        module, _, function = step.partition(":")
        getattr(importlib.import_module(module), function)(*arguments)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the first thing that the program does
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return main


def _warm_up() -> None:
    """Do once what every process would do at first: import, compile, look for libraries."""
    from tests.command_line import nnbp
    from tests.small_run import CONFIG

    with TemporaryDirectory() as folder:
        config = Path(folder, "small.toml")
        config.write_text(CONFIG)
        small = ("--set", "data.size=60", "--set", "training.epochs=1", "-q", "--data-dir", folder)
        places = ("--out", Path(folder, "run"), "--weights", Path(folder, "weights.npz"))
        said = nnbp("train", "--config", config, *small, *places)
    if said.status:
        raise RuntimeError(said.err)
    gc.freeze()  # nothing of this is looked through again in every child


if __name__ == "__main__":
    _warm_up()
    _serve()()
