"""Calls of the system that fail, one at a time, in every command but `train`, which has harnesses of its own.

Two ways: `strace` lets the calls themselves fail, wherever in the program or in a library they are made; and
where there is no strace, or it may not trace, the operations of Python do (see `operations`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from nnbp_cli import cli
from tests.torture import environments
from tests.torture.environments import COMMANDS, arguments, furnish, surroundings, unreadable
from tests.torture.faults import KINDS
from tests.torture.harness import Outcome
from tests.torture.warm import Ended, Warm

LINES = (
    *(line for line in COMMANDS if "download" in line or any(each.startswith("FOLDER") for each in line)),
    ("train", "--resume", "left", "-q", "--set", "training.epochs=4"),
)
assert {line[0] for line in LINES} >= set(cli.COMMANDS) - {
    "init",
    "reproduce",
}  # which write what they are given

# The calls that are let fail, and how.
ERRORS = {
    "openat": ("EIO", "EACCES", "EMFILE", "ENFILE", "ENOSPC", "EINTR", "ENOMEM"),
    "read": ("EIO", "EINTR"),
    "write": ("EIO", "ENOSPC", "EDQUOT", "EFBIG", "EINTR"),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("EIO", "ENOSPC", "EACCES"),
    "mkdir": ("EIO", "ENOSPC", "EACCES"),
    "unlink": ("EIO", "EACCES"),
    "getdents64": ("EIO",),
    "newfstatat": ("EIO", "EACCES"),
    "lseek": ("EIO",),
    "flock": ("EIO", "ENOLCK"),
    "close": ("EIO",),
    "mmap": ("ENOMEM",),
    "clone3": ("EAGAIN",),
}
CALL = re.compile(r"^(\d+) +(\w+)\(")


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Let so many calls fail, drawn by `seed`, by turns in the one way and in the other."""
    outcome, rng = Outcome(), Random(seed)
    furnish(folder)
    with Warm() as warm:
        scene = _Scene(folder, warm)
        ways = (_patched, _traced) if _may_trace(folder) else (_patched,)
        for number in range(tries):
            ways[number % len(ways)](scene, rng, outcome)
    return outcome


class _Scene:
    """A folder with what commands read, and one after the other in which they write."""

    def __init__(self, folder: Path, warm: Warm) -> None:
        self.folder, self.warm = folder, warm
        self.left = folder / "left"
        shutil.copytree(folder / "run", self.left)
        self.before = self._contents()

    def fresh(self) -> Path:
        """The folder to write in, with a file that is not ours, and a run."""
        here = self.folder / "here"
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir()
        (here / "notes.npz").write_text("not ours")
        shutil.copytree(self.left, here / "left")
        return here

    def problems(self, line: tuple[str, ...], ended: Ended) -> Iterator[str]:
        """What is not as it should be, now that a line has ended."""
        if ended.status not in environments.STATUSES:
            yield f"status {ended.status}: {ended.err}"
        if any(word in ended.err for word in ("Traceback", "unexpected error", "Exception ignored")):
            yield f"said {ended.err!r}"
        lines = ended.err.count("\n")
        if ended.status in (1, 2) and lines != 1 and line[0] not in ("download", "predict", "runs"):
            yield f"status {ended.status}, and said {ended.err!r}"
        if (self.folder / "here" / "notes.npz").read_text() != "not ours" or self._contents() != self.before:
            yield "a file was changed that it only reads, or that is not its own"
        yield from unreadable(self.folder / "here")

    def _contents(self) -> dict[Path, bytes]:
        places = (self.folder, self.folder / "run", self.folder / "left")
        return {
            path: path.read_bytes() for place in places for path in place.glob("[!.]*.*") if path.is_file()
        }


# By strace


def _may_trace(folder: Path) -> bool:
    """Whether strace is here, and may let a call of another process fail."""
    if not shutil.which("strace"):
        return False
    command = ("strace", "-f", "-o", os.devnull, "-e", "inject=mkdir:error=EIO", "mkdir", folder / "not made")
    return bool(subprocess.run(command, capture_output=True, check=False).returncode)


