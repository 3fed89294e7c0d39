"""The loop, the optimizers and the schedules."""

import threading
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnbp_cli.config import FinishConfig, TrainingConfig
from nnbp_cli.datasets.augment import Augmentation, Distortion
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.engines import NumpyEngine
from nnbp_cli.errors import Diverged
from nnbp_cli.evaluation.score import complete, evaluate
from nnbp_cli.nn import costs, initializers
from nnbp_cli.nn.activations import Activation, linear, sigmoid, softmax, tanh
from nnbp_cli.nn.layers import Dropout
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.nn.scaling import scaled
from nnbp_cli.rng import generator
from nnbp_cli.system import hardware
from nnbp_cli.training import loop
from nnbp_cli.training.batches import smoothed_targets
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.loop import TrainingState
from tests import per_example
from tests.datasets import batches, blobs
from tests.networks import dense

TRAINING = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.5)
NETWORK = dense([12, 7, 5], [sigmoid, softmax], costs.log_likelihood)
DROPOUT = Network(
    (NETWORK.layers[0], Dropout(NETWORK.layers[0].outputs, 0.3), NETWORK.layers[1]), NETWORK.cost
)


@pytest.fixture(autouse=True)
def _a_yield_at_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "BATCHES_PER_CHUNK", 1)


def run(
    training: TrainingConfig = TRAINING, network: Network = NETWORK, dataset: Dataset | None = None
) -> tuple[TrainingState, list[Epoch]]:
    state = loop.initial_state(network, initializers.default, training)
    steps = loop.train(network, dataset or blobs(), training, state)
    return state, [epoch for epoch in steps if epoch]


@pytest.mark.parametrize(
    ("cost", "output"),
    [("quadratic", sigmoid), ("quadratic", tanh), ("cross-entropy", sigmoid), ("log-likelihood", softmax)],
)
@pytest.mark.parametrize("hidden", [[], [sigmoid], [tanh, sigmoid]], ids=len)
def test_100_steps_end_where_the_per_example_implementation_ends(
    cost: str, output: Activation, hidden: list[Activation]
) -> None:
    activations = [*hidden, output]
    network = dense([12, *[7, 6][: len(hidden)], 5], activations, costs.COSTS[cost])
    training = replace(TRAINING, epochs=13, batch_size=15, learning_rate=0.3, l1=0.5, l2=3.0)
    data = blobs(training=115)  # eight batches, of which the last is short
    state = loop.initial_state(network, initializers.default, training, dtype=np.float64)
    weights = [W.copy() for W, _ in state.params.layers]
    biases = [b[:, None].copy() for _, b in state.params.layers]

    for steps, _ in enumerate(loop.train(network, data, training, state)):  # noqa: B007
        if state.epoch == 12 and state.batch == 4:
            break

    targets = np.eye(5)
    taken = [
        rows
        for epoch in range(13)
        for rows in batches(data.training, targets, 15, seed=1, epoch=epoch, first=0, dtype=np.float64)
    ][:100]
    names = [each.name for each in activations]
    per_example.train(weights, biases, names, cost, taken, 0.3, l2_over_n=3.0 / 115, l1_over_n=0.5 / 115)
    for (W, b), theirs_W, theirs_b in zip(state.params.layers, weights, biases, strict=True):
        np.testing.assert_allclose(W, theirs_W, rtol=0, atol=1e-12)
        np.testing.assert_allclose(b[:, None], theirs_b, rtol=0, atol=1e-12)


def test_it_learns_and_the_seconds_of_an_epoch_are_its_own() -> None:
    state, epochs = run(replace(TRAINING, epochs=20))
    assert epochs[-1].scores["validation accuracy"] > 0.95
    assert [epoch.number for epoch in epochs] == list(range(1, 21))
    assert state.seconds == 0.0
    assert all(0 < epoch.seconds < 5 for epoch in epochs)
    assert len({epoch.seconds for epoch in epochs}) > 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(optimizer: Any) -> None:
    training = replace(TRAINING, optimizer=optimizer, learning_rate=0.01)
    first, again, other = run(training)[0], run(training)[0], run(replace(training, seed=2))[0]
    assert first.params.theta.dtype == np.float32
    assert first.params.theta.tobytes() == again.params.theta.tobytes()
    assert first.params.theta.tobytes() != other.params.theta.tobytes()


