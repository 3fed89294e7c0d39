"""nnbp, through the generator that `nnbp train` runs, on a data set as `nnbp train` has it, with
the engine that a run takes; nnbp_numpy.py and nnbp_compiled.py each name one.
"""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.job import Arrays, Job
from nnbp_cli import engines
from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.engines.automatic import compiled_pays
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.network import Network
from nnbp_cli.training import loop
from nnbp_cli.training.loop import TrainingState

INK = 0.19  # the share of MNIST's pixels that are not 0


class Contender:
    """See `benchmarks.job`."""

    engine = "auto"

    def __init__(self, job: Job, arrays: Arrays) -> None:
        threadpool_limits(job.threads, user_api="blas")
        np.seterr(all="ignore")
        training = Split(arrays.images, arrays.labels)
        validation = Split(arrays.validation_images, arrays.validation_labels)
        data = Dataset("", training, validation, validation, (28, 28), 10, "")
        network, config, self.state = begin(job, self.engine)
        engines.prepare(config.engine, sys.stderr.write)
        self.steps = loop.train(network, data, config, self.state)
        self.per_epoch = job.steps

    def train(self) -> None:
        """See `benchmarks.job`."""
        for _ in self.steps:
            if self.state.batch == self.per_epoch:
                return

    def accuracy(self) -> float:
        """See `benchmarks.job`."""
        return next(epoch.scores["validation accuracy"] for epoch in self.steps if epoch)


def chosen(job: Job) -> str:
    """The engine that a long run of a job takes, on MNIST."""
    work = [inputs * neurons for inputs, neurons in pairwise(job.sizes)]
    pays = compiled_pays(work, INK, job.batch_size, images=10**9, threads=job.threads)
    return "compiled" if pays else "numpy"


def begin(job: Job, engine: str = "auto") -> tuple[Network, TrainingConfig, TrainingState]:
    """The network of a job, how it is trained and its first state: all contenders begin with its weights."""
    book = job.hidden == "sigmoid"
    neurons = job.sizes[1:]
    activations = [job.hidden] * (len(neurons) - 1) + ["sigmoid" if book else "softmax"]
    layers = tuple(LayerConfig(neurons=n, activation=each) for n, each in zip(neurons, activations))  # type: ignore[arg-type]
    network = build(
        NetworkConfig(cost="cross-entropy" if book else "log-likelihood", layers=layers), (1, job.sizes[0])
    )
    training = TrainingConfig(
        epochs=10**6,
        batch_size=job.batch_size,
        optimizer="momentum" if job.momentum else "sgd",
        learning_rate=job.learning_rate,
        momentum=job.momentum or None,
        threads=job.threads,
        engine=chosen(job) if engine == "auto" else engine,  # type: ignore[arg-type]
    )
    return network, training, loop.initial_state(network, INITIALIZERS["default" if book else "he"], training)
