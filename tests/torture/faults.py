"""Every file operation of a run fails once, in each of five ways: the run ends in good order, with one line,
and goes on to the same end.
"""

import errno
import itertools
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np

from tests.torture import operations
from tests.torture.harness import Outcome
from tests.torture.scene import SOMETIMES, Scene, scene
from tests.torture.warm import Step

KINDS = ("ENOSPC", "EIO", "EINTR", "EACCES", "killed")


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Try so many faults, or all, in a run and in one that is taken up again; `seed` gives the order."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with scene(folder) as here:
        left = folder / "left" / "run"  # a run that was killed half way
        begun = _operations(here, folder / "sound" / "run")
        here.begin(
            left, SOMETIMES, ("tests.torture.faults:fail", str(folder), len(begun) // 2, "killed")
        ).wait()
        shutil.copytree(left, folder / "resumed" / "run")
        resumed = _operations(here, folder / "resumed" / "run")
        possible = [
            (way, number, name, kind)
            for way, names in (("begun", begun), ("resumed", resumed))
            for number, name in enumerate(names)
            for kind in KINDS
        ]
        for k in rng.permutation(len(possible))[:tries]:
            way, number, name, kind = possible[k]
            run = folder / f"{way}-{number}-{kind}" / "run"
            if way == "resumed":
                shutil.copytree(left, run)
            again = f"operation {number} ({name}) of a run {way}, {kind}"
            fault: Step = ("tests.torture.faults:fail", str(folder), number, kind)
            ended = here.resume(run, SOMETIMES, fault).wait()
            outcome.tries += 1
            good = (0, 137) if kind == "killed" else (0, 1, 2)  # 2: a config that cannot be read
            outcome.check(ended.status in good, f"{again}: status {ended.status}: {ended.err}")
            lines = ended.err.count("\n")
            outcome.check(lines == (ended.status in (1, 2)), f"{again}: not one line: {ended.err}")
            outcome.check("unexpected" not in ended.err, f"{again}: {ended.err}")
            outcome.check("damaged" not in ended.err, f"{again}: no file is damaged: {ended.err}")
            wrong = [*(here.unreadable(run) if run.exists() else []), *here.finish(run)]
            outcome.check(not wrong, f"{again}: then {'; '.join(wrong)}")
    return outcome


def _operations(here: Scene, run: Path) -> list[str]:
    """The names of all operations of `run`, which goes on to its end."""
    into = here.folder / f"{run.parent.name}-counted"
    ended = here.resume(run, SOMETIMES, ("tests.torture.faults:count", str(here.folder), str(into))).wait()
    if ended.status:
        raise RuntimeError(ended.err)
    return into.read_text().split()


def count(under: str, into: str) -> None:
    """Note the name of every operation on a line of a file."""
    handle = os.open(into, os.O_WRONLY | os.O_CREAT)
    operations.watch(lambda name, path, more: os.write(handle, f"{name}\n".encode()) and None, under)


def fail(under: str, number: int, kind: str) -> None:
    """Let one operation fail."""
    numbers = itertools.count()

    def watcher(operation: str, path: str, more: Any) -> None:
        if next(numbers) != number:
            return
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        code = getattr(errno, kind)
        raise OSError(code, os.strerror(code))

    operations.watch(watcher, under)