RESUMED: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name, "schedule": "cosine", "warmup": 0.2} for name in OPTIMIZERS},
    "halving": {"schedule": "halving", "halve_after": 1},
    "patience": {"patience": 1, "epochs": 30, "learning_rate": 5.0},
    "layer speed": {"watch": ("layer speed", "validation accuracy")},
    "augmentation": {"threads": 2},
    "augmentation ahead": {"threads": 1},
    "augmentation of large images": {"threads": 2},
    "augmentation of large images ahead": {"threads": 1},
    "augmentation up to the finish": {"threads": 1, "finish": FinishConfig(epochs=1, learning_rate=0.02)},
    "all shifts, in one order": {"shuffle": "once", "epochs": 2},
    "finish": {"schedule": "linear", "finish": FinishConfig(epochs=2, learning_rate=0.02)},
}
DISTORTED = Augmentation(shift=1.0, rotation=20.0, scaling=0.2, shear=0.2, elastic=3.0, sigma=1.0)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * ("large" in kind)) for kind in RESUMED]
)
def test_a_run_left_at_any_yield_and_taken_up_again_ends_with_the_same_bits(
    kind: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = DROPOUT if engine == "numpy" else NETWORK
    # Eight batches an epoch.
    monkeypatch.setattr("nnbp_cli.training.batches.IMAGES_PER_BLOCK", 3 * TRAINING.batch_size)
    monkeypatch.setattr(hardware, "available_cpus", lambda: 2)
    augmentation = DISTORTED if kind.startswith("augmentation") else None
    if "large" in kind:  # four pieces a batch
        monkeypatch.setattr("nnbp_cli.datasets.augment.PIXELS_AT_ONCE", 4 * 12)
        monkeypatch.setattr("nnbp_cli.training.batches.PIXELS_PER_BLOCK", 4 * 12)
    training = replace(TRAINING, engine=engine, **({"learning_rate": 0.01} | RESUMED[kind]))
    data = blobs()
    if "shifts" in kind:
        data = replace(data, training=replace(data.training, shifted_shape=data.shape))
    state = loop.initial_state(network, initializers.default, training)
    stops = len(list(loop.train(network, data, training, state, augmentation)))
    whole, epochs = state, state.history
    assert stops > 3 * 8 * (3 if "large" in kind else 1) or training.patience
    assert not (training.patience and len(epochs) == training.epochs), "it is to end early"
    for stop in range(1, stops + 1):
        state = loop.initial_state(network, initializers.default, training)
        steps = loop.train(network, data, training, state, augmentation)
        for _ in range(stop):
            next(steps)
        resumed = loop.empty_state(network, training)  # as from a file: with windows of its own
        resumed.params.theta[:], resumed.best_theta[:] = state.params.theta, state.best_theta
        resumed.optimizer_state[:], resumed.history = state.optimizer_state, list(state.history)
        resumed.epoch, resumed.batch = state.epoch, state.batch
        list(loop.train(network, data, training, resumed, augmentation))
        assert resumed.params.theta.tobytes() == whole.params.theta.tobytes()
        assert resumed.best_theta.tobytes() == whole.best_theta.tobytes()
        assert [(epoch.scores, repr(epoch.learning_rate)) for epoch in resumed.history] == [
            (epoch.scores, repr(epoch.learning_rate)) for epoch in epochs
        ]


def test_one_order_for_all_epochs_is_that_of_images_put_into_it_before() -> None:
    data, order = blobs(), generator(1, "shuffle", 0).permutation(120)
    ordered = replace(data, training=Split(*data.training.take(order)))
    never, once, epoch = (replace(TRAINING, shuffle=how) for how in ("never", "once", "epoch"))
    theta = run(once, dataset=data)[0].params.theta
    np.testing.assert_array_equal(theta, run(never, dataset=ordered)[0].params.theta)
    assert not np.array_equal(theta, run(epoch, dataset=data)[0].params.theta)


def test_all_shifts_of_images_are_learned_from_as_if_they_were_in_the_data_set() -> None:
    data, training = blobs(), replace(TRAINING, l2=3.0, shuffle="once")
    shifting = replace(data.training, shifted_shape=data.shape)
    expanded = Split(*shifting.take(np.arange(600)))
    of_shifts, of_expanded = (
        run(training, dataset=replace(data, training=split))[0].params.theta for split in (shifting, expanded)
    )
    np.testing.assert_array_equal(of_shifts, of_expanded)


@pytest.mark.parametrize("threads", [1, 2])
def test_images_are_as_they_are_in_the_last_epochs_and_in_no_others(threads: int) -> None:
    blank = Augmentation(shift=1000.0)
    training = replace(TRAINING, threads=threads, finish=FinishConfig(epochs=1, learning_rate=0.1))
    data = blobs()
    state = loop.initial_state(NETWORK, initializers.default, training)
    W, _ = state.params.layers[0]
    drawn = W.copy()
    steps = loop.train(NETWORK, data, training, state, blank)
    assert [np.array_equal(W, drawn) for epoch in steps if epoch] == [True, True, False]


@patch("nnbp_cli.training.batches.IMAGES_PER_BLOCK", 16)
@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 60), batch_size=st.integers(1, 70), epoch=st.integers(0, 3), data=st.data())
def test_batches_partition_the_images_and_start_anywhere(
    n: int, batch_size: int, epoch: int, data: st.DataObject
) -> None:
    split = Split(np.arange(n, dtype=np.uint8)[:, None], np.arange(n, dtype=np.uint8))
    every = list(batches(split, np.eye(n), batch_size, seed=1, epoch=epoch, first=0, dtype=np.float64))
    seen = [round(float(value) * 255) for x, _ in every for value in x[:, 0]]
    assert sorted(seen) == list(range(n))
    assert all(len(x) == batch_size for x, _ in every[:-1])
    for x, y in every:
        np.testing.assert_array_equal(np.rint(x[:, 0] * 255), y.argmax(axis=1), "x and y belong together")

    first = data.draw(st.integers(0, len(every)))
    rest = list(batches(split, np.eye(n), batch_size, seed=1, epoch=epoch, first=first, dtype=np.float64))
    assert len(rest) == len(every) - first
    for (x, _), (again, _) in zip(every[first:], rest, strict=True):
        np.testing.assert_array_equal(x, again)


