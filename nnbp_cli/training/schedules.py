"""Schedules: the learning rate over time, as a factor of the config's rate.

A schedule is a pure function of how far the run is, so a run that is resumed goes on as if it had never
stopped. Warm-up comes first where there is any; what follows is stretched over the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda rest: 1.0,
    "linear": lambda rest: 1 - rest,
    "cosine": lambda rest: (1 + cos(pi * rest)) / 2,
}


def factor(schedule: str, warmup: float, progress: float) -> float:
    """What to multiply the learning rate with at `progress`, 0 to 1; the first `warmup` of it warms up."""
    if progress < warmup:
        return progress / warmup
    return SCHEDULES[schedule]((progress - warmup) / (1 - warmup))
