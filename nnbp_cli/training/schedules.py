"""Schedules: the learning rate over time, as a factor of the config's rate.

A schedule is a pure function of how far the run is and of the epochs so far, so a run that is taken up again
goes on as if it had never stopped. Warm-up, in a straight line from zero, comes first where there is any.
At e epochs after it, of E that are left for it:

    constant      1
    linear        1 - e/E
    cosine        (1 + cos(pi e/E)) / 2            Loshchilov and Hutter, 2017
    step          decay^floor(e / step_epochs)
    exponential   decay^e
    halving       1/2 for each time the monitored score did not improve; the book's chapter 3
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, floor, pi

from nnbp_cli.config import TrainingConfig
from nnbp_cli.training.history import History, halvings


def learning_rate(training: TrainingConfig, history: History) -> Callable[[float], float]:
    """The learning rate of the epoch after `history`, as a function of the epochs so far, in fractions."""
    warmup = training.warmup * training.epochs
    rest = training.epochs - warmup
    decay, step_epochs = training.decay or 1.0, training.step_epochs or 1
    halved = 0.5 ** halvings(history, training)
    factors: dict[str, Callable[[float], float]] = {
        "constant": lambda e: 1.0,
        "linear": lambda e: 1 - e / rest,
        "cosine": lambda e: (1 + cos(pi * e / rest)) / 2,
        "step": lambda e: decay ** floor(e / step_epochs),
        "exponential": lambda e: decay**e,
        "halving": lambda e: halved,
    }
    factor = factors[training.schedule]

    def rate(epochs: float) -> float:
        share = epochs / warmup if epochs < warmup else factor(epochs - warmup)
        return training.learning_rate * share

    return rate