def test_every_epoch_has_an_order_of_its_own() -> None:
    split = Split(np.arange(50, dtype=np.uint8)[:, None], np.zeros(50, np.uint8))
    orders = {
        next(batches(split, np.eye(1), 50, seed=seed, epoch=epoch, first=0, dtype=float))[0].tobytes()
        for seed in (1, 2)
        for epoch in range(3)
    }
    assert len(orders) == 6


def test_smoothed_targets_sum_to_one() -> None:
    np.testing.assert_allclose(smoothed_targets(5, 0.1)[2], [0.02, 0.02, 0.92, 0.02, 0.02], rtol=1e-6)
    assert smoothed_targets(5, 0.0).dtype == np.float32


def test_updates_in_stretches_are_the_update_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    training = replace(TRAINING, optimizer="adam", learning_rate=0.01, l2=1.0)
    whole, _ = run(training)
    monkeypatch.setattr("nnbp_cli.engines.numpy.PARAMETERS_PER_UPDATE", 13)
    assert run(training)[0].params.theta.tobytes() == whole.params.theta.tobytes()


def test_the_best_epoch_is_kept_or_the_last() -> None:
    state, epochs = run(replace(TRAINING, epochs=12, learning_rate=5.0))
    accuracies = [epoch.scores["validation accuracy"] for epoch in epochs]
    best = int(np.argmax(accuracies))
    assert best < 11, "a run that gets worse again is needed here"
    params = NETWORK.parameters()
    params.theta[:] = state.best_theta
    score = complete(evaluate(NETWORK, params, blobs().validation, Penalty(images=1)))
    assert score.accuracy == accuracies[best]

    last, _ = run(replace(TRAINING, epochs=12, learning_rate=5.0, keep="last"))
    np.testing.assert_array_equal(last.best_theta, last.params.theta)


