"""What this machine has to work with."""

import os
from math import inf
from threading import Event, Thread


def total_memory() -> float:
    """The bytes of memory of this machine; infinite where the system does not say (Windows)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return inf


def usable_cpus() -> list[int]:
    """The numbers of the cores that this process may use."""
    try:
        return list(os.sched_getaffinity(0))
    except AttributeError:  # only Linux knows
        return list(range(os.cpu_count() or 1))


def available_cpus() -> int:
    """How many cores this process may use."""
    return len(usable_cpus())


def can_start(threads: int) -> bool:
    """Whether this process can have so many threads more."""
    done = Event()
    started = []
    try:
        for _ in range(threads):
            thread = Thread(target=done.wait, daemon=True)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        done.set()
        for thread in started:
            thread.join()
    return True
