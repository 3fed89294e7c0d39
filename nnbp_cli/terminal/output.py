"""What is said while work goes on, on stderr above any progress bar, and on stdout when it is done."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any, TextIO

import click
from tqdm import tqdm

from nnbp_cli.errors import printable
from nnbp_cli.system import files, json_text, signals

# tqdm's own lock is made when it is first needed, and an interrupt at that moment would break it.
tqdm.set_lock(RLock())
# No thread of its own, which it starts for bars that are seldom updated; where it cannot, it warns.
tqdm.monitor_interval = 0


def log(message: str) -> None:
    """Print a line on stderr, names in it escaped. That nobody reads it any more is no reason to stop."""
    try:
        tqdm.write(printable(message), file=sys.stderr)
    except OSError:
        _let_go(sys.stderr)


def print_result(*lines: str) -> None:
    """Print lines on stdout, names in them escaped. That nobody reads them any more is no failure."""
    try:
        for line in lines:
            click.echo(printable(line))
    except BrokenPipeError:
        _let_go(sys.stdout)


def print_json(value: Any) -> None:
    """Print a result as one line of JSON on stdout."""
    print_result(json_text.dumps(value))


def wrote(path: Path, *lines: str) -> None:
    """Print the lines of a command that has written all there was to write, to `path`: no signal changes its
    status any more.
    """
    signals.complete()
    for line in lines:
        printer(path)(line)


def printer(path: Path) -> Callable[[str], None]:
    """What prints the results of a command that writes to `path`: `print_result`, but `log` where that is
    stdout, which then has the file and nothing else.
    """
    return log if files.is_stdout(path) else print_result


def shows(stream: TextIO, characters: str) -> bool:
    """Whether `characters` can be written to `stream` at all, by its encoding."""
    try:
        characters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _let_go(stream: TextIO) -> None:
    """Let what is still written to a stream go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
