"""Trainings of nnbp beside PyTorch's, step by step in float64: random configs, 50 steps, the same parameters.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.trajectories [--configs N] [--seed N] [--record]

PyTorch gets the first parameters and the order of the images, which are random, and nothing else: gradients
are its autograd's, steps its optimizers', costs its own. Two runs agree when after 50 steps no parameter
differs by more than 1e-10 of the largest one (or of 1, where all are smaller), nor the cost by 1e-10 of it.

Where they do not, training may be chaotic: rounding is all that differs, and it grows. That is decided by a
measurement. nnbp alone runs the same training four times more, with a noise of 1e-15 of the largest number in
its first parameters, its activations and its gradients, about what rounding does. It is chaotic if the
furthest of these is further from the first run than the tolerance as well, and if at every step nnbp has been
further from itself than it is from PyTorch: a wrong rule shows at once, before anything can have grown.

Exit status 1 where one differs and is not chaotic. --record writes tests/trajectories.json, what PyTorch
makes of the first ten, all of which must agree to 1e-12.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import cos, floor, pi
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional

from benchmarks.random_trainings import cases, described
from nnbp_cli.config import Config, to_toml
from nnbp_cli.errors import Diverged
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.layers import Dense, Layer
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.rng import generator
from tests.trajectories import (
    CLASSES,
    STEPS,
    Case,
    Trajectory,
    data,
    fingerprint,
    first_parameters,
)
from tests.trajectories import trajectory as ours

TOLERANCE, RECORDED_TOLERANCE = 1e-10, 1e-12
NOISE, RUNS = 1e-15, 4

FILE = Path(__file__).parent.parent / "tests" / "trajectories.json"
RECORDED = 10

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda z: z,
    "softmax": lambda z: z.softmax(dim=1),
}


def theirs(case: Case) -> Trajectory:
    """How PyTorch trains a case."""
    _, params = first_parameters(case)
    split = data(case).training
    x, labels = torch.from_numpy(split.images.copy()).double() / 255, torch.from_numpy(split.labels.copy())
    Ws = [torch.tensor(W, requires_grad=True) for W, _ in params.layers]
    bs = [torch.tensor(b, requires_grad=True) for _, b in params.layers]
    optimizer = _optimizer(case, [*Ws, *bs])
    one_hot = functional.one_hot(labels.long(), CLASSES).double()
    smoothing = case.training.label_smoothing
    y = (1 - smoothing) * one_hot + smoothing / CLASSES
    # The book's velocity has the rate in it, PyTorch's gets it afterwards: the same while the rate is.
    in_velocity = case.training.optimizer in ("momentum", "nesterov")
    thetas = []
    for t, batch in enumerate(_batches(case), start=1):
        rate = _rate(case, (t - 0.5) / case.batches)
        for group in optimizer.param_groups:
            group["lr"] = 1.0 if in_velocity else rate
        optimizer.zero_grad()
        cost = _cost(case, Ws, bs, x[batch], y[batch])
        (cost * rate if in_velocity else cost).backward()
        optimizer.step()
        thetas.append(torch.cat([each.detach().reshape(-1) for each in (*Ws, *bs)]).numpy())
    with torch.no_grad():
        return Trajectory(np.array(thetas), float(_cost(case, Ws, bs, x, one_hot)))


def _optimizer(case: Case, parameters: list[Tensor]) -> torch.optim.Optimizer:
    training, optim = case.training, torch.optim
    betas = (training.beta1, training.beta2)
    match training.optimizer:
        case "sgd":
            return optim.SGD(parameters)
        case "momentum":
            return optim.SGD(parameters, momentum=training.momentum)
        case "nesterov":
            return optim.SGD(parameters, momentum=training.momentum, nesterov=True)
        case "rmsprop":
            return optim.RMSprop(parameters, alpha=training.rho)
        case "adam":
            return optim.Adam(parameters, betas=betas)
        case "adamw":
            return optim.AdamW(parameters, betas=betas, weight_decay=training.weight_decay)
    raise ValueError(training.optimizer)


def _batches(case: Case) -> Iterator[Tensor]:
    for epoch in range(case.training.epochs):
        order = generator(case.training.seed, "shuffle", epoch).permutation(case.images)
        yield from torch.from_numpy(order).split(case.training.batch_size)


def _rate(case: Case, epochs: float) -> float:
    training = case.training
    warmup = training.warmup * training.epochs
    if epochs < warmup:
        return training.learning_rate * epochs / warmup
    e, rest = epochs - warmup, training.epochs - warmup
    decay, step_epochs = training.decay or 0, training.step_epochs or 1  # None where no schedule has them
    match training.schedule:
        case "constant":
            factor = 1.0
        case "linear":
            factor = 1 - e / rest
        case "cosine":
            factor = (1 + cos(pi * e / rest)) / 2
        case "step":
            factor = decay ** floor(e / step_epochs)
        case "exponential":
            factor = decay**e
    return training.learning_rate * factor


def _cost(case: Case, Ws: list[Tensor], bs: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
    """The mean cost of the examples and the penalty."""
    a = x
    for layer, W, b in zip(case.network.layers, Ws, bs, strict=True):
        z = functional.linear(a, W, b)
        a = ACTIVATIONS[layer.activation](z)
    match case.network.cost:
        case "quadratic":
            cost = functional.mse_loss(a, y, reduction="sum") / 2
        case "cross-entropy":
            cost = functional.binary_cross_entropy_with_logits(z, y, reduction="sum")
        case "log-likelihood":
            cost = functional.cross_entropy(z, y, reduction="sum")
    weights = torch.cat([W.reshape(-1) for W in Ws])
    l1, l2 = case.training.l1 / case.images, case.training.l2 / case.images
    return cost / len(x) + l1 * weights.abs().sum() + l2 / 2 * weights.square().sum()


def distances(one: Trajectory, other: Trajectory) -> np.ndarray:
    """How far two trajectories are from each other after each step, beside the largest parameter or 1."""
    largest = np.maximum(1, np.abs(other.thetas).max(axis=1))
    return np.abs(one.thetas - other.thetas).max(axis=1) / largest


def off(one: Trajectory, other: Trajectory) -> float:
    """How far they are from each other in the end: in the parameters, or in the cost."""
    cost = abs(one.cost - other.cost) / max(1, abs(other.cost))
    return max(float(distances(one, other)[-1]), cost)


@dataclass(frozen=True)
class Noise:
    """What rounding may do: to every number of an array, a normal deviation of `size` times the largest."""

    size: float
    rng: np.random.Generator

    def on(self, values: Array) -> Array:
        """The values with the noise."""
        disturbed: Array = values + self.size * abs(values).max() * self.rng.standard_normal(values.shape)
        return disturbed


@dataclass(frozen=True)
class _Noisy(Network):
    noise: Noise

    def backprop(
        self, params: Parameters, x: Array, y: Array, out: Parameters, rng: np.random.Generator | None = None
    ) -> tuple[Array, Array]:
        z, a = super().backprop(params, x, y, out, rng)
        out.theta[:] = self.noise.on(out.theta)
        return z, a


def _noisy(network: Network, params: Parameters, noise: Noise) -> Network:
    """The network with noise in what its hidden layers say and in its gradients; and in these parameters."""
    params.theta[:] = noise.on(params.theta)

    def disturbed(layer: Layer) -> Dense:
        assert isinstance(layer, Dense)
        f = layer.activation.f
        return replace(layer, activation=replace(layer.activation, f=lambda z: noise.on(f(z))))

    return _Noisy((*map(disturbed, network.layers[:-1]), network.layers[-1]), network.cost, noise)


def chaotic(case: Case, here: Trajectory, there: Trajectory) -> tuple[bool, str]:
    """Whether it is rounding that grew, and in a line how it did."""
    runs = [np.zeros(STEPS)]
    for k in range(RUNS):
        with suppress(Diverged):
            noise = Noise(NOISE, np.random.default_rng([case.number, k]))
            noisy = ours(case, partial(_noisy, noise=noise))
            runs.append(distances(noisy, here))
    itself, beside = np.maximum.accumulate(np.max(runs, axis=0)), distances(here, there)
    steps = [0, *range(9, STEPS, 10)]
    grew = "; ".join(f"{k + 1}: {beside[k]:.0e} and {itself[k]:.0e}" for k in steps)
    line = f"from PyTorch and from itself after step {grew}"
    return bool(itself[-1] > TOLERANCE and (beside < itself).all()), line


def main(count: int, seed: int, record: bool) -> int:
    """Print how many agree and which do not; the exit status."""
    began, largest, ends = perf_counter(), 0.0, []
    counts = dict.fromkeys(("agree", "chaotic", "diverge", "differ"), 0)
    for case in cases(count, seed):
        there = theirs(case)
        try:
            here = ours(case)
        except Diverged:
            counts["differ" if np.isfinite(there.cost) else "diverge"] += 1
            print(f"{described(case)}\n    diverged here, and there the cost is {there.cost}")
            continue
        difference = off(here, there)
        if difference <= TOLERANCE:
            counts["agree"] += 1
            largest = max(largest, difference)
        else:
            is_chaotic, line = chaotic(case, here, there)
            counts["chaotic" if is_chaotic else "differ"] += 1
            word = "chaotic" if is_chaotic else "WRONG"
            print(f"{described(case)}\n    {word}, off by {difference:.1e}: {line}")
        if difference <= RECORDED_TOLERANCE:
            windows = fingerprint(case, there.thetas[-1])
            config = to_toml(Config(network=case.network, training=case.training))
            ends.append({"config": config, "images": case.images, "windows": windows, "cost": there.cost})
    print(
        f"{count} configs, {STEPS} steps in float64, PyTorch {torch.__version__}: {counts['agree']} agree to "
        f"{TOLERANCE:g}, the largest difference {largest:.1e}; {counts['chaotic']} are chaotic, "
        f"{counts['diverge']} diverge in both, {counts['differ']} differ; {perf_counter() - began:.0f} s"
    )
    if record:
        if len(ends) < count:
            print(f"not recorded: {count - len(ends)} of them do not agree to {RECORDED_TOLERANCE:g}")
            return 1
        recorded = {"by": f"PyTorch {torch.__version__}", "seed": seed, "ends": ends}
        FILE.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--configs", type=int, default=432)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="write what the tests compare with")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        sys.exit(main(RECORDED if arguments.record else arguments.configs, arguments.seed, arguments.record))