def test_what_is_watched_is_what_is_scored() -> None:
    names: Any = ("test accuracy", "training cost", "layer speed", "validation cost", "training accuracy")
    state, epochs = run(replace(TRAINING, watch=names, keep="last", l2=2.0))
    speeds = ("layer speed 1", "layer speed 2")
    assert tuple(epochs[-1].scores) == (*names[:2], *speeds, *names[3:])
    training = complete(evaluate(NETWORK, state.params, blobs().training, Penalty(l2=2.0, images=120)))
    assert epochs[-1].scores["training cost"] == training.cost
    assert epochs[-1].scores["training accuracy"] == training.accuracy
    unwatched, epochs = run(replace(TRAINING, watch=(), keep="last", l2=2.0))
    assert epochs[-1].scores == {}
    assert unwatched.params.theta.tobytes() == state.params.theta.tobytes(), "watching changes nothing else"


def test_what_is_learned_from_is_distorted_and_what_is_measured_on_is_not() -> None:
    names: Any = ("training cost", "training accuracy", "validation cost", "test cost", "layer speed")
    training, data = replace(TRAINING, watch=names, keep="last"), blobs()
    state = loop.initial_state(NETWORK, initializers.default, training)
    epochs = [epoch for epoch in loop.train(NETWORK, data, training, state, DISTORTED) if epoch]
    for name in ("training", "validation", "test"):
        score = complete(evaluate(NETWORK, state.params, getattr(data, name), Penalty(images=120)))
        assert epochs[-1].scores[f"{name} cost"] == score.cost
    plain, plain_epochs = run(training)
    assert epochs[0].scores == plain_epochs[0].scores, "before training nothing has been distorted"
    assert state.params.theta.tobytes() != plain.params.theta.tobytes()


@pytest.mark.parametrize(
    ("cores", "threads", "expected"), [(2, 1, True), (1, 1, False), (2, 2, False), (2, "auto", False)]
)
def test_images_are_distorted_in_another_thread_where_a_core_is_free(
    cores: int, threads: Any, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "available_cpus", lambda: cores)
    where = set()
    distorted = Distortion.distorted

    def noting(self: Distortion, images: Any, rng: Any) -> Any:
        where.add(threading.current_thread() is not threading.main_thread())
        return distorted(self, images, rng)

    monkeypatch.setattr(Distortion, "distorted", noting)
    training = replace(TRAINING, threads=threads)
    state = loop.initial_state(NETWORK, initializers.default, training)
    list(loop.train(NETWORK, blobs(), training, state, DISTORTED))
    assert where == {expected}


def test_a_cost_that_overflows_while_the_parameters_do_not_names_the_layer_with_the_largest() -> None:
    network = dense([12, 5], [linear], costs.quadratic)
    state = loop.initial_state(network, initializers.default, TRAINING)
    state.params.theta[:] = 1e20
    training = replace(TRAINING, learning_rate=1e-30)
    said = "^training: diverged: .* not finite, .* largest .* layer 0, seen after batch 1 of epoch 1; try a"
    with np.errstate(all="ignore"), pytest.raises(Diverged, match=said):
        list(loop.train(network, blobs(), training, state))


