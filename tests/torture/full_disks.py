"""A disk that fills up, of many sizes: the run ends well or with one line, what was saved is kept, and with
more room it goes on to the same end. On a real file system where one can be mounted, and on a modelled one.
"""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nnbp_cli.runs import checkpoint
from nnbp_cli.system.files import Check
from tests.torture import operations
from tests.torture.harness import Outcome
from tests.torture.scene import SOMETIMES, Scene, scene
from tests.torture.warm import Step

ROOM = 10**9  # bytes


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Try so many sizes, evenly from none to enough, on each kind of disk that there is."""
    outcome = Outcome()
    with scene(folder) as here:
        enough = 2 * sum(
            path.stat().st_size for path in (folder / "undisturbed").rglob("*") if path.is_file()
        )
        for k in range(tries):
            size = enough * k // max(1, tries - 1)
            folders = [folder / f"{kind}-{k}" for kind in ("modelled", "real")]
            for path in folders:
                path.mkdir()
            outcome.tries += 1
            _fill(outcome, here, folders[0] / "run", size, modelled=True)
            with _mounted(folders[1], size) as is_mounted:
                if is_mounted:
                    _fill(outcome, here, folders[1] / "run", size, modelled=False)
    return outcome


def _fill(outcome: Outcome, here: Scene, run: Path, size: int, *, modelled: bool) -> None:
    again = f"{size:,} bytes, {'modelled' if modelled else 'mounted'}"
    saved = here.folder / f"saved-{run.parent.name}"
    limit: Step = ("tests.torture.full_disks:limit", str(run.parent), size if modelled else ROOM, str(saved))
    ended = here.begin(run, SOMETIMES, limit).wait()
    outcome.check(ended.status in (0, 1), f"{again}: status {ended.status}: {ended.err}")
    if ended.status:
        is_one_line = ended.err.count("\n") == 1 and "no space left on device; free some space" in ended.err
        outcome.check(is_one_line, f"{again}: {ended.err}")
    wrong = here.unreadable(run) if run.exists() else []
    if saved.exists() and not wrong:
        state = checkpoint.load(run / "checkpoint.npz").state
        last = saved.read_text().splitlines()[-1]
        outcome.check(last == f"{state.epoch} {state.batch}", f"{again}: {last} had been saved")
    if not modelled:
        subprocess.run(["mount", "-o", f"remount,size={ROOM}", run.parent], check=True)
    wrong += here.finish(run)
    outcome.check(not wrong, f"{again}: then {'; '.join(wrong)}")


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[bool]:
    """A file system of `size` bytes in `folder`, where this process may mount one; whether there is."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={max(size, 4096)}", "tmpfs", str(folder)]
    try:
        is_mounted = not subprocess.run(command, capture_output=True, check=False).returncode
    except OSError:
        is_mounted = False
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", str(folder)], check=True)


def limit(under: str, size: int, into: str) -> None:
    """Let no more than `size` bytes be in the files under a folder; note each checkpoint that is saved."""

    def watcher(operation: str, path: str, more: Any) -> int | None:
        if operation != "write":
            return None
        free = size - sum(each.stat().st_size for each in Path(under).rglob("*") if each.is_file())
        if free <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return min(free, len(more[1]))

    save = checkpoint.save

    def and_note(path: Path, left: checkpoint.Checkpoint, check: Check) -> None:
        save(path, left, check)
        with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "w") as notes:
            notes.write(f"{left.state.epoch} {left.state.batch}\n")

    setattr(checkpoint, "save", and_note)  # noqa: B010, mypy would compare the names of the arguments
    operations.watch(watcher, under)
