"""Where a right program lands: an experiment of the book, trained by another program, to set its bands by.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.bands ch6-one-convolution --seeds 3 [--data-dir DIR] [--quick]

Of nnbp it has the recipe, which is the experiment's config, and the images, and nothing else. Convolutions
are PyTorch's, in float32; a network without is backpropagation in a few lines of numpy, in float64.

For each seed it prints the figures, and for each figure where the median of five other seeds should be:
within three deviations of how far it may be from the mean of these. The deviation of one seed is that of
those measured, or, where few happen to agree, the standard error of a share of 10,000 images.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from math import prod, sqrt
from statistics import mean, median, stdev
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor
from torch.nn import functional

from benchmarks import data
from benchmarks.job import Array
from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.reproduction import experiments
from nnbp_cli.reproduction.experiments import Experiment, Figure

COLUMNS = ("validation accuracy", "test accuracy")
MEDIAN_OF_FIVE = 0.287  # its variance, where that of one is 1 and normal


def first_windows(
    layers: Sequence[Any], initializer: str, generator: torch.Generator, dtype: torch.dtype
) -> list[Tensor]:
    """W and b of each layer in a row."""
    windows = []
    shape: tuple[int, ...] = (1, 28, 28)
    for layer in layers:
        sizes: tuple[tuple[int, ...], tuple[int, ...]]
        if layer.maps:
            side, pool = layer.kernel, layer.pool
            sizes = (layer.maps, shape[0], side, side), (layer.maps, 1, 1)
            fan_in, fan_out = shape[0] * side**2, layer.maps * side**2 / pool**2
            shape = (layer.maps, *((length - side + 1) // pool for length in shape[1:]))
        else:
            fan_in, fan_out = prod(shape), layer.neurons
            sizes = (fan_out, fan_in), (fan_out,)
            shape = (fan_out,)
        deviations = {"large": (1, 1), "default": (fan_in**-0.5, 1), "network3": (fan_out**-0.5, 1)}
        zero = initializer == "network3" and layer is layers[-1]
        for size, deviation in zip(sizes, deviations[initializer]):
            window = torch.randn(size, generator=generator, dtype=dtype) * (0 if zero else deviation)
            windows.append(window)
    return windows


class Dense:
    """Layers of sigmoid neurons in numpy, float64, backpropagation written out."""

    dtype = torch.float64

    def __init__(self, recipe: Config, windows: list[Tensor]) -> None:
        self.cost, self.training, self.n = recipe.network.cost, recipe.training, recipe.data.train or 0
        arrays = [window.numpy() for window in windows]
        self.layers = list(zip(arrays[::2], arrays[1::2]))

    def step(self, x: Array, labels: Array) -> None:
        """Learn from a batch."""
        activations = self._feedforward(x)
        delta = (activations[-1] - np.eye(10)[labels]) / len(x)
        if self.cost == "quadratic":
            delta *= activations[-1] * (1 - activations[-1])
        for a, (W, b) in zip(activations[-2::-1], reversed(self.layers)):
            before = delta @ W * (a * (1 - a)) if a is not activations[0] else delta
            if self.training.l2:
                W *= 1 - self.training.learning_rate * self.training.l2 / self.n
            W -= self.training.learning_rate * delta.T @ a
            b -= self.training.learning_rate * delta.sum(axis=0)
            delta = before

    def outputs(self, x: Array) -> Array:
        """What the output layer makes of images, (m, 10)."""
        return self._feedforward(x)[-1]

    def _feedforward(self, x: Array) -> list[Array]:
        activations = [x.reshape(len(x), -1)]
        for W, b in self.layers:
            z = activations[-1] @ W.T + b
            if self.cost == "log-likelihood" and W is self.layers[-1][0]:
                e = np.exp(z - z.max(axis=1, keepdims=True))
                activations.append(e / e.sum(axis=1, keepdims=True))
            else:
                activations.append(1 / (1 + np.exp(-z)))
        return activations


class Convolutional:
    """Convolutions, then layers of neurons, softmax and log-likelihood in PyTorch, float32."""

    dtype = torch.float32

    def __init__(self, recipe: Config, windows: list[Tensor]) -> None:
        self.layers, self.training, self.n = recipe.network.layers, recipe.training, recipe.data.train or 0
        self.windows = [window.requires_grad_() for window in windows]
        self.data = [window.data for window in windows]

    def step(self, x: Array, labels: Array) -> None:
        """Learn from a batch."""
        cost = functional.cross_entropy(self._feedforward(torch.from_numpy(x)), torch.from_numpy(labels))
        slopes = torch.autograd.grad(cost, self.windows)
        if self.training.l2:
            torch._foreach_mul_(self.data[::2], 1 - self.training.learning_rate * self.training.l2 / self.n)
        torch._foreach_add_(self.data, slopes, alpha=-self.training.learning_rate)

    def outputs(self, x: Array) -> Array:
        """What the output layer makes of images, (m, 10), before softmax."""
        with torch.inference_mode():
            return self._feedforward(torch.from_numpy(x)).numpy()

    def _feedforward(self, a: Tensor) -> Tensor:
        for layer, W, b in zip(self.layers, self.windows[::2], self.windows[1::2]):
            if layer.maps:
                W, a = (each.contiguous(memory_format=torch.channels_last) for each in (W, a))
                z = functional.max_pool2d(functional.conv2d(a, W), layer.pool or 1) + b  # pooled first
            else:
                z = functional.linear(a.flatten(1), W, b)
            a = torch.relu(z) if layer.activation == "relu" else torch.sigmoid(z)
        return z


def train(recipe: Config, images: Dataset, seed: int) -> dict[str, list[float]]:
    """The accuracies after each epoch, in percent; stderr says them at once."""
    kind = Convolutional if recipe.network.layers[0].maps else Dense
    training, n, generator = recipe.training, recipe.data.train or 0, torch.Generator().manual_seed(seed)
    layers, initializer = recipe.network.layers, recipe.network.initializer
    model = kind(recipe, first_windows(layers, initializer, generator, kind.dtype))
    x, labels = pictures(images.training, kind.dtype)
    splits = [pictures(split, kind.dtype) for split in (images.validation, images.test)]
    order = torch.arange(n) if training.shuffle == "never" else torch.randperm(n, generator=generator)
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for epoch in range(training.epochs):
        if training.shuffle == "epoch":
            order = torch.randperm(n, generator=generator)
        for batch in order.numpy().reshape(-1, training.batch_size):
            model.step(x[batch], labels[batch])
        for column, split in zip(COLUMNS, splits):
            scores[column].append(accuracy(model, *split))
        said = ", ".join(f"{column} {each[-1]:.2f}" for column, each in scores.items())
        print(f"seed {seed}, epoch {epoch + 1}: {said}", file=sys.stderr)
    return scores


def pictures(split: Split, dtype: torch.dtype) -> tuple[Array, Array]:
    """Pixels from 0 to 1, (n, 1, 28, 28), and labels."""
    x = torch.from_numpy(split.images.copy()).reshape(-1, 1, 28, 28).to(dtype) / 255
    return x.numpy(), split.labels.astype(np.int64)


def accuracy(model: Dense | Convolutional, x: Array, labels: Array) -> float:
    """How many of the images it recognizes, in percent."""
    answers = [model.outputs(x[k : k + 500]).argmax(axis=1) for k in range(0, len(x), 500)]
    return 100 * float((np.concatenate(answers) == labels).mean())


def taken(figure: Figure, scores: dict[str, list[float]], keep: str) -> float:
    """A figure of a run."""
    column, validation = scores[figure.of], scores["validation accuracy"]
    kept = len(column) - 1 if keep == "last" else validation.index(max(validation))
    return {"best": max(column), "first": column[0], "final": column[-1], "scored": column[kept]}[figure.take]


def expected(values: Sequence[float]) -> tuple[float, float]:
    """Between what the median of five other seeds is, with all but certainty."""
    share = mean(values) / 100
    error = 100 * sqrt(share * (1 - share) / 10_000)
    deviation = max(error, stdev(values)) if len(values) > 1 else error
    half = 3 * deviation * sqrt(1 / len(values) + MEDIAN_OF_FIVE)
    return mean(values) - half, mean(values) + half


def main(experiment: Experiment, recipe: Config, images: Dataset, seeds: int) -> None:
    """Train with each seed, and print what it gives."""
    figures = [each for each in experiment.figures if each.of in COLUMNS and not each.minus]
    rows = []
    for seed in range(1, seeds + 1):
        began, cpu = perf_counter(), process_time()
        scores = train(recipe, images, seed)
        rows.append([taken(figure, scores, recipe.training.keep) for figure in figures])
        values = ", ".join(f"{figure.name} {value:.2f}" for figure, value in zip(figures, rows[-1]))
        seconds = f"{perf_counter() - began:.0f} s, {process_time() - cpu:.0f} of the processor"
        print(f"{experiment.id}, seed {seed}: {values}; {seconds}", flush=True)
    for figure, column in zip(figures, zip(*rows)):
        low, high = expected(column)
        print(
            f"{experiment.id}, {figure.name}: median {median(column):.2f}, mean {mean(column):.2f}, "
            f"{min(column):.2f} to {max(column):.2f}; of five others the median {low:.2f} to {high:.2f}"
        )


def _asked() -> tuple[Experiment, Config, Dataset, int]:
    parser = data.options(__doc__)
    parser.add_argument("experiment", choices=[each.id for each in experiments.load() if each.config])
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    (experiment,) = experiments.select([arguments.experiment], experiments.load())
    assert experiment.config
    recipe = config.load(experiment.config, experiment.settings)
    if recipe.data.augment or any(layer.dropout for layer in recipe.network.layers):
        parser.error(f"{experiment.id} has more images or dropout, which are not written here")
    if arguments.quick:
        recipe = replace(recipe, training=replace(recipe.training, epochs=2))
    return experiment, recipe, data.load(arguments.data_dir), arguments.seeds


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        main(*_asked())