def test_a_score_is_counted_right() -> None:
    network = dense([12, 5], [softmax], costs.log_likelihood)
    params, data = network.parameters(np.float64), blobs(training=5000)
    initializers.default.fill(network, params, np.random.default_rng(3))

    score = complete(evaluate(network, params, data.training, Penalty(l2=4.0, images=5000)))

    x, labels = scaled(data.training.images, np.float64), data.training.labels
    said = network.predict(params, x).argmax(axis=1)
    assert score.images == 5000
    assert score.accuracy == (said == labels).mean()
    penalty = 4.0 / (2 * 5000) * (params.weights**2).sum()
    assert score.cost == pytest.approx(network.costs(params, x, np.eye(5)[labels]).mean() + penalty)
    confusion = np.zeros((5, 5))
    np.add.at(confusion, (labels, said), 1)
    np.testing.assert_array_equal(score.confusion, confusion)


def test_the_cost_of_a_step_is_that_before_it_and_the_rate_of_an_epoch_that_of_its_last_step() -> None:
    training, data = replace(TRAINING, epochs=2, label_smoothing=0.2, schedule="linear"), blobs()
    state = loop.initial_state(NETWORK, initializers.default, training, dtype=np.float64)
    x, y = next(batches(data.training, np.eye(5), 16, seed=1, epoch=0, first=0, dtype=np.float64))
    cost = NETWORK.costs(state.params, x, 0.8 * y + 0.2 / 5).mean()
    steps = loop.train(NETWORK, data, training, state)
    next(steps)
    assert state.cost == pytest.approx(cost)
    rates = [epoch.learning_rate for epoch in steps if epoch]
    assert rates == pytest.approx([0.5 * (1 - 7.5 / 16), 0.5 * (1 - 15.5 / 16)])  # 120 images make 8 batches


def test_parameters_that_overflow_while_the_cost_does_not_stop_the_run_and_large_ones_do_not() -> None:
    training = replace(TRAINING, epochs=1, learning_rate=1e-9)
    state = loop.initial_state(NETWORK, initializers.default, training)
    state.params.theta[:] = 3e37
    with np.errstate(all="ignore"):
        assert list(loop.train(NETWORK, blobs(), training, state))
        state = loop.initial_state(NETWORK, initializers.default, training)
        state.params.theta[3] = np.inf  # a weight of a saturated sigmoid: no cost shows it
        with pytest.raises(Diverged, match="weights of layer 0"):
            list(loop.train(NETWORK, blobs(), training, state))


def test_evaluation_blocks_are_small_enough_for_any_network() -> None:
    network = dense([12, 5], [softmax], costs.log_likelihood)
    params, data = network.parameters(), blobs(others=2500)
    assert len(list(evaluate(network, params, data.test, Penalty(images=1)))) == 3  # of 1,000


def test_training_ends_when_patience_does() -> None:
    training = replace(TRAINING, epochs=50, learning_rate=5.0, patience=2)
    _, epochs = run(training)
    accuracies = [epoch.scores["validation accuracy"] for epoch in epochs]
    assert len(epochs) < 50
    assert int(np.argmax(accuracies)) == len(epochs) - 3


def test_the_halved_rate_is_the_rate_of_the_next_epoch() -> None:
    training = replace(TRAINING, epochs=60, learning_rate=2.0, schedule="halving", halve_after=2)
    _, epochs = run(training)
    rates = [epoch.learning_rate for epoch in epochs]
    assert [rate for rate, before in zip(rates[1:], rates) if rate != before] == [
        2 / 2**k for k in range(1, 7)
    ]
    assert len(epochs) < 60, "it ends where the rate would be 1/128"


