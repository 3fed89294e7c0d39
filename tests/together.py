"""Trainings in float64 of the processes of an mpirun, each beside the same one by itself:

    mpirun -n 2 python -m tests.together

Rank 0 prints a line of JSON: by the name of each case how far theta ends from where one process ends, and
what else is not as it should be.
"""

import json
from dataclasses import dataclass

import numpy as np

from nnbp_cli.config import LayerConfig, NetworkConfig, TrainingConfig, build
from nnbp_cli.datasets.augment import Augmentation
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.engines.join import join
from nnbp_cli.nn.arrays import Array
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.optimizers import OPTIMIZERS
from nnbp_cli.training import loop
from nnbp_cli.training.history import Epoch
from tests.datasets import blobs

IMAGES = 121  # of which the last batch of an epoch is one
STEPS = 100


@dataclass(frozen=True)
class Case:
    """How a small network is trained."""

    optimizer: str = "sgd"
    batch_size: int = 10
    layers: tuple[LayerConfig, ...] = (LayerConfig(neurons=7, activation="tanh"),)
    augmentation: Augmentation | None = None
    l1: float = 0.0
    l2: float = 0.0

    def trained(self, communicator: Communicator) -> tuple[Array, list[Epoch]]:
        """Theta after 100 steps at least, and the epochs."""
        layers = (*self.layers, LayerConfig(neurons=5, activation="softmax"))
        data = blobs(training=IMAGES)
        network = build(NetworkConfig(cost="log-likelihood", layers=layers), data.shape)
        training = TrainingConfig(
            optimizer=self.optimizer,  # type: ignore[arg-type]
            batch_size=self.batch_size,
            epochs=-(-STEPS * self.batch_size // IMAGES),
            learning_rate=0.01,
            l1=self.l1,
            l2=self.l2,
            watch=("training cost", "validation accuracy", "layer speed"),
            engine="numpy",
            threads=1,
        )
        state = loop.initial_state(network, INITIALIZERS["glorot"], training, np.float64)
        list(loop.train(network, data, training, state, self.augmentation, communicator))
        return state.params.theta, state.history


DROPOUT = (
    LayerConfig(neurons=7, activation="tanh", dropout=0.5),
    LayerConfig(neurons=6, activation="relu", dropout=0.2),
)
CASES = {
    **{name: Case(name, l2=0.5) for name in OPTIMIZERS},
    "dropout": Case(layers=DROPOUT, batch_size=9),
    "distortion": Case(augmentation=Augmentation(shift=1, rotation=10)),
    "dropout, distortion, adam": Case("adam", 17, DROPOUT, Augmentation(elastic=5), l1=0.3),
    "convolution": Case(layers=(LayerConfig(maps=3, kernel=2, pool=2, activation="relu"), *DROPOUT)),
    "batches that do not divide": Case("momentum", batch_size=7),
    "fewer rows than ranks": Case("adam", batch_size=2, l1=0.1),
}


def main() -> None:
    """Train every case."""
    ranks = join(timeout=60)
    found: dict[str, float] = {}
    wrong: list[str] = []
    for name, case in CASES.items():
        theta, epochs = case.trained(ranks)
        alone, expected = case.trained(ALONE)
        found[name] = float(abs(theta - alone).max())
        first = theta.copy()
        ranks.broadcast(first)
        if ranks.any(first.tobytes() != theta.tobytes()):
            wrong.append(f"{name}: not the same bits in all processes")
        again, epochs_again = case.trained(ranks) if case.augmentation else (theta, epochs)
        if again.tobytes() != theta.tobytes() or [each.scores for each in epochs] != [
            each.scores for each in epochs_again
        ]:
            wrong.append(f"{name}: other bits when repeated")
        for one, other in zip(epochs, expected, strict=True):
            if not np.allclose(list(one.scores.values()), list(other.scores.values()), rtol=1e-10, atol=0):
                wrong.append(f"{name}: {one.scores} where one process has {other.scores}")
    if ranks.rank == 0:
        print(json.dumps({"size": ranks.size, "cores": ranks.cores, "found": found, "wrong": wrong}))
    ranks.close()


if __name__ == "__main__":
    main()
