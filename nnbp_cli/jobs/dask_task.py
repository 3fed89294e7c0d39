"""What a worker of Dask does: it trains a job in a process of its own, and gives the files of its run back.

A task of Dask cannot be stopped from outside, so it looks twice a second whether it is still wanted.
"""

from dataclasses import dataclass
from pathlib import Path
from select import select
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from distributed import Status, get_worker

from nnbp_cli import __version__
from nnbp_cli.jobs.process import JobProcess
from nnbp_cli.runs.directory import RunDirectory

LOOK_SECONDS = 0.5
_stopped: dict[str, str] = {}  # topics of which no job goes on, and the signals that stopped them


@dataclass(frozen=True)
class Outcome:
    """The files of a run, why it did not come to its end, and whether that was as its process was killed."""

    files: dict[str, bytes]
    failure: str | None = None
    killed: bool = False


@dataclass(frozen=True)
class DataFiles:
    """The files of a data set; `digest` tells one from another."""

    digest: str
    files: dict[str, bytes]


def train(version: str, topic: str, name: str, files: dict[str, bytes], data: DataFiles) -> Outcome:
    """Train the job which has these files; what is done of it is told under `topic`."""
    worker = get_worker()
    if version != __version__:
        where = f"{worker.address} has nnbp {__version__}, and here is {version}"
        return Outcome({}, f"{where}; install the same version on all machines")
    key = worker.get_current_task()
    scratch = Path(worker.local_directory)
    with TemporaryDirectory(dir=scratch, prefix="nnbp-run-") as folder:
        directory = Path(folder)
        _write(directory, files)
        process = JobProcess(directory, directory, _kept(data, scratch))
        try:
            share, stopping = 0.0, False
            while True:
                readable, _, _ = select([process], [], [], LOOK_SECONDS)
                if readable and not process.receive():
                    break
                if process.share > share:
                    share = process.share
                    worker.log_event(topic, [name, share])
                if not _wanted(worker, key):
                    process.kill()
                elif not stopping and topic in _stopped:
                    process.stop(_stopped[topic])
                    stopping = True
        finally:
            process.kill()
            process.close()
        return Outcome(RunDirectory(directory).contents(), process.failure, killed=process.killed)


def version() -> str:
    """The version of nnbp that a worker has."""
    return __version__


def stop(topic: str, signal_name: str) -> None:
    """Have all jobs that tell under `topic` stop as by this signal, and save what they have learned."""
    _stopped[topic] = signal_name


def identity(data: DataFiles) -> DataFiles:
    """A task whose result is what it was given, so that Dask can make it again where a worker was lost."""
    return data


def _write(directory: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (directory / name).write_bytes(content)


def _kept(data: DataFiles, scratch: Path) -> Path:
    """Where the files of a data set are: written whole, or not yet there."""
    folder = scratch / f"nnbp-data-{data.digest}"
    if not folder.is_dir():
        unfinished = Path(mkdtemp(dir=scratch))
        _write(unfinished, data.files)
        try:
            unfinished.rename(folder)
        except OSError:  # another thread was sooner
            rmtree(unfinished)
    return folder


def _wanted(worker: Any, key: Any) -> bool:
    """Whether anybody still waits for what the task gives; a worker that lost its scheduler is closing."""
    task = worker.state.tasks.get(key)
    running = worker.status in (Status.running, Status.paused)
    return running and task is not None and task.state != "cancelled"
