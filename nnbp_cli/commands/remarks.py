"""What is said on stderr while work goes on, above a progress bar where there is one."""

from __future__ import annotations

import os
import sys
from threading import RLock

from tqdm import tqdm

# tqdm's own lock is made when it is first needed, and an interrupt at that moment would break it.
tqdm.set_lock(RLock())


def remark(message: str) -> None:
    """Print a line on stderr. That nobody reads it any more is no reason to stop working."""
    try:
        tqdm.write(message, file=sys.stderr)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
