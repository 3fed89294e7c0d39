"""What is said while work goes on, on stderr above any progress bar, and on stdout when it is done."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import TextIO

import click
from tqdm import tqdm

from nnbp_cli.errors import printable
from nnbp_cli.system import files, signals

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


def print_result(line: str) -> None:
    """Print a line on stdout, names in it escaped. That nobody reads it any more changes nothing about how
    the work went.
    """
    try:
        click.echo(printable(line))
    except BrokenPipeError:
        _let_go(sys.stdout)


def wrote(path: Path, *lines: str) -> None:
    """Print the lines of a command that has written all there was to write, to `path`: no signal changes its
    status any more. Where that was stdout, they go to stderr.
    """
    signals.complete()
    for line in lines:
        teller(path)(line)


def teller(path: Path | None) -> Callable[[str], None]:
    """Who prints the results of a command that writes to `path`: `answer`, but `remark` where that is stdout,
    which then has the file and nothing else.
    """
    return log if path and files.is_stdout(path) else print_result


def _let_go(stream: TextIO) -> None:
    """Let what is still written to a stream go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
