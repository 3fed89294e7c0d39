"""Trainings of 50 steps in float64, small enough to follow: `python -m benchmarks.trajectories` draws them at
random and runs them beside PyTorch; the suite holds ten of them against what PyTorch made of those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np

from nnbp_cli.config import NetworkConfig, TrainingConfig, build
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.evaluation.score import complete, evaluate
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.training import loop
from tests.datasets import blobs

STEPS = 50
INPUTS, CLASSES = 12, 5  # of the images of `blobs`


@dataclass(frozen=True)
class Case:
    """A network and how it is trained, on so many images; `number` is also the seed of the images."""

    number: int
    network: NetworkConfig
    training: TrainingConfig
    images: int

    @property
    def batches(self) -> int:
        """How many batches an epoch has: 50 steps are a whole number of epochs."""
        return STEPS // self.training.epochs


@dataclass(frozen=True)
class Trajectory:
    """Where training leads: `thetas` after each step, (50, parameters), and in the end the mean cost of the
    training images, with the penalty.
    """

    thetas: Array
    cost: float


def data(case: Case) -> Dataset:
    """The images of a case."""
    return blobs(training=case.images, seed=case.number)


def first_parameters(case: Case) -> tuple[Network, Parameters]:
    """The network, and the parameters that it starts with, in float64."""
    network = build(case.network, (1, INPUTS))
    return network, _state(network, case).params


def trajectory(case: Case, disturbed: Callable[[Network, Parameters], Network] | None = None) -> Trajectory:
    """How nnbp trains a case; `disturbed` may change the first parameters, and gives the network in use."""
    network, dataset = build(case.network, (1, INPUTS)), data(case)
    state = _state(network, case)
    if disturbed:
        network = disturbed(network, state.params)
    with patch.object(loop, "BATCHES_PER_CHUNK", 1), np.errstate(all="ignore"):
        steps = loop.train(network, dataset, case.training, state)
        thetas = [state.params.theta.copy() for step in steps if step is None]
        penalty = loop.penalty(case.training, dataset)
        cost = complete(evaluate(network, state.params, dataset.training, penalty)).cost
    return Trajectory(np.array(thetas), cost)


def _state(network: Network, case: Case) -> loop.TrainingState:
    return loop.initial_state(
        network, INITIALIZERS[case.network.initializer], case.training, dtype=np.float64
    )


def fingerprint(case: Case, theta: Array) -> list[list[float]]:
    """Two numbers for every W and b: the sum of its entries, and that of entry k times cos(k)."""
    params = build(case.network, (1, INPUTS)).parameters(np.float64)
    params.theta[:] = theta
    flat = [window.reshape(-1) for _, _, window in params.named_parameters()]
    return [[float(each.sum()), float(each @ np.cos(np.arange(each.size)))] for each in flat]
