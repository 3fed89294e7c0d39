"""Schedules, patience and the best epoch: pure functions of the epochs so far."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from nnbp_cli.config import FinishConfig, TrainingConfig, learning_rate
from nnbp_cli.config.schema import ScheduleName
from nnbp_cli.training.history import Epoch, best, ended, halvings

TRAINING = TrainingConfig(
    epochs=10, batch_size=16, learning_rate=2.0, decay=0.5, step_epochs=3, halve_after=2, keep="best"
)


def epochs(*accuracies: float, start: int = 1) -> list[Epoch]:
    """A history with these validation accuracies; the costs fall as the accuracies rise."""
    return [
        Epoch(n, 0.1, 1.0, {"validation accuracy": a, "validation cost": 1 - a})
        for n, a in enumerate(accuracies, start=start)
    ]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [2, 2, 2, 2]),
        ("linear", [2, 1.5, 1, 0]),
        ("cosine", [2, 1 + 0.5**0.5, 1, 0]),
        ("step", [2, 2, 1, 0.25]),
        ("exponential", [2, 2 * 0.5**2.5, 2 * 0.5**5, 2 * 0.5**10]),
        ("halving", [2, 2, 2, 2]),
    ],
)
def test_the_learning_rate_over_a_run(schedule: Any, expected: list[float]) -> None:
    rate = learning_rate(replace(TRAINING, schedule=schedule))
    assert [rate.at(e) for e in (0, 2.5, 5, 10)] == pytest.approx(expected)


def test_a_step_falls_at_the_end_of_its_epochs_and_not_before() -> None:
    rate = learning_rate(replace(TRAINING, schedule="step"))
    assert [rate.at(e) for e in (2.99, 3, 5.99, 6)] == [2, 1, 1, 0.5]


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
def test_warm_up_rises_in_a_straight_line_and_the_schedule_begins_after_it(schedule: Any) -> None:
    rate = learning_rate(replace(TRAINING, schedule=schedule, warmup=0.2))
    assert [rate.at(e) for e in range(3)] == pytest.approx([0, 1, 2])
    assert rate.at(10) == pytest.approx(
        {"linear": 0, "cosine": 0, "step": 0.5, "exponential": 2 * 0.5**8}.get(schedule, 2)
    )


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_the_finish_has_a_rate_of_its_own_and_the_schedule_all_epochs_before(schedule: Any) -> None:
    finish = FinishConfig(epochs=4, learning_rate=0.4)
    rate = learning_rate(replace(TRAINING, schedule=schedule, warmup=0.2, finish=finish))
    before = learning_rate(replace(TRAINING, epochs=6, schedule=schedule, warmup=0.2))
    assert [rate.at(e) for e in (0, 1, 3, 5.9)] == [before.at(e) for e in (0, 1, 3, 5.9)]
    assert [rate.at(e) for e in (6, 7, 8, 10)] == pytest.approx([0.4, 0.3, 0.2, 0])


def test_the_rate_is_halved_each_time_two_epochs_brought_no_improvement() -> None:
    training = replace(TRAINING, schedule="halving")
    history = epochs(0.5, 0.6, 0.6, 0.5, 0.6, 0.61, 0.2, 0.3, 0.4, 0.5)
    counted = [halvings(history[:n], training) for n in range(11)]
    #          none 0.5 0.6 0.6 0.5 0.6 0.61 0.2 0.3 0.4 0.5
    assert counted == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3]
    assert learning_rate(training).at(7, halvings(history, training)) == 0.25
    assert halvings(history, replace(training, schedule="constant")) == 0


def test_training_ends_when_the_rate_would_be_a_128th() -> None:
    training = replace(TRAINING, schedule="halving", epochs=100)
    assert ended(epochs(0.5, *[0.4] * 13), training) is None
    assert ended(epochs(0.5, *[0.4] * 14), training) == "the learning rate was halved 7 times"


def test_patience_ends_training_when_the_best_epoch_is_so_long_ago() -> None:
    training = replace(TRAINING, patience=3)
    assert ended(epochs(0.5, 0.7, 0.6, 0.7), training) is None, "as good is not better"
    assert ended(epochs(0.5, 0.7, 0.6, 0.7, 0.6), training) == "no better validation accuracy in 3 epochs"
    assert ended(epochs(0.5, 0.7, 0.6, 0.6, 0.8), training) is None
    assert ended([], training) is None


def test_training_ends_after_its_epochs() -> None:
    assert ended(epochs(*[0.5] * 9), TRAINING) is None
    assert ended(epochs(*[0.5] * 10), TRAINING) == "all epochs are done"


def test_of_equally_good_epochs_the_first_is_kept() -> None:
    history = epochs(0.5, 0.9, 0.9)
    assert best(history, TRAINING).number == 2
    assert best(history, replace(TRAINING, keep="last")).number == 3


def test_by_cost_the_smallest_is_best() -> None:
    history = [
        Epoch(n, 0.1, 1.0, {"validation accuracy": a, "validation cost": c})
        for n, a, c in ((1, 0.5, 0.4), (2, 0.6, 0.2), (3, 0.9, 0.3))
    ]
    by_cost = replace(TRAINING, monitor="validation cost", patience=1)
    assert best(history, by_cost).number == 2
    assert best(history, TRAINING).number == 3
    assert ended(history, by_cost) == "no better validation cost in 1 epoch"


def test_what_was_measured_before_the_first_step_is_neither_chosen_nor_counted() -> None:
    history = epochs(0.99, 0.5, 0.6, start=0)
    assert best(history, TRAINING).number == 2
    assert ended(history, replace(TRAINING, epochs=2)) == "all epochs are done"
    assert ended(history, replace(TRAINING, epochs=3, patience=2)) is None
    assert halvings(epochs(0.99, 0.5, 0.5, 0.6, start=0), replace(TRAINING, schedule="halving")) == 0
