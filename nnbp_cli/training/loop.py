"""Mini-batch stochastic gradient descent, as a generator that prints and writes nothing.

It yields at every point where a run may safely be left: None after some batches or a block of evaluation,
and an `Epoch` when one is complete. Whoever asks for the next step draws the progress bar, writes the log,
saves, and stops by no longer asking. All that the rest of a run depends on is in `TrainingState`, which
changes only between yields; a run that is given its state again goes on to the same end, bit for bit.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from math import ceil, isfinite, nan
from time import perf_counter

import numpy as np
import numpy.typing as npt

from nnbp_cli import engines
from nnbp_cli.config import TrainingConfig, learning_rate, optimizer
from nnbp_cli.datasets.augment import Augmentation, distortion
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.divergence import diverged
from nnbp_cli.engines import ALONE, Communicator, Engine
from nnbp_cli.errors import Diverged
from nnbp_cli.nn.arrays import Array, aligned_zeros
from nnbp_cli.nn.initializers import Initializer
from nnbp_cli.nn.network import Network
from nnbp_cli.nn.parameters import Parameters
from nnbp_cli.nn.penalties import Penalty
from nnbp_cli.rng import generator
from nnbp_cli.training.batches import chunks, smoothed_targets
from nnbp_cli.training.history import Epoch, best, ended, halvings
from nnbp_cli.training.metrics import SPEED, evaluate_watched

# In a chunk, after which the loop yields; that costs something where a batch takes no time.
BATCHES_PER_CHUNK = 512
WORK_PER_CHUNK = 1_000_000_000  # multiplications; a few hundredths of a second


@dataclass
class TrainingState:
    """Where a run is: `epoch` epochs complete, and `batch` batches of the next one.

    `best_theta` is theta at the epoch to keep so far (the best, or the last), `optimizer_state` (slots,
    parameters); `seconds` is the time that this epoch's batches have taken, `cost` the mean of the last one.
    """

    params: Parameters
    best_theta: Array
    optimizer_state: Array
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    cost: float = float("nan")
    history: list[Epoch] = field(default_factory=list)


def initial_state(
    network: Network, initializer: Initializer, training: TrainingConfig, dtype: npt.DTypeLike = np.float32
) -> TrainingState:
    """The state of a run that has yet to begin: drawn parameters, empty slots."""
    state = empty_state(network, training, dtype)
    initializer.fill(network, state.params, generator(training.seed, "initialization"))
    state.best_theta[:] = state.params.theta
    return state


def empty_state(
    network: Network, training: TrainingConfig, dtype: npt.DTypeLike = np.float32
) -> TrainingState:
    """A state of the right shapes, all zero."""
    params = network.parameters(dtype)
    rows, size = optimizer(training).rows, params.theta.size
    optimizer_state = aligned_zeros(rows * size, dtype).reshape(rows, size)
    return TrainingState(params, best_theta=np.zeros_like(params.theta), optimizer_state=optimizer_state)


def penalty(training: TrainingConfig, dataset: Dataset) -> Penalty:
    """The regularization that a config asks for, for this training set."""
    return Penalty(l1=training.l1, l2=training.l2, images=dataset.training.examples)


def batches_per_epoch(dataset: Dataset, training: TrainingConfig) -> int:
    """How many batches an epoch has, a short last one included."""
    return ceil(dataset.training.examples / training.batch_size)


def batches_per_chunk(engine: Engine) -> int:
    """How many batches an engine is given at once, at most."""
    return min(
        BATCHES_PER_CHUNK,
        max(1, engine.images_at_once // engine.batch_size),
        1 + WORK_PER_CHUNK // (3 * engine.batch_size * engine.network.work),
    )


def train(
    network: Network,
    dataset: Dataset,
    training: TrainingConfig,
    state: TrainingState,
    augmentation: Augmentation | None = None,
    communicator: Communicator = ALONE,
) -> Iterator[Epoch | None]:
    """Train from `state` to the end of the last epoch, or of the one where training ends early, as one of the
    processes of a `communicator`: each must take every step with the others.

    With an `augmentation` the images that are learned from are distorted, anew in each epoch; those that
    something is measured on are not.

    Raises Diverged when the cost or a parameter is no longer finite.
    """
    params = state.params
    targets = smoothed_targets(dataset.classes, training.label_smoothing, params.theta.dtype)
    regularization = penalty(training, dataset)
    batch_size, per_epoch = training.batch_size, batches_per_epoch(dataset, training)
    engine = engines.named(training.engine)(
        network,
        optimizer(training),
        regularization,
        targets,
        batch_size,
        params,
        state.optimizer_state,
        communicator,
    )
    rate = learning_rate(training)
    max_batches = batches_per_chunk(engine)
    distorting = distortion(augmentation, dataset.shape) if augmentation else None
    # A second thread pays where a core is free, and matrix products do not use it: theirs would wait for it.
    background = training.threads == 1 and communicator.cores > 1

    def scores_now() -> Generator[None, None, dict[str, float]]:
        check_finite(state)
        measured = (network, dataset, training, params, regularization, targets, communicator)
        scores = yield from evaluate_watched(*measured, _after(state))
        for name, value in scores.items():
            if not isfinite(value):
                raise _diverged(state, f"{name} is")
        return scores

    def masks(step: int) -> np.random.Generator:
        return generator(training.seed, "dropout", *divmod(step - 1, per_epoch))

    def learn(images: Array, labels: Array, halved: int) -> None:
        batches = ceil(len(labels) / batch_size)
        first_step = state.epoch * per_epoch + state.batch + 1
        # At the middle of a step, so that a rate that begins or ends at zero is never zero.
        steps = range(first_step, first_step + batches)
        rates = [rate.at((step - 0.5) / per_epoch, halved) for step in steps]
        state.cost = engine.advance(images, labels, rates, first_step, masks if network.random else None)
        state.batch += batches
        if not isfinite(state.cost):
            raise _diverged(state)

    if SPEED in training.watch and not state.history:
        state.history.append(Epoch(0, nan, 0.0, (yield from scores_now())))
        yield state.history[-1]

    while not ended(state.history, training):
        halved = halvings(state.history, training)
        distorted = distorting if state.epoch < rate.epochs else None  # not in the finish
        clock = perf_counter()
        for chunk in chunks(
            dataset.training,
            batch_size,
            max_batches,
            seed=training.seed,
            epoch=state.epoch,
            first=state.batch,
            shuffle=training.shuffle,
            distortion=distorted,
            background=background and distorted is not None,
        ):
            if chunk:
                learn(*chunk, halved)
            state.seconds += perf_counter() - clock
            yield None
            clock = perf_counter()

        scores = yield from scores_now()
        last_rate = rate.at(state.epoch + 1 - 0.5 / per_epoch, halved)
        epoch = Epoch(state.epoch + 1, last_rate, state.seconds, scores)
        state.history.append(epoch)
        if best(state.history, training) is epoch:
            state.best_theta[:] = params.theta
        state.epoch, state.batch, state.seconds = state.epoch + 1, 0, 0.0
        yield epoch


def check_finite(state: TrainingState) -> None:
    """Raise Diverged where a parameter, or what the optimizer remembers of it, is no longer finite."""
    if not (np.isfinite(state.params.theta).all() and np.isfinite(state.optimizer_state).all()):
        raise _diverged(state, "what the optimizer remembers is")


def _diverged(state: TrainingState, what: str = "the cost is") -> Diverged:
    return diverged("training", state.params, _after(state), what)


def _after(state: TrainingState) -> str:
    return f"after batch {state.batch} of epoch {state.epoch + 1}"
