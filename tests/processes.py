"""Processes that a test starts, and that do not outlive it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def started(*command: object, stdin: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own, what it says in pipes; all of it is killed when the block ends."""
    line = [str(each) for each in command]
    with subprocess.Popen(
        line, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
