"""What a system lets a process have no more of. Each is for the process that calls it, for good."""

import ctypes
import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NO_LIMIT = 77  # the status that says that no limit holds here
NOBODY = 65_534
CAPABILITIES_3 = 0x20080522  # the version of what capget fills: of two words of 32 bits, three sets each
SECURE_BITS, KEPT = 28, 1 << 2  # prctl's PR_SET_SECUREBITS; SECBIT_NO_SETUID_FIXUP: rights outlive their user
BEYOND_LIMITS = 1 << 21 | 1 << 24  # CAP_SYS_ADMIN, CAP_SYS_RESOURCE


def no_more_threads() -> bool:
    """No thread and no process more. Whether the system obeys; root keeps its rights to files."""
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    if os.geteuid() == 0:
        system = ctypes.CDLL(None)
        header, sets = (ctypes.c_uint32 * 2)(CAPABILITIES_3), (ctypes.c_uint32 * 6)()
        try:
            system.prctl(SECURE_BITS, KEPT)
            os.setresuid(NOBODY, NOBODY, NOBODY)  # root himself has no such limit
            system.capget(header, sets)
            sets[0] &= ~BEYOND_LIMITS
            system.capset(header, sets)
        except (OSError, AttributeError):  # no right to do so; not Linux
            return False
    try:
        threading.Thread(target=int).start()
    except RuntimeError:
        return True
    return False


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Within the block, no file can be opened."""
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _main() -> None:
    """`python -m tests.limits ...` is `nnbp ...` in a process that can start no thread and no process."""
    if not no_more_threads():
        sys.exit(NO_LIMIT)
    from nnbp_cli.__main__ import main

    main()


if __name__ == "__main__":
    _main()
