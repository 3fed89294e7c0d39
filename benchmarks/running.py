"""Contenders in processes of their own, taking turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from time import perf_counter

from benchmarks.contenders import nnbp
from benchmarks.job import Arrays, Job
from nnbp_cli.datasets.dataset import Dataset


@dataclass
class Measured:
    """What was seen of a contender: seconds per epoch, from its command to its first epoch's end, the bytes
    that it took at its peak, the validation accuracy in the end; `failed` says why there is nothing.
    """

    epochs: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    failed: str = ""


class Running:
    """A contender's process. Making it waits for its first epoch's end."""

    def __init__(self, name: str, job: Job, arrays: Path) -> None:
        started = perf_counter()
        self.messages = TemporaryFile("w+")  # noqa: SIM115, it is gone with the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", name, job.to_json(), str(arrays)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            text=True,
            env=environment(job.threads),
            preexec_fn=on_cores(job.threads),
        )
        self.failed = ""
        self.answer = self._answer()
        self.first = perf_counter() - started

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()  # no more lines: it ends by itself

    def epoch(self) -> tuple[float, float, int]:
        """Seconds, accuracy and peak after one more epoch."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.answer = self._answer()
        return self.answer

    def _answer(self) -> tuple[float, float, int]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.messages.seek(0)
            said = self.messages.read().split("\n\n")[0].strip().splitlines()
            self.failed = said[-1] if said else f"exit status {self.process.returncode}"
            return 0.0, 0.0, 0
        seconds, accuracy, peak = json.loads(line)
        return seconds, accuracy, peak


def measure(names: list[str], job: Job, arrays: Path, starts: int, rounds: int) -> dict[str, Measured]:
    """Start all contenders `starts` times, and let each train `rounds` epochs after its first, in turns."""
    measured = {name: Measured() for name in names}
    for start in range(starts):
        with ExitStack() as stack:
            running: dict[str, Running] = {}
            for name in names[start % len(names) :] + names[: start % len(names)]:
                process = stack.enter_context(Running(name, job, arrays))
                if process.failed and name.startswith("nnbp"):
                    raise RuntimeError(process.failed)
                if process.failed:
                    measured[name].failed = process.failed
                else:
                    running[name] = process
            for turn in range(rounds):
                order = list(running)
                for name in order[turn % len(order) :] + order[: turn % len(order)]:
                    measured[name].epochs.append(running[name].epoch()[0])
            for name, process in running.items():
                _, accuracy, peak = process.answer
                measured[name].first.append(process.first)
                measured[name].accuracies.append(accuracy)
                measured[name].peaks.append(peak)
    return measured


def write_arrays(job: Job, data: Dataset, path: Path, validation: int = 10_000) -> None:
    """What all contenders of a job begin with; the weights are those that nnbp draws."""
    _, _, state = nnbp.begin(job)
    Arrays(
        data.training.images[: job.images],
        data.training.labels[: job.images],
        data.validation.images[:validation],
        data.validation.labels[:validation],
        [(W, b) for W, b in state.params.layers],
    ).save(path)


def on_cores(threads: int) -> Callable[[], None] | None:
    """What a process does before anything else, to have as many cores as threads; None where no system can.

    Flags alone would not do: what a library starts for itself beside its named threads would go uncounted.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))[-threads:]  # the first one is where a system does its own work
    return lambda: os.sched_setaffinity(0, cores)


def environment(threads: int) -> dict[str, str]:
    """The environment that says the same to every library, and keeps what it says of instructions to use."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    xla = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}"
    flags = [os.environ.get("XLA_FLAGS", ""), xla, f"intra_op_parallelism_threads={threads}"]
    return os.environ | dict.fromkeys(names, str(threads)) | {"XLA_FLAGS": " ".join(filter(None, flags))}
