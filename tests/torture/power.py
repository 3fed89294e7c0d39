"""The power is cut at every point of a run, and everything that the disk may then show is looked at.

What a run does to its files is recorded, and played to a model on which nothing is sure that was not synced:
bytes that were written may be lost, or half of them, or be zeros; a name that was given, changed or taken
away may be so or not, whatever became of others. In each such state every file can be read, what was said to
be saved is there, and the run goes on to the same end.
"""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnbp_cli.system import files
from tests.torture import operations
from tests.torture.disk import DiskState, Event, states
from tests.torture.harness import Outcome
from tests.torture.scene import OFTEN, scene


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Look at so many of the states, or at all where there are fewer, in an order drawn from `seed`."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with scene(folder) as here:
        top, log = folder / "recorded", folder / "events"
        ended = here.begin(top / "run", OFTEN, ("tests.torture.power:record", str(top), str(log))).wait()
        if ended.status:
            raise RuntimeError(ended.err)
        events: list[Event] = [tuple(json.loads(line)) for line in log.read_text().splitlines()]
        found = list(states(events))
        for state in found:  # this is quickly seen
            outcome.check(not state.missing, f"{state.when}: {', '.join(state.missing)} had been saved")
        for k in rng.permutation(len(found))[:tries]:
            outcome.tries += 1
            with _on_disk(found[k], top, folder / f"state-{k}") as run:
                wrong = [*(here.unreadable(run) if run.exists() else []), *here.finish(run)]
            outcome.check(not wrong, f"state {k}, {found[k].when}: {'; '.join(wrong)}")

        # Without either kind of syncing something must be seen to be wrong, or nothing was seen above.
        for what in ("file", "directory"):
            caught = False
            for state in states(event for event in events if (event[0], event[2]) != ("fsync", what)):
                with _on_disk(state, top, folder / "control") as run:
                    caught = bool(state.missing or (run.exists() and here.unreadable(run)))
                if caught:
                    break
            outcome.check(caught, f"that no {what} was synced was not seen")
    return outcome


@contextmanager
def _on_disk(state: DiskState, top: Path, folder: Path) -> Iterator[Path]:
    """Put a state into `folder`, while the context lasts; the run directory in it."""
    folder.mkdir()
    for path in sorted(state.directories):
        (folder / Path(path).relative_to(top)).mkdir(exist_ok=True)
    for path, content in state.files.items():
        (folder / Path(path).relative_to(top)).write_bytes(content)
    yield folder / "run"
    shutil.rmtree(folder)


def record(under: str, into: str) -> None:
    """Note every operation, and all that `files` says is saved, each as a line of JSON in a file."""
    handle = os.open(into, os.O_WRONLY | os.O_CREAT)

    def note(operation: str, path: str, more: Any = None) -> None:
        if operation == "write":
            more = (more[0], base64.b64encode(more[1]).decode())
        elif operation == "fsync":
            more = "directory" if os.path.isdir(path) else "file"  # noqa: PTH112
        os.write(handle, json.dumps([operation, path, more]).encode() + b"\n")

    replacing, make_directory = files.replacing, files.make_directory

    @contextmanager
    def and_say_so(path: Path, check: files.Check = files.anything) -> Iterator[BinaryIO]:
        with replacing(path, check) as file:
            yield file
        note("saved", os.path.abspath(path))  # noqa: PTH100

    def made(path: Path, *, exist_ok: bool = True) -> list[Path]:
        missing = make_directory(path, exist_ok=exist_ok)
        note("saved", os.path.abspath(path))  # noqa: PTH100
        return missing

    files.replacing, files.make_directory = and_say_so, made
    operations.watch(note, under)
