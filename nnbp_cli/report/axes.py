"""Axes of a chart: which pixel a value is at, and the round numbers that are written beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count, takewhile
from math import ceil, floor, log10


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` along the pixels from `start` to `end`, with `ticks` at round ones."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (log10(v) if self.logarithmic else v for v in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def linear(values: Iterable[float], start: float, end: float, *, about: int = 5, whole: bool = False) -> Axis:
    """An axis from round number to round number around `values`, with about so many steps; `whole` keeps
    them whole, and ends the axis where the values do.
    """
    low, high = _range(values)
    step = _round_step((high - low) / about)
    if whole:
        step = max(1.0, step)
    first, last = (ceil(low / step), floor(high / step)) if whole else (floor(low / step), ceil(high / step))
    ticks = tuple(float(f"{k * step:.12g}") for k in range(first, last + 1))
    return Axis(*((low, high) if whole else (ticks[0], ticks[-1])), start, end, ticks)


def logarithmic(values: Iterable[float], start: float, end: float) -> Axis:
    """An axis on which a step is a factor, for values > 0; its ticks are powers of ten, or with few of these
    also twice and five times as much.
    """
    low, high = _range(map(log10, values))
    powers = range(floor(low), ceil(high) + 1)
    factors = (1, 2, 5) if high - low < 2 else (1,)
    marks = [factor * 10.0**power for power in powers for factor in factors]
    below = [mark for mark in marks if mark <= 10**low * 1.000001]
    above = takewhile(lambda mark: mark < 10**high * 0.999999, marks[len(below) :])
    inside = [*below[-1:], *above]
    ticks = [*inside, *marks[len(below[:-1]) + len(inside) :][:1]]
    every = ceil(len(ticks) / 6)
    return Axis(ticks[0], ticks[-1], start, end, tuple(ticks[::every]), logarithmic=True)


def _range(values: Iterable[float]) -> tuple[float, float]:
    """The lowest and the highest of `values`, with room between them."""
    values = list(values)
    low, high = min(values), max(values)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        margin = abs(low) / 10 or 1.0
        return low - margin, high + margin
    return low, high


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is at least `least`."""
    power = floor(log10(least))
    steps = chain.from_iterable((10.0**k, 2 * 10.0**k, 5 * 10.0**k) for k in count(power))
    return next(step for step in steps if step >= least * 0.999999)
