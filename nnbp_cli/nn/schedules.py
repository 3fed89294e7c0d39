"""Schedules: the learning rate over a run, as a factor of the rate that it begins with.

A schedule is a pure function of how far the run is, so a run that is taken up again goes on as if it had
never stopped. At e epochs after the warm-up, of E that are left for them:

    constant      1
    linear        1 - e/E
    cosine        (1 + cos(pi e/E)) / 2            Loshchilov and Hutter, 2017 (arXiv:1608.03983)
    step          decay^floor(e / step_epochs)
    exponential   decay^e
    halving       1/2 for each time the monitored score did not improve; the book's chapter 3
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, floor, pi
from typing import Protocol


class Schedule(Protocol):
    """What becomes of the learning rate after the warm-up."""

    def factor(self, e: float, E: float, halvings: int) -> float:
        """The factor after e of E epochs, where there was no improvement so many times."""


@dataclass(frozen=True)
class _Fixed:
    """One without numbers of its own: a function of e and E."""

    at: Callable[[float, float], float]

    def factor(self, e: float, E: float, halvings: int) -> float:
        return self.at(e, E)


@dataclass(frozen=True)
class _Step:
    decay: float = 0.1
    step_epochs: int = 10

    def factor(self, e: float, E: float, halvings: int) -> float:
        return float(self.decay ** floor(e / self.step_epochs))


@dataclass(frozen=True)
class _Exponential:
    decay: float = 0.95

    def factor(self, e: float, E: float, halvings: int) -> float:
        return float(self.decay**e)


@dataclass(frozen=True)
class _Halving:
    halve_after: int = 10  # epochs without improvement

    def factor(self, e: float, E: float, halvings: int) -> float:
        return 0.5**halvings


# By the name that a config has for it, each with its usual numbers.
SCHEDULES: Mapping[str, Schedule] = {
    "constant": _Fixed(lambda e, E: 1.0),
    "linear": _Fixed(lambda e, E: 1 - e / E),
    "cosine": _Fixed(lambda e, E: (1 + cos(pi * e / E)) / 2),
    "step": _Step(),
    "exponential": _Exponential(),
    "halving": _Halving(),
}


@dataclass(frozen=True)
class LearningRate:
    """The learning rate of `epochs`: it rises from zero to `peak` in a straight line over the share `warmup`
    of them, and then follows the schedule; after them comes that of the `finish`, if there is one.
    """

    peak: float
    epochs: int
    warmup: float
    schedule: Schedule
    finish: "LearningRate | None" = None

    def at(self, epochs: float, halvings: int = 0) -> float:
        """The rate after so many epochs, in fractions."""
        if self.finish and epochs >= self.epochs:
            return self.finish.at(epochs - self.epochs)
        warmup = self.warmup * self.epochs
        if epochs < warmup:
            return self.peak * (epochs / warmup)
        return self.peak * self.schedule.factor(epochs - warmup, self.epochs - warmup, halvings)
