"""`python -m tests.torture`: every harness at length, and a table of what came out of it."""

import signal
import tempfile
from pathlib import Path
from time import perf_counter

import click

from tests.torture.harness import Harness
from tests.torture.harnesses import HARNESSES


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seed", default=0, show_default=True, help="Of everything that is drawn at random.")
@click.option("--short", is_flag=True, help="As few tries as the test suite makes.")
def main(names: tuple[str, ...], seed: int, short: bool) -> None:
    """Try to break what the program promises, and print what held. NAMES choose among the harnesses.

    The table goes to stdout as Markdown, each failure to stderr with what it takes to see it again.
    """
    # What a script starts in the background ignores Ctrl-C, and so would every process that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    known = {harness.name: harness for harness in HARNESSES}
    if unknown := [name for name in names if name not in known]:
        raise click.UsageError(f"no harness {unknown[0]!r}; there are {', '.join(known)}")
    print("| what | promise | tries | failures | seconds |\n|---|---|---|---|---|", flush=True)
    failures = sum(_row(known[name], seed, short) for name in names or known)
    if failures:
        raise SystemExit(1)


def _row(harness: Harness, seed: int, short: bool) -> int:
    clock = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = harness.run(harness.short if short else harness.long, seed, Path(folder))
    for failure in outcome.failures:
        click.echo(f"{harness.name}: {failure}", err=True)
    counts = f"{outcome.tries:,} | {len(outcome.failures)} | {perf_counter() - clock:.0f}"
    print(f"| {harness.name} | {harness.promise} | {counts} |", flush=True)
    return len(outcome.failures)


if __name__ == "__main__":
    main()
