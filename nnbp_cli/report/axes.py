"""Axes of a chart: which pixel a value is at, and the round numbers that are written beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from math import ceil, floor, log10

STEPS = 5  # from tick to tick, about so many


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


def linear(values: Iterable[float], start: float, end: float) -> Axis:
    """An axis from round number to round number around `values`."""
    low, high = _range(values)
    step = _round_step((high - low) / STEPS)
    ticks = tuple(float(f"{k * step:.12g}") for k in range(floor(low / step), ceil(high / step) + 1))
    return Axis(ticks[0], ticks[-1], start, end, ticks)


def integer(values: Iterable[float], start: float, end: float) -> Axis:
    """An axis from the lowest to the highest of `values`, with whole numbers at its ticks, as for epochs."""
    low, high = _range(values)
    step = max(1.0, _round_step((high - low) / STEPS))
    ticks = [k * step for k in range(ceil(low / step), floor(high / step) + 1)]
    if ticks[0] - low > step / 2:
        ticks.insert(0, ceil(low))
    return Axis(low, high, start, end, tuple(ticks))


def logarithmic(values: Iterable[float], start: float, end: float) -> Axis:
    """An axis on which a step is a factor, for values > 0: from round number to round number, with ticks at
    the powers of ten, or where they are few also at twice and five times as much.
    """
    low, high = (10**power for power in _range(map(log10, values)))
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    rounds = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    first = max(number for number in rounds if number <= low * 1.000001)
    last = min(number for number in rounds if number >= high * 0.999999)
    step = 1 if last / first <= 100 else 3 * ceil(len(powers) / 8)
    ticks = tuple(number for number in rounds[::step] if first <= number <= last)
    return Axis(first, last, start, end, ticks, logarithmic=True)


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
