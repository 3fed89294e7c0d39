"""How much memory a program takes at its peak, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

measured = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say what a process took")

# ru_maxrss would do, but on Linux a new process starts with the peak of the one that it was forked from.
REPORT = """
import re, sys
def peak():
    try:
        with open("/proc/self/status") as status:
            return int(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1]) * 1024
    except FileNotFoundError:
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS
"""


def output_with_peak(program: str, *arguments: object) -> list[str]:
    """The lines that the Python `program` prints; it may call peak(), the bytes that it has taken at most."""
    command = [sys.executable, "-c", REPORT + program, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
