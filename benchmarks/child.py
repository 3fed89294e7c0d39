"""One contender in a process of its own: trains an epoch for each line on stdin, the first one unasked.

    python -m benchmarks.child CONTENDER JOB ARRAYS

For each epoch it prints a line of JSON: the seconds of training, the validation accuracy after it and the
most memory that the process has taken so far, in bytes.
"""

import json
import re
import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

from benchmarks.job import Arrays, Contender, Job


def main(name: str, job_json: str, arrays_path: str) -> None:
    """Make the contender, and let it train as long as there are lines."""
    make = import_module(f"benchmarks.contenders.{name}").Contender
    contender: Contender = make(Job.from_json(job_json), Arrays.load(Path(arrays_path)))
    while True:
        start = perf_counter()
        contender.train()
        seconds = perf_counter() - start
        print(json.dumps([seconds, contender.accuracy(), peak()]), flush=True)
        if not sys.stdin.readline():
            return


def peak() -> int:
    """The bytes of memory that this process has taken at most.

    ru_maxrss would do, but on Linux a process starts with the peak of the one that started it.
    """
    try:
        found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) * 1024
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes, on macOS


if __name__ == "__main__":
    main(*sys.argv[1:])
