"""A Dask scheduler and two workers of this machine, which share no folder with the rest."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.by_the_clock import until
from tests.processes import started

DASK = (sys.executable, "-W", "ignore", "-m")


@dataclass
class Cluster:
    address: str
    scheduler: Popen[str]
    workers: list[Popen[str]]
    folder: Path

    def epochs(self) -> list[int]:
        """How many the runs have that are trained just now."""
        words = [word for pid in self.training() for word in command(pid).split()]
        logs = {Path(word) / "log.csv" for word in words if "nnbp-run-" in word}
        return [log.read_text().count("\n") for log in logs if log.exists()]

    def nannies(self) -> list[int]:
        return [worker.pid for worker in self.workers]

    def worker_processes(self, *nannies: int) -> list[int]:
        """The workers of these nannies, or of all."""
        of = nannies or self.nannies()
        return [pid for nanny in of for pid in children(nanny) if "spawn_main" in command(pid)]

    def training(self) -> list[int]:
        """The processes that train on this cluster, or were left by it."""
        words = ("nnbp_cli.jobs.process", str(self.folder))
        return [pid for pid in every_process() if all(word in command(pid) for word in words)]


def every_process() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def children(pid: int) -> list[int]:
    return [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]


@contextmanager
def running(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster that keeps its files in `folder`, while the block lasts."""
    where = folder / "scheduler.json"
    quiet = ("--no-dashboard", "--scheduler-file", where)
    with ExitStack() as stack:
        scheduler = (*DASK, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0)
        begun = stack.enter_context(started(*scheduler, *quiet))
        assert until(where.exists)
        address = json.loads(where.read_text())["address"]
        made = [stack.enter_context(worker(address, folder / f"worker-{k + 1}")) for k in range(workers)]
        yield Cluster(address, begun, made, folder)


def worker(address: str, folder: Path, path: str | None = None) -> AbstractContextManager[Popen[str]]:
    """A worker, which looks for its modules at a `path` first, if that is given."""
    line = ("distributed.cli.dask_worker", address, "--nthreads", 1, "--no-dashboard")
    environment = () if path is None else ("env", f"PYTHONPATH={path}")
    return started(*environment, *DASK, *line, "--local-directory", folder)
