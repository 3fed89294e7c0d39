"""Every file operation of a run fails once, in each of five ways: the run ends in good order, with one line,
and goes on to the same end.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.torture import operations
from tests.torture.harness import Outcome
from tests.torture.scene import SOMETIMES, Scene, scene
from tests.torture.warm import Ended, Step

KINDS = ("ENOSPC", "EIO", "EINTR", "EACCES", "killed")


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Try so many of the faults there can be, or all where there are fewer, in an order drawn from `seed`."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with scene(folder) as here:
        count: Step = ("tests.torture.faults:count", str(folder), str(folder / "counted"))
        if (ended := _begun(here, folder / "sound" / "run", count)).status:
            raise RuntimeError(ended.err)
        names = (folder / "counted").read_text().split()
        possible = [(number, kind) for number in range(len(names)) for kind in KINDS]
        for k in rng.permutation(len(possible))[:tries]:
            number, kind = possible[k]
            again = f"operation {number} ({names[number]}), {kind}"
            run = folder / f"{number}-{kind}" / "run"
            ended = _begun(here, run, ("tests.torture.faults:fail", str(folder), number, kind))
            outcome.tries += 1
            good = (0, 137) if kind == "killed" else (0, 1, 2)  # 2: a config that cannot be read
            outcome.check(ended.status in good, f"{again}: status {ended.status}: {ended.err}")
            lines = ended.err.count("\n")
            outcome.check(lines == (ended.status in (1, 2)), f"{again}: not one line: {ended.err}")
            outcome.check("unexpected" not in ended.err, f"{again}: {ended.err}")
            wrong = [*(here.unreadable(run) if run.exists() else []), *here.finish(run)]
            outcome.check(not wrong, f"{again}: then {'; '.join(wrong)}")
    return outcome


def _begun(here: Scene, run: Path, *before: Step) -> Ended:
    return here.begin(run, SOMETIMES, *before).wait()


def count(under: str, into: str) -> None:
    """Note the name of every operation on a line of a file."""
    handle = os.open(into, os.O_WRONLY | os.O_CREAT)
    operations.watch(lambda name, path, more: os.write(handle, f"{name}\n".encode()) and None, under)


def fail(under: str, number: int, kind: str) -> None:
    """Let one operation fail."""
    operations.watch(_nth(number, lambda: _fail(kind)), under)


def _nth(number: int, act: Callable[[], Any]) -> operations.Watcher:
    seen = -1

    def watcher(operation: str, path: str, more: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            act()

    return watcher


def _fail(kind: str) -> None:
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    code = getattr(errno, kind)
    raise OSError(code, os.strerror(code))
