"""Two downloads at once into one directory, one of which is killed at a random moment."""

import os
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import sleep
from unittest.mock import patch

from tests.mirror import Handler, mirror
from tests.tiny import CONTENT, fetch
from tests.torture.harness import Outcome

MAX_LIFE = 0.15  # seconds that a download is let live for, about as long as it takes
PATIENCE = 60  # seconds for one that is not killed


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Kill one of two downloads, so many times. No wrong file has a final name at any time, the other one
    ends well, and the next one leaves all files and nothing else.
    """
    outcome = Outcome(tries)
    # Its children are forked from a process that has loaded everything and does nothing.
    context = get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__])
    with patch.dict(os.environ, {"NO_PROXY": "127.0.0.1"}), mirror(CONTENT, _hesitant) as server:
        for number in range(tries):
            rng = Random(f"{seed} {number}")
            here = folder / str(number)
            processes = [context.Process(target=fetch, args=(here, server.url)) for _ in range(2)]
            for process in processes:
                process.start()
            sleep(rng.uniform(0, MAX_LIFE))
            processes[0].kill()
            what = f"seed {seed}, number {number}"
            for problem in _wrong(here):
                outcome.failures.append(f"{what}: after the kill: {problem}")
            for process in processes:
                process.join(PATIENCE)
            outcome.check(processes[1].exitcode == 0, f"{what}: the other ended with {processes[1].exitcode}")
            outcome.failures += [f"{what}: with the other: {problem}" for problem in _wrong(here)]
            fetch(here, server.url)
            left = {path.name: path.read_bytes() for path in (here / "tiny").iterdir()}
            outcome.check(left == CONTENT, f"{what}: left {sorted(left)}")
    return outcome


def _hesitant(handler: Handler, body: bytes) -> None:
    """In three parts, with a pause before each."""
    handler.head(200, Content_Length=str(len(body)))
    for k in range(3):
        handler.server.stopping.wait(0.003)
        handler.wfile.write(body[k * len(body) // 3 : (k + 1) * len(body) // 3])


def _wrong(here: Path) -> Iterator[str]:
    for name, content in CONTENT.items():
        path = here / "tiny" / name
        if path.exists() and path.read_bytes() != content:
            yield f"{name} is wrong"
