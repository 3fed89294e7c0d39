"""The optimizers: by hand, by their papers, and as PyTorch has them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnbp_cli import config
from nnbp_cli.config import Config, LayerConfig, NetworkConfig, TrainingConfig, defaults
from nnbp_cli.nn.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, Optimizer, RmsProp, Sgd

TRAINING = TrainingConfig(epochs=3, batch_size=16, learning_rate=0.5)
CONFIG = NetworkConfig(cost="log-likelihood", layers=(LayerConfig(neurons=5, activation="softmax"),))

# Where PyTorch is after 100 steps: written by `python -m benchmarks.pytorch_optimizers`.
RECORDED = json.loads(Path(__file__).with_name("pytorch_optimizers.json").read_text(encoding="utf-8"))


def test_momentum_steps_by_hand() -> None:
    theta, slots = np.array([1.0, 2.0]), np.zeros((1, 2))
    Momentum(0.5).step(theta, np.array([1.0, -2.0]), slots, 0.1, 1)  # v = -0.1 g
    np.testing.assert_allclose(theta, [0.9, 2.2])
    Momentum(0.5).step(theta, np.array([0.0, 1.0]), slots, 0.1, 2)  # v = 0.5 v - 0.1 g = [-0.05, 0.1 - 0.1]
    np.testing.assert_allclose(theta, [0.85, 2.2])


def test_momentum_of_zero_is_gradient_descent() -> None:
    a, b, gradient = np.ones(3), np.ones(3), np.array([0.3, -0.2, 0.1])
    Momentum(0.0).step(a, gradient.copy(), np.zeros((1, 3)), 0.1, 1)
    Sgd().step(b, gradient, np.zeros((0, 3)), 0.1, 1)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "optimizer", [Momentum(), Momentum(nesterov=True), RmsProp(), Adam(), AdamW()], ids=repr
)
def test_a_gradient_that_stays_away_leaves_no_denormal_numbers(optimizer: Optimizer) -> None:
    theta, slots = np.ones(3, np.float32), np.zeros((optimizer.rows, 3), np.float32)
    optimizer.step(theta, np.full(3, 1e-6, np.float32), slots, 0.1, 1)
    for t in range(2, 1500):
        optimizer.step(theta, np.zeros(3, np.float32), slots, 0.1, t)
    assert (abs(slots[0]) > np.finfo(np.float32).tiny).all()


def test_an_optimizer_gets_the_numbers_of_the_config() -> None:
    assert config.optimizer(TRAINING) == Sgd()
    assert config.optimizer(replace(TRAINING, optimizer="momentum", momentum=0.7)) == Momentum(0.7)
    assert config.optimizer(replace(TRAINING, optimizer="adam", beta2=0.99)) == Adam(0.9, 0.99)


@pytest.mark.parametrize("name", RECORDED["ends"])
def test_100_steps_end_where_pytorch_ends(name: str) -> None:
    options = RECORDED["ends"][name]
    optimizer = replace(OPTIMIZERS[name], **options["options"])
    matrix, target = np.array(RECORDED["matrix"]), np.array(RECORDED["target"])
    theta = np.array(RECORDED["start"])
    slots = np.zeros((optimizer.rows, theta.size))
    for t in range(1, 101):
        gradient = matrix @ theta - target  # of a bowl that is longer than it is wide
        optimizer.step(theta, gradient, slots, options["rate"], t)
    assert abs(theta - options["end"]).max() <= 1e-6 * abs(theta).max()
    assert abs(theta - RECORDED["start"]).min() > 1e-3, "a step that does nothing would be found out"


def test_every_optimizer_is_compared_with_pytorch() -> None:
    assert RECORDED["ends"].keys() == OPTIMIZERS.keys()


def test_nesterov_steps_by_hand() -> None:
    theta, slots = np.array([1.0]), np.zeros((1, 1))
    Momentum(0.5, nesterov=True).step(
        theta, np.array([2.0]), slots, 0.1, 1
    )  # v = -0.2, theta = 1 + 0.5 v - 0.2
    np.testing.assert_allclose(theta, [0.7])
    Momentum(0.5, nesterov=True).step(
        theta, np.array([1.0]), slots, 0.1, 2
    )  # v = -0.1 - 0.1, theta = 0.7 + 0.5 v - 0.1
    np.testing.assert_allclose(theta, [0.5])


def test_adamw_shrinks_theta_where_there_is_no_gradient_and_adam_does_not() -> None:
    for optimizer, end in ((AdamW(weight_decay=0.5), 0.95**2), (Adam(), 1.0)):
        theta, slots = np.ones(2), np.zeros((2, 2))
        for t in (1, 2):
            optimizer.step(theta, np.zeros(2), slots, 0.1, t)
        np.testing.assert_allclose(theta, [end, end])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_the_config_leaves_open_is_what_the_optimizer_says(name: Any) -> None:
    plain = replace(TRAINING, optimizer=name)
    resolved = defaults.resolved(Config(network=CONFIG, training=plain)).training
    assert config.optimizer(plain) == config.optimizer(resolved) == OPTIMIZERS[name]
