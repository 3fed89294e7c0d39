"""Four processes on one study, of which one is killed at a random moment."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from nnbp_cli.errors import NnbpError
from nnbp_cli.runs import summary
from tests.command_line import nnbp
from tests.processes import started
from tests.small_run import results
from tests.torture.harness import Outcome
from tests.torture.scene import write_config

PROCESSES = 4
TRIALS = 12
LINES = 250  # that their journal has in the end, about
SECONDS = 120  # that all of it may take
SEARCH = f"""
[search]
trials = {TRIALS}
[search.parameters]
"training.learning_rate" = {{ min = 0.001, max = 1.0, scale = "log" }}
"network.layers.0.neurons" = {{ min = 4, max = 20 }}
"""


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Kill one of the processes, so many times over: the others end with every trial, each of them once."""
    outcome, rng = Outcome(), np.random.default_rng(seed)
    config = write_config(folder)
    config.write_text(config.read_text() + SEARCH)
    while outcome.tries < tries:
        outcome.tries += 1
        study = folder / str(outcome.tries) / "study.journal"
        lines, later = int(rng.integers(LINES)), rng.uniform(0, 0.02)
        line = (sys.executable, "-m", "nnbp_cli", "search", config, "--study", study)
        with ExitStack() as stack:
            more = ("--set", "training.epochs=16", "--json", "-q")
            processes = [stack.enter_context(started(*line, *more)) for _ in range(PROCESSES)]
            while not _has(study, lines) and any(process.poll() is None for process in processes):
                time.sleep(0.002)
            time.sleep(later)
            processes.pop(rng.integers(PROCESSES)).kill()
            said = [process.communicate(timeout=SECONDS) for process in processes]
        again = f"try {outcome.tries}, one killed after {lines} lines and {later:.3f} s, seed {seed}"
        for process, (_, err) in zip(processes, said):
            outcome.check((process.returncode, err) == (0, ""), f"{again}: {process.returncode}: {err}")
        found = [json.loads(out) for out, _ in said if out]
        outcome.check(found[:-1] == found[1:], f"{again}: the processes do not say the same")
        for problem in _problems(study, found[0]) if found else ():
            outcome.failures.append(f"{again}: {problem}")
    return outcome


def _has(study: Path, lines: int) -> bool:
    return study.exists() and study.read_bytes().count(b"\n") >= lines


def _problems(study: Path, found: dict[str, Any]) -> Iterator[str]:
    """What is not as it should be, when a search has ended."""
    trials = {trial["number"]: trial for trial in found["trials"]}
    if (
        len(trials) != len(found["trials"])
        or found["counts"]["complete"] + found["counts"]["pruned"] != TRIALS
    ):
        yield f"not {TRIALS} trials: {found['trials']}"
    if found["counts"]["taken over"] > 1 or found["tested"] != 1:
        yield f"{found['counts']}, {found['tested']} scored on the test images"
    if {path.name for path in study.parent.glob("trial-*")} != {f"trial-{number:04}" for number in trials}:
        yield "other runs than trials"
    ended = Counter(
        operation["trial_id"]
        for operation in map(json.loads, study.read_text().splitlines())
        if "ended" in operation.get("user_attr", {})
    )
    if sorted(ended.values()) != [1] * TRIALS:
        yield f"told of ends: {ended}"
    for number, trial in trials.items():
        path = study.parent / f"trial-{number:04}"
        try:
            run = summary.read(path)
        except NnbpError as error:
            yield str(error)
            continue
        state = "pruned" if run.stopped_by == "pruning" else "complete" if run.finished else "left"
        if (run.epochs, state) != (trial["epochs"], trial["state"]):
            yield f"the run {run.epochs, state}, the trial {trial}"
        if trial["taken_over"] and state == "complete":
            nnbp("train", path / "config.toml", "--out", path / "again", "--weights", path / "w.npz", "-q")
            if results(path)["state"] != results(path / "again")["state"]:
                yield f"trial {number} was taken over, and ended with other bits"