def _traced(scene: _Scene, rng: Random, outcome: Outcome) -> None:
    line = rng.choice(LINES)
    calls = _calls(scene, line)
    call = rng.choice(sorted(calls))
    inject = f"inject={call}:error={rng.choice(ERRORS[call])}:when={rng.choice(calls[call])}"
    scene.fresh()
    log = scene.folder / ".trace"
    ended = _strace(scene, line, log, "-e", inject)
    # Another run may make other calls. What is read of a library is not the program's.
    failed = [each for each in log.read_text(errors="replace").splitlines() if "(INJECTED)" in each]
    outcome.tries += 1
    is_told = call == "mmap" and environments.OF_MEMORY in ended.err
    if failed and _is_ours(scene, failed[0]) and not is_told:
        for problem in scene.problems(line, ended):
            outcome.failures.append(
                f"strace -f -e {inject} nnbp {' '.join(line)}: {problem:.800}; {failed[0]:.200}"
            )


@cache
def _calls(scene: _Scene, line: tuple[str, ...]) -> dict[str, list[int]]:
    """By name, the numbers of the calls that may fail: for files of the scene; after the first of them, for
    memory and threads.
    """
    scene.fresh()
    log = scene.folder / ".trace"
    ended = _strace(scene, line, log)
    if ended.status != (line[0] == "download"):
        raise RuntimeError(f"{line}: {ended.err}")
    counts: Counter[str] = Counter()
    found: dict[str, list[int]] = {}
    begun, process = False, ""
    for each in log.read_text(errors="replace").splitlines():
        if not (match := CALL.match(each)):
            continue
        process = process or match[1]
        if match[1] != process:
            continue
        counts[match[2]] += 1
        begun = begun or (str(scene.folder) in _paths(each))
        if begun and _is_ours(scene, each):
            found.setdefault(match[2], []).append(counts[match[2]])
    return found


def _is_ours(scene: _Scene, call: str) -> bool:
    kinds = ("MAP_ANONYMOUS", "clone3(")
    return str(scene.folder) in _paths(call) or any(kind in call for kind in kinds)


def _paths(call: str) -> str:
    """A call without the current directory where the path is from the root."""
    return re.sub(r'AT_FDCWD<[^>]*>, "/', '"/', call)


def _strace(scene: _Scene, line: tuple[str, ...], log: Path, *more: str) -> Ended:
    """Run a line under strace, which writes its log."""
    command = (
        *("strace", "-f", "-y", "-o", str(log), "-e", f"trace={','.join(ERRORS)}", *more),
        *(sys.executable, "-P", "-m", "nnbp_cli", *arguments(line, scene.folder)),
    )
    said = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=scene.folder / "here",
        env=os.environ | surroundings(scene.folder),
        check=False,
        timeout=environments.LONGEST,
    )
    return Ended(said.returncode, said.stdout, said.stderr, 0)


# By Python


def _patched(scene: _Scene, rng: Random, outcome: Outcome) -> None:
    line = rng.choice(LINES)
    names = _operations(scene, line)
    number, kind = rng.choice(list(product(range(len(names)), (*KINDS[:-1], "EMFILE", "ENOMEM"))))
    ended = _start(scene, line, "tests.torture.faults:fail", str(scene.folder), number, kind)
    outcome.tries += 1
    for problem in scene.problems(line, ended):
        what = f"operation {number} ({names[number]}) fails with {kind}"
        outcome.failures.append(f"nnbp {' '.join(line)}: {what}: {problem:.800}")


@cache
def _operations(scene: _Scene, line: tuple[str, ...]) -> list[str]:
    """The names of all operations of a line on files of the scene."""
    into = scene.folder / ".counted"
    into.unlink(missing_ok=True)
    ended = _start(scene, line, "tests.torture.faults:count", str(scene.folder), str(into))
    if ended.status != (line[0] == "download"):
        raise RuntimeError(f"{line}: {ended.err}")
    return into.read_text().split()


def _start(scene: _Scene, line: tuple[str, ...], *step: Any) -> Ended:
    """Run a line in the folder to write in, after a step that watches its operations."""
    variables = json.dumps(surroundings(scene.folder))
    steps = [("tests.torture.system_calls:surround", variables), step]
    return scene.warm.start(scene.fresh(), arguments(line, scene.folder), steps).wait()


def surround(variables: str) -> None:
    """Let this process have these variables."""
    os.environ.update(json.loads(variables))
