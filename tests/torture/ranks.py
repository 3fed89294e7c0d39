"""SIGINT, SIGTERM and SIGKILL of any of the processes that learn one network together, at any moment: nothing
of them is left, all files can be read, and the run goes on to the same bits.
"""

import os
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from nnbp_cli.runs.directory import RunDirectory
from tests.by_the_clock import until
from tests.processes import started
from tests.ranks import MPIRUN, ranks_of, together
from tests.small_run import results
from tests.torture.harness import Outcome
from tests.torture.scene import EPOCHS, SETTINGS, Scene, write_config

SOON = 5  # seconds

# As it is with `OFTEN`: a run may be left after each batch, and is saved there.
PROGRAM = """
import _signal
_signal.signal(_signal.SIGINT, _signal.SIG_DFL)
from tests.torture.scene import save_every
save_every(1)
from nnbp_cli.__main__ import main
main()
"""


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Send so many signals, to one process of two or three, or through mpirun to all."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    config = write_config(folder)
    (folder / "program.py").write_text(PROGRAM)

    def line(ranks: int, run: Path) -> list[object]:
        begin = ["--config", config, "--out", run, *(part for each in SETTINGS for part in ("--set", each))]
        how = ["--resume", run] if RunDirectory(run).begun else begin
        weights = ("--weights", run.parent / "weights.npz")
        return [
            MPIRUN,
            "-n",
            ranks,
            sys.executable,
            folder / "program.py",
            "train",
            "--mpi",
            "-q",
            *how,
            *weights,
        ]

    def finish(ranks: int, run: Path) -> str:
        """Go on with a run to its end; what is said where that fails."""
        with started(*line(ranks, run)) as process:
            _, err = process.communicate()
        return f"{process.returncode}: {err}" if process.returncode else ""

    @cache
    def whole(ranks: int) -> tuple[dict[str, Any], float]:
        """What an undisturbed run leaves, and the seconds that it takes."""
        began, run = perf_counter(), folder / f"whole-{ranks}" / "run"
        run.parent.mkdir()
        if said := finish(ranks, run):
            raise RuntimeError(said)
        return results(run), perf_counter() - began

    for k in range(tries):
        ranks = int(rng.integers(2, 4))
        undisturbed, seconds = whole(ranks)
        victim, delay = int(rng.integers(-1, ranks)), rng.uniform(0, 1.1 * seconds)
        name = ("SIGINT", "SIGTERM", "SIGKILL")[rng.integers(3 if victim >= 0 else 2)]
        outcome.tries += 1
        whom = "mpirun" if victim < 0 else f"rank {victim} of {ranks}"
        again = f"try {k}, {name} to {whom} {delay:.2f} s after the start, seed {seed}"
        run = folder / str(k) / "run"
        run.parent.mkdir()
        with together(run, *line(ranks, run)) as process:
            sleep(delay)
            pid = process.pid if victim < 0 else ranks_of(run).get(victim)
            if pid and process.poll() is None:
                os.kill(pid, getattr(signal, name))
            try:
                _, err = process.communicate(timeout=SOON if pid else None)
            except subprocess.TimeoutExpired:
                outcome.check(False, f"{again}: mpirun goes on after {SOON} seconds")
                continue
        outcome.check(until(lambda: not ranks_of(run), SOON), f"{again}: processes are left")  # noqa: B023
        outcome.check("Traceback" not in err, f"{again}: {err}")
        if run.exists():
            wrong = Scene.unreadable(run)
            outcome.check(not wrong, f"{again}: {'; '.join(wrong)}")
        if not RunDirectory(run).finished_after(EPOCHS):
            said = finish(ranks, run)
            outcome.check(not said, f"{again}: then {said}")
        other = [name for name, result in results(run).items() if result != undisturbed[name]]
        outcome.check(not other, f"{again}: then other {', '.join(other)}")
    return outcome
