"""kill -9 at any moment of a reproduction: no process of it lives on, and the same command goes on at once to
the same bits.
"""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from tests.processes import started
from tests.small_run import results
from tests.torture.harness import Outcome
from tests.torture.scene import write_config

SOON = 5  # seconds
EPOCHS = 400  # of a run, which take a second or two
MANY = 250  # of them nobody has time for who ends at once, however busy the machine

# Three runs of a small network, two at a time.
PROGRAM = """
from pathlib import Path
from nnbp_cli import config
from nnbp_cli.__main__ import main
from nnbp_cli.reproduction import experiments
from nnbp_cli.reproduction import reproduce as whole
from nnbp_cli.reproduction.experiments import Experiment

if __name__ == "__main__":
    small = Path({config!r})
    whole.DATA = config.load(small).data
    experiments.load = lambda: [Experiment("small", "", small, ("training.epochs={epochs}",), ())]
    main()
"""


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Kill so many times; a reproduction is killed up to three times, and then goes on to its end."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    (folder / "program.py").write_text(PROGRAM.format(config=str(write_config(folder)), epochs=EPOCHS))
    began = perf_counter()
    said = _ended(folder, "whole")
    longest = perf_counter() - began
    if said:
        raise RuntimeError(said)
    whole = _results(folder / "whole")
    while outcome.tries < tries:
        runs = f"runs-{outcome.tries}"
        for _ in range(rng.integers(1, 4)):
            delay = rng.uniform(0, longest)
            outcome.tries += 1
            again = f"kill {outcome.tries}, {delay:.2f} s after the start, seed {seed}"
            with _reproducing(folder, runs) as process:
                sleep(delay)
                process.kill()
                before = _epochs(folder / runs)
                try:  # to the end of the streams, which every process of it holds open
                    process.communicate(timeout=SOON)
                except subprocess.TimeoutExpired:
                    outcome.check(False, f"{again}: a process lives on after {SOON} seconds")
            more = [
                f"{name} {n - before.get(name, 0)}"
                for name, n in _epochs(folder / runs).items()
                if n - before.get(name, 0) > MANY
            ]
            outcome.check(not more, f"{again}: trained on, by so many epochs: {', '.join(more)}")
        said = _ended(folder, runs)
        outcome.check(not said, f"{again}: then {said}")
        other = [name for name, result in whole.items() if _results(folder / runs).get(name) != result]
        outcome.check(not other, f"{again}: then other {', '.join(other)}")
    return outcome


def _reproducing(folder: Path, runs: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """A reproduction of three runs into a folder, two at a time."""
    line = ("reproduce", "-q", "--jobs", 2, "--seeds", 3, "--runs", folder / runs)
    return started(sys.executable, "-W", "ignore", folder / "program.py", *line)


def _ended(folder: Path, runs: str) -> str:
    """What a reproduction says that is not killed, where it does not end well."""
    with _reproducing(folder, runs) as process:
        _, said = process.communicate()
        return f"{process.returncode}: {said}" if process.returncode else ""


def _epochs(runs: Path) -> dict[str, int]:
    """How many lines there are in the log of each run."""
    return {path.parent.name: path.read_text().count("\n") for path in runs.glob("*/log.csv")}


def _results(runs: Path) -> dict[str, Any]:
    return {path.name: results(path) for path in runs.iterdir()}
