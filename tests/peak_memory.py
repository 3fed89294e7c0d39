"""How much memory a program takes at its peak, in a process of its own."""

import inspect
import subprocess
import sys

import pytest

measured = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say what a process took")


def peak() -> int:
    """The bytes that this process has taken at most."""
    # ru_maxrss would do, but on Linux a new process starts with the peak of the one that it was forked from.
    try:
        with open("/proc/self/status") as status:  # noqa: PTH123
            return int(status.read().partition("VmHWM:")[2].split()[0]) * 1024
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS


def output_with_peak(program: str, *arguments: object) -> list[str]:
    """The lines that the Python `program` prints; it may call peak(), the bytes that it has taken at most."""
    command = [sys.executable, "-c", f"import sys\n{inspect.getsource(peak)}{program}", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