def test_the_speed_of_a_layer_is_the_norm_of_its_mean_delta_before_training_too() -> None:
    """By the per-example implementation, on the first 1,000 images of more."""
    network, data = dense([12, 7, 6, 5], [sigmoid, sigmoid, sigmoid], costs.cross_entropy), blobs(1100)
    training = replace(TRAINING, epochs=2, watch=("layer speed",), keep="last", l2=3.0, batch_size=100)
    state = loop.initial_state(network, initializers.default, training, dtype=np.float64)
    weights = [W.copy() for W, _ in state.params.layers]
    biases = [b[:, None].copy() for _, b in state.params.layers]
    start = next(step for step in loop.train(network, data, training, state) if step)

    x = scaled(data.training.images[:1000], np.float64)
    y = np.eye(5)[data.training.labels[:1000]]
    arguments = (weights, biases, ["sigmoid"] * 3, "cross-entropy")
    pairs = zip(x[:, :, None], y[:, :, None], strict=True)
    gradients = [per_example.gradient(*arguments, *pair)[1] for pair in pairs]
    for k in range(3):
        mean = sum(db[k] for db in gradients) / 1000
        assert start.scores[f"layer speed {k + 1}"] == pytest.approx(float(np.linalg.norm(mean)), rel=1e-10)

    assert [epoch.number for epoch in run(training, network, data)[1]] == [0, 1, 2]


def test_dropout_leaves_out_its_share_at_every_step_and_only_in_training() -> None:
    layer, a = Dropout((50,), 0.25), np.ones((200, 50), np.float32)
    dropped, mask = layer.forward((), a, np.random.default_rng(0))
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert dropped.mean() == pytest.approx(1, abs=0.02)
    assert dropped.dtype == np.float32
    np.testing.assert_array_equal(layer.backward((), a, mask), mask)
    assert layer.forward((), a, None)[0] is a

    def thetas(network: Network) -> list[bytes]:
        state = loop.initial_state(network, initializers.default, TRAINING)
        return [state.params.theta.tobytes() for _ in loop.train(network, blobs(), TRAINING, state)]

    assert (DROPOUT.random, NETWORK.random) == (True, False)
    assert thetas(DROPOUT) == thetas(DROPOUT)
    assert not set(thetas(DROPOUT)) & set(thetas(NETWORK)), "the first step is another one already"


def test_each_step_has_a_mask_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    masks = []
    forward = Dropout.forward

    def remembering(self: Dropout, p: Any, a: Any, rng: Any, /) -> Any:
        z, mask = forward(self, p, a, rng)
        masks.append(mask)
        return z, mask

    monkeypatch.setattr(Dropout, "forward", remembering)
    run(TRAINING, DROPOUT)
    drawn = [mask.tobytes() for mask in masks if mask is not None]
    assert len(drawn) == 3 * 8
    assert len(set(drawn)) == 3 * 8
    assert len(masks) == 3 * (8 + 1), "evaluation draws none"


def test_a_yield_costs_nothing_where_batches_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = run()
    monkeypatch.setattr(loop, "BATCHES_PER_CHUNK", 3)

    def yields(state: TrainingState) -> list[tuple[int, int]]:
        steps = loop.train(NETWORK, blobs(), TRAINING, state)
        return [(state.epoch, state.batch) for step in steps if step is None]

    state = loop.initial_state(NETWORK, initializers.default, TRAINING)
    # The last one is after a block of evaluation.
    assert yields(state)[:4] == [(0, 3), (0, 6), (0, 8), (0, 8)]
    assert state.params.theta.tobytes() == whole.params.theta.tobytes()

    with monkeypatch.context() as patched:  # where an engine wants no more images than two batches have
        patched.setattr(NumpyEngine, "images_at_once", 3 * 16 - 1)
        assert yields(loop.initial_state(NETWORK, initializers.default, TRAINING))[:2] == [(0, 2), (0, 4)]
    monkeypatch.setattr(loop, "WORK_PER_CHUNK", 2 * 3 * 16 * NETWORK.work - 1)
    assert yields(loop.initial_state(NETWORK, initializers.default, TRAINING))[:2] == [(0, 2), (0, 4)]
    monkeypatch.setattr(loop, "WORK_PER_CHUNK", 0)
    assert yields(loop.initial_state(NETWORK, initializers.default, TRAINING))[:2] == [(0, 1), (0, 2)]
