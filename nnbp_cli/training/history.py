"""Early stopping, halving of the rate, the best epoch: what follows from the epochs so far.

All are pure functions of the list of epochs, so there is nothing of theirs that a run that is taken up
again would have to remember. An epoch 0, measured before the first step, is never chosen and never counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nnbp_cli.config import TrainingConfig
from nnbp_cli.wording import counted

MAX_HALVINGS = 7  # "stop when the rate is 1/128 of what it was": an exercise of the book's chapter 3


@dataclass(frozen=True)
class Epoch:
    """What is known at the end of an epoch: its number, from 1, the rate of its last batch, its seconds
    of training without evaluation, and the scores that are watched, by name ("validation accuracy").
    """

    number: int
    learning_rate: float
    seconds: float
    scores: Mapping[str, float]


History = Sequence[Epoch]


def best(history: History, training: TrainingConfig) -> Epoch:
    """The epoch whose weights are kept: the last, or the first of those with the best monitored score."""
    if training.keep == "last":
        return history[-1]
    return max(_trained(history), key=lambda epoch: merit(epoch, training))


def merit(epoch: Epoch, training: TrainingConfig) -> float:
    """The monitored score of an epoch, turned so that more is better."""
    score = epoch.scores[training.monitor]
    return score if training.monitor.endswith("accuracy") else -score


def halvings(history: History, training: TrainingConfig) -> int:
    """How often the monitored score has not improved for `halve_after` epochs; each time they count anew."""
    if training.schedule != "halving":
        return 0
    times, idle, record = 0, 0, float("-inf")
    for epoch in _trained(history):
        idle = 0 if merit(epoch, training) > record else idle + 1
        record = max(record, merit(epoch, training))
        if idle == training.halve_after:
            times, idle = times + 1, 0
    return times


def ended(history: History, training: TrainingConfig) -> str | None:
    """Why training is over, if it is."""
    trained = _trained(history)
    if training.patience is not None and trained:
        record = max(trained, key=lambda epoch: merit(epoch, training))
        if trained[-1].number - record.number >= training.patience:
            return f"no better {training.monitor} in {counted(training.patience, 'epochs')}"
    if halvings(history, training) >= MAX_HALVINGS:
        return f"the learning rate was halved {MAX_HALVINGS} times"
    return "all epochs are done" if len(trained) >= training.epochs else None


def _trained(history: History) -> History:
    return history[1:] if history and history[0].number == 0 else history
