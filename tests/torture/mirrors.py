"""Downloads from mirrors that fail, each in its own way, with little time or with enough."""

import os
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from time import monotonic
from unittest.mock import patch

from nnbp_cli.datasets.transfer import Timeouts
from nnbp_cli.errors import NnbpError
from tests.faulty_mirrors import FAULTS, without_dns
from tests.mirror import mirror
from tests.peak_memory import peak
from tests.tiny import CONTENT, HASTE, fetch
from tests.torture.harness import Outcome

AT_ONCE = 8  # they wait most of the time
MAX_LINE = 300  # characters in a line
ENOUGH = 60.0  # seconds for a download, however slow the machine
MAX_MEMORY = 200 * 2**20  # bytes, for all of them, on either side


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Download so many times, from one to three faulty mirrors, with a good one behind them or without.

    The files are right, or an error names every mirror that was asked with its reason, by the deadline; at
    no time is there a wrong file; and what nobody wants is not read into memory.
    """
    outcome = Outcome(tries)
    before = peak()
    found = without_dns(socket.getaddrinfo)
    with (
        patch.dict(os.environ, {"NO_PROXY": "127.0.0.1"}),
        patch.object(socket, "getaddrinfo", found),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        tried = list(pool.map(partial(_try, seed, folder), range(tries)))
        for number, (wrong, slow) in enumerate(tried):
            outcome.failures += wrong
            if slow:  # a mirror, or this machine? Once more, with nothing beside it
                outcome.failures += chain.from_iterable(_try(seed, folder / "alone", number))
    if (taken := peak() - before) > MAX_MEMORY:
        outcome.failures.append(f"seed {seed}: {taken:,} bytes of memory")
    return outcome


def _try(seed: int, folder: Path, number: int) -> tuple[list[str], list[str]]:
    """What went wrong, and what took too long for somebody."""
    rng = Random(f"{seed} {number}")
    kinds = [FAULTS[number % len(FAULTS)], *rng.choices(FAULTS, k=rng.choice((0, 0, 1, 2)))]
    good, total = rng.random() < 0.5, rng.choice((rng.uniform(0.1, 1.5), ENOUGH))
    what = f"seed {seed}, number {number}: {', '.join(map(str, kinds))}"
    here = folder / str(number)
    with ExitStack() as servers:
        mirrors = [servers.enter_context(kind.at(CONTENT)) for kind in kinds]
        if good:
            mirrors.append(servers.enter_context(mirror(CONTENT)).url)
        # A part of the files may be there already; the first mirror is asked for the others.
        for name in rng.sample(list(CONTENT), rng.choice((0, 0, 1, 3))):
            (here / "tiny").mkdir(parents=True, exist_ok=True)
            (here / "tiny" / name).write_bytes(rng.choice((CONTENT[name], CONTENT[name][:-1])))
        start = monotonic()
        try:
            # Where there is little time, nothing else ends a try: no single mirror is left early.
            fetch(here, *mirrors, timeouts=replace(HASTE if total == ENOUGH else Timeouts(), total=total))
            said = None
        except NnbpError as error:
            said = str(error)
        except Exception as error:
            return [f"{what}: {type(error).__name__}: {error}"], []
        seconds = monotonic() - start
    harmless = good or any(kind.said is None for kind in kinds)
    slow = [f"{what}: {seconds - total:.1f} s late"] if seconds - total > 1 else []
    if said and harmless and total == ENOUGH:
        slow.append(f"{what}: failed: {said}")
    return [f"{what}: {problem}" for problem in _problems(here, mirrors, said)], slow


def _problems(here: Path, mirrors: list[str], said: str | None) -> Iterator[str]:
    found = {path.name: path.read_bytes() for path in (here / "tiny").glob("*")}
    if said is None:
        if found != CONTENT:
            yield "not all files are there and right"
        return
    first, *reasons, last = said.split("\n")
    if not re.fullmatch(r".*: no mirror gave '\S+'; try again later, or run '.*'", first):
        yield f"said {first!r}"
    if "  by hand: " not in last:
        yield f"said {last!r} at last"
    for url in mirrors:
        about = [reason for reason in reasons if reason.startswith(f"  {url.rstrip('/')}/")]
        if len(about) != mirrors.count(url):
            yield f"said {about} of {url}"
    for reason in reasons:
        if not reason.isprintable() or len(reason) > MAX_LINE or "object at 0x" in reason:
            yield f"said {reason!r}"
    for name, content in found.items():
        if content != CONTENT.get(name) and content != CONTENT.get(name, b"")[:-1]:
            yield f"left {name}, which is wrong"
