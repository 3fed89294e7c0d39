"""kill -9 at any moment of a run, also of one taken up again: what is left can be read, and goes on."""

import signal
from pathlib import Path
from time import perf_counter, sleep

import numpy as np

from tests.torture.harness import Outcome
from tests.torture.scene import OFTEN, scene


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Kill so many times; a run is killed up to three times, and then goes on to its end."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    with scene(folder) as here:
        longest = here.begin(folder / "timed" / "run", OFTEN).wait().seconds
        while outcome.tries < tries:
            run = folder / str(outcome.tries) / "run"
            for _ in range(rng.integers(1, 4)):
                process = here.resume(run, OFTEN)
                delay = rng.uniform(0, longest)
                sleep(max(0, process.began + delay - perf_counter()))
                process.send(signal.SIGKILL)
                ended = process.wait()
                outcome.tries += 1
                again = f"kill {outcome.tries}, {1e3 * delay:.1f} ms after the start, seed {seed}"
                if ended.status != 128 + signal.SIGKILL:  # it was faster
                    break
                if run.exists():
                    wrong = here.unreadable(run)
                    outcome.check(not wrong, f"{again}: {'; '.join(wrong)}")
            wrong = here.finish(run)
            outcome.check(not wrong, f"{again}: then {'; '.join(wrong)}")
    return outcome
