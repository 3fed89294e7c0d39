"""SIGINT and SIGTERM at any moment, from the first of the program to its last, alone or followed by another:
a status that says so, no traceback, within two seconds, and the run goes on to the same end.
"""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from subprocess import PIPE
from time import perf_counter, sleep

import numpy as np

from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.system.signals import EXIT_STATUS
from tests.torture.harness import Outcome
from tests.torture.scene import EPOCHS, OFTEN, Scene, scene
from tests.torture.warm import ROOT, Ended

SOON = 2  # seconds
COLD = 4  # every so many tries a process is started from nothing
TWICE = 3  # every so many there is a second signal

# Says when Python is up and the program begins; what is before that, no program can do anything about.
PROGRAM = "import os; from nnbp_cli.__main__ import main; os.write(1, b'begins\\n'); main()"


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Send so many signals, one to a run; a quarter while the program is starting, a quarter near its end."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with scene(folder) as here:
        usual = min(here.begin(folder / f"timed{k}" / "run", OFTEN).wait().seconds for k in range(3))
        for k in range(tries):
            outcome.tries += 1
            name = ("SIGINT", "SIGTERM")[rng.integers(2)]
            second = rng.uniform(0, 0.02) if k % TWICE == 0 else None
            if k % COLD == 0:
                delay = rng.uniform(0, 0.6)
                stop = partial(_cold, here, name=name, delay=delay)
            else:
                delay = usual * (rng.uniform(0.8, 1.1) if k % COLD == 1 else rng.uniform(0, 1.1))
                stop = partial(_warm, here, name=name, delay=delay, second=second)
            run = folder / str(k) / "run"
            ended = stop(run)
            if ended.seconds > SOON:  # the machine may have been held up: once more
                run = folder / f"{k}-again" / "run"
                ended = stop(run)
            again = f"try {k}, {name} {1e3 * delay:.1f} ms after the start, seed {seed}"
            finished = RunDirectory(run).finished_after(EPOCHS)
            good = {0} if finished else {EXIT_STATUS[name]}
            if second is not None:  # which ends it at once, even when it has just finished
                good |= {EXIT_STATUS[name]}
            outcome.check(ended.status in good, f"{again}: status {ended.status}: {ended.err}")
            outcome.check(ended.err in ("", "interrupted\n"), f"{again}: {ended.err}")
            outcome.check(ended.seconds < SOON, f"{again}: after {ended.seconds:.1f} seconds")
            in_order = second is None and (run / "summary.json").exists() and not finished
            if in_order and not ended.err:
                way = f"go on: nnbp train --resume {run}"
                outcome.check(way in ended.out, f"{again}: no way to go on is shown")
            wrong = [*(here.unreadable(run) if run.exists() else []), *here.finish(run)]
            outcome.check(not wrong, f"{again}: then {'; '.join(wrong)}")
    return outcome


def _warm(here: Scene, run: Path, name: str, delay: float, second: float | None) -> Ended:
    process = here.begin(run, OFTEN)
    sleep(max(0, process.began + delay - perf_counter()))
    sent = perf_counter()
    process.send(getattr(signal, name))
    if second is not None:
        sleep(second)
        process.send(getattr(signal, name))
    ended = process.wait()
    return Ended(ended.status, ended.out, ended.err, perf_counter() - sent)


def _cold(here: Scene, run: Path, name: str, delay: float) -> Ended:
    run.parent.mkdir()
    command = [sys.executable, "-c", PROGRAM, *here.beginning(run)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=run.parent, stdout=PIPE, stderr=PIPE, text=True, env=environment)
    assert process.stdout
    process.stdout.readline()
    sleep(delay)
    sent = perf_counter()
    process.send_signal(getattr(signal, name))
    out, err = process.communicate()
    status = process.returncode
    return Ended(128 - status if status < 0 else status, out, err, perf_counter() - sent)
