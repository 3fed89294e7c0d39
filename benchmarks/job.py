"""What a contender is asked to do, and what it is given to do it with: nothing but numpy arrays.

All of them get the same images, the same order of them in every epoch, the same first weights and the same
rule of a step, and so do the same arithmetic, up to rounding.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nnbp_cli.rng import generator

Array = Any


@dataclass(frozen=True)
class Job:
    """A network and how it is trained.

    `hidden` "sigmoid" is the book's network of chapter 3: sigmoid outputs and cross-entropy. "relu" is the
    field's: softmax and log-likelihood. For both the output's error is a - y. `images` is a multiple of the
    batch size, since JAX and torch.compile want every batch to have the same shape.
    """

    sizes: tuple[int, ...]
    batch_size: int
    learning_rate: float
    momentum: float = 0.0
    hidden: str = "sigmoid"
    images: int = 50_000
    threads: int = 1

    @property
    def network(self) -> str:
        """784-30-10."""
        return "-".join(map(str, self.sizes))

    @property
    def name(self) -> str:
        """The network, its batches and its rule."""
        return f"{self.network}, batch {self.batch_size}, {'momentum' if self.momentum else 'SGD'}"

    def __str__(self) -> str:
        """Everything, as a heading says it."""
        functions = "sigmoid, cross-entropy" if self.hidden == "sigmoid" else "ReLU, softmax"
        threads = f"{self.threads} thread{'s' * (self.threads > 1)}"
        return f"{self.name}, {functions}, {self.images:,} images, {threads}"

    @property
    def weights(self) -> int:
        """How many, without the biases."""
        return sum(before * neurons for before, neurons in pairwise(self.sizes))

    @property
    def steps(self) -> int:
        """How many an epoch has."""
        return self.images // self.batch_size

    def to_json(self) -> str:
        """For the command line of a contender."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """What `to_json` wrote."""
        fields = json.loads(text)
        return cls(**fields | {"sizes": tuple(fields["sizes"])})


@dataclass(frozen=True)
class Arrays:
    """Images, (n, 784), and labels, (n,), both uint8; the first W and b of every layer."""

    images: Array
    labels: Array
    validation_images: Array
    validation_labels: Array
    start: list[tuple[Array, Array]]

    def save(self, path: Path) -> None:
        """Write everything to a .npz file."""
        four = {key: value for key, value in vars(self).items() if key != "start"}
        windows = {
            f"{name}{l}": window for l, pair in enumerate(self.start) for name, window in zip("Wb", pair)
        }
        np.savez(path, **four, **windows)

    @classmethod
    def load(cls, path: Path) -> Arrays:
        """What `save` wrote."""
        with np.load(path) as file:
            layers = sum(name.startswith("W") for name in file.files)
            start = [(file[f"W{l}"], file[f"b{l}"]) for l in range(layers)]
            return cls(**{name: file[name] for name in file.files if not name[1:].isdigit()}, start=start)


class Contender(Protocol):
    """What a module in `contenders` has to offer, under this name: made of a job and its arrays."""

    def train(self) -> None:
        """Go once through the training images, each time in the next epoch's `order`."""

    def accuracy(self) -> float:
        """The share of the validation images that is recognized now."""


def order(images: int, epoch: int) -> Array:
    """The numbers of the images in the order of an epoch: nnbp's, with seed 1."""
    return generator(1, "shuffle", epoch).permutation(images)


def one_hot(labels: Array) -> Array:
    """Targets y, (n, 10), float32."""
    return np.eye(10, dtype=np.float32)[labels]
