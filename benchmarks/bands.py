"""Where a right program lands: experiments of the book trained in PyTorch, by which their bands are set.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.bands ch6-one-convolution --seeds 3 [--data-dir DIR]

Of nnbp it has the recipe, which is the experiment's config, and the images. First weights and their random
numbers, the order of the images, gradients, steps and the choice of an epoch are its own or PyTorch's. It
trains in float64, but convolutions in float32, on one thread.

For each seed it prints the figures, for each figure where the median of five other seeds should be: within
three deviations of how far it may be from the mean of these. The deviation of one seed is that of those
measured, or, where few happen to agree, the standard error of a share of 10,000 images.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import prod, sqrt
from statistics import mean, median, stdev
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks import data
from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.reproduction import experiments
from nnbp_cli.reproduction.experiments import Experiment, Figure

COLUMNS = ("validation accuracy", "test accuracy")
MEDIAN_OF_FIVE = 0.287  # its variance, where that of one is 1 and normal

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"sigmoid": torch.sigmoid, "relu": torch.relu}


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
            windows.append(window.requires_grad_())
    return windows


class Model:
    """A network of an experiment, as functions of its windows."""

    def __init__(self, recipe: Config, generator: torch.Generator, dtype: torch.dtype) -> None:
        self.layers, self.cost_name = recipe.network.layers, recipe.network.cost
        self.windows = first_windows(self.layers, recipe.network.initializer, generator, dtype)

    def weighted_inputs(self, a: Tensor) -> Tensor:
        """z of the output layer, (m, 10), for pictures, (m, 1, 28, 28)."""
        for l, layer in enumerate(self.layers):
            W, b = self.windows[2 * l : 2 * l + 2]
            if layer.maps:
                W, a = (each.contiguous(memory_format=torch.channels_last) for each in (W, a))
                z = (
                    functional.max_pool2d(functional.conv2d(a, W), layer.pool or 1) + b
                )  # pooled first, as in network3
            else:
                z = functional.linear(a.flatten(1), W, b)
            if layer is not self.layers[-1]:
                a = ACTIVATIONS[layer.activation](z)
        return z

    def cost(self, z: Tensor, labels: Tensor) -> Tensor:
        """The mean cost of a batch, of the outputs that the cost goes with: softmax, or else sigmoid."""
        if self.cost_name == "log-likelihood":
            return functional.cross_entropy(z, labels)
        y = functional.one_hot(labels, 10).to(z.dtype)
        if self.cost_name == "cross-entropy":
            return functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z)
        return functional.mse_loss(torch.sigmoid(z), y, reduction="sum") / 2 / len(z)


def train(recipe: Config, images: Dataset, seed: int) -> dict[str, list[float]]:
    """The accuracies after each epoch, in percent; stderr says them at once."""
    dtype = torch.float32 if recipe.network.layers[0].maps else torch.float64
    training, generator = recipe.training, torch.Generator().manual_seed(seed)
    model = Model(recipe, generator, dtype)
    n = recipe.data.train or 0
    x, labels = _tensors(Split(images.training.images[:n], images.training.labels[:n]), dtype)
    splits = [_tensors(split, dtype) for split in (images.validation, images.test)]
    weights, rate = [window.data for window in model.windows[::2]], training.learning_rate
    everything = [window.data for window in model.windows]
    order = torch.arange(n) if training.shuffle == "never" else torch.randperm(n, generator=generator)
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for epoch in range(training.epochs):
        if training.shuffle == "epoch":
            order = torch.randperm(n, generator=generator)
        for batch in order.split(training.batch_size):
            cost = model.cost(model.weighted_inputs(x[batch]), labels[batch])
            slopes = torch.autograd.grad(cost, model.windows)
            if training.l2:
                torch._foreach_mul_(weights, 1 - rate * training.l2 / n)
            torch._foreach_add_(everything, slopes, alpha=-rate)
        for column, split in zip(COLUMNS, splits):
            scores[column].append(accuracy(model, *split))
        said = ", ".join(f"{column} {each[-1]:.2f}" for column, each in scores.items())
        print(f"seed {seed}, epoch {epoch + 1}: {said}", file=sys.stderr)
    return scores


def _tensors(split: Split, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    pictures = torch.from_numpy(split.images.copy()).reshape(-1, 1, 28, 28)
    return pictures.to(dtype) / 255, torch.from_numpy(split.labels.copy()).long()


def accuracy(model: Model, x: Tensor, labels: Tensor) -> float:
    """How many of the images it recognizes, in percent."""
    with torch.inference_mode():
        answers = torch.cat([model.weighted_inputs(part).argmax(1) for part in x.split(500)])
    return 100 * float((answers == labels).double().mean())


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
    return experiment, recipe, data.load(arguments.data_dir), arguments.seeds


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*_asked())
