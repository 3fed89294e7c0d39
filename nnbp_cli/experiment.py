"""A whole run, from a config to the scored weights: the one module that knows all the others.

config -> data -> network -> training -> run directory -> test score
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from nnbp_cli import __version__, interrupts, machine, run_directory, weights
from nnbp_cli.config import Config, augmentation, build, check_against_data, load_data, sizes, to_toml
from nnbp_cli.datasets import catalog, download, sources
from nnbp_cli.datasets.dataset import Dataset, Split
from nnbp_cli.errors import ConfigError, Diverged, MissingData
from nnbp_cli.evaluation import evaluate
from nnbp_cli.nn.initializers import INITIALIZERS
from nnbp_cli.nn.network import Network
from nnbp_cli.run_directory import RunDirectory
from nnbp_cli.training import history, loop, watching
from nnbp_cli.training.history import Epoch
from nnbp_cli.training.loop import State
from nnbp_cli.weights import Weights

# Below this many multiplications in a layer's matrix product one thread is used: a second would save little,
# and beside any other work on the machine the two wait for each other, which has cost a factor of ten.
ONE_THREAD = 250_000_000

SAVE_EVERY = 10  # seconds between two times that the best weights so far are put on disk


class Display(Protocol):
    """Who is told how a run is going."""

    def note(self, message: str) -> None:
        """A line about the run."""

    def download(self) -> AbstractContextManager[download.Progress]:
        """Who is told how a download is going, while it is."""

    def begin(self, epochs: int, batches: int) -> None:
        """Training begins; an epoch has so many batches."""

    def step(self, state: State) -> None:
        """A batch, or a block of evaluation, is done."""

    def epoch(self, epoch: Epoch) -> None:
        """An epoch is complete."""

    def end(self) -> None:
        """Training has ended, in whatever way."""


@dataclass(frozen=True)
class Paths:
    """Where a run finds its data and leaves its results; `config` is the file that the config is from,
    `weights` where the weights go beside the run directory, if anywhere.
    """

    config: Path
    data_dir: Path
    out: Path | None = None
    weights: Path | None = None
    offline: bool = False


def run(config: Config, paths: Paths, display: Display) -> dict[str, Any]:
    """Train what `config` describes and score it; the summary, which is also in the run directory.

    Raises ConfigError where config and data do not fit, NnbpError when data, disk or training fail.
    """
    moment = datetime.now().astimezone().isoformat(timespec="seconds")
    began, cpu = perf_counter(), process_time()
    if paths.weights:
        weights.check_replaceable(paths.weights)
    if paths.out:
        run_directory.check_free(paths.out)
    data = _obtain(config, paths, display)
    check_against_data(
        config,
        where=str(paths.config),
        images=len(data.training.labels),
        validation=len(data.validation.labels),
        inputs=data.inputs,
        classes=data.classes,
    )
    config = _decided(config, data, display)
    network = build(config.network, data.inputs)

    directory = run_directory.create(paths.out, paths.config.stem)
    directory.write_config(to_toml(config))
    directory.start_log(watching.names(config.training, network))
    for line in _introduction(config, data):
        display.note(line)

    with (
        threadpool_limits(config.training.threads, user_api="blas"),
        np.errstate(all="ignore"),
        interrupts.deferred() as signal_received,
    ):
        state = loop.start(network, INITIALIZERS[config.network.initializer], config.training)
        stopped_by = _train(network, data, config, state, directory, display, signal_received)
        learned = _learned(network, data, config, state)
        weights.save(directory.weights, learned)
        if paths.weights:
            weights.save(paths.weights, learned)
        complete = not stopped_by
        validation = _scored(learned, data.validation) if complete else None
        test = _scored(learned, data.test) if complete else None
        summary = {
            "run": str(directory.path),
            "weights": str(paths.weights or directory.weights),
            "began": moment,
            "parameters": network.size,
            **_facts(config, data),
            "epochs": state.epoch,
            "epochs_at_most": config.training.epochs,
            "stopped_by": stopped_by,
            "ended": history.ended(state.history, config.training),
            "kept_epoch": learned.epoch,
            "kept": dict(history.best(state.history, config.training).scores) if state.epoch else {},
            "validation": validation,
            "test": test,
            "seconds": {
                "training": round(sum(epoch.seconds for epoch in state.history), 3),
                "total": round(perf_counter() - began, 3),
                "total_cpu": round(process_time() - cpu, 3),
            },
        }
        directory.write_summary(summary)
    return summary


def _facts(config: Config, data: Dataset) -> dict[str, Any]:
    """What a run was, for its summary: everything that was known before it began."""
    return {
        "network": sizes(config.network, data.inputs),
        "data": asdict(config.data) | {"digest": data.digest, "test": len(data.test.labels)},
        "test_set_watched": _watches_test(config),
        "threads": config.training.threads,
        "seed": config.training.seed,
        "versions": {"nnbp": __version__, "numpy": np.__version__, "python": platform.python_version()},
    }


def _obtain(config: Config, paths: Paths, display: Display) -> Dataset:
    """The data set of the config, downloaded first where it can be and is not there at all."""
    name = config.data.name
    try:
        folder = sources.locate(name, paths.data_dir, size=config.data.size, seed=config.data.seed)
        if name == sources.SYNTHETIC and not folder.exists():
            display.note(f"drawing the digits of {folder}")
        return load_data(config.data, paths.data_dir)
    except ConfigError as error:
        raise ConfigError(f"{paths.config}: {error}") from error
    except MissingData:
        if paths.offline or name not in catalog.CATALOG:
            raise
    display.note(f"{name} is not in {paths.data_dir} yet; downloading it")
    with display.download() as progress:
        download.fetch(catalog.CATALOG[name], paths.data_dir, progress=progress)
    return _obtain(config, replace(paths, offline=True), display)


def _decided(config: Config, data: Dataset, display: Display) -> Config:
    """The config with everything it left open decided, so that it says all there is to say of the run."""
    training = config.training
    threads = training.threads
    if threads == "auto":
        neurons = [data.inputs, *(layer.neurons for layer in config.network.layers)]
        largest = max(a * b for a, b in pairwise(neurons)) * training.batch_size
        threads = 1 if largest < ONE_THREAD else machine.cores()
    elif threads > machine.cores():
        # They would wait for each other: three threads on two cores have taken 28 times as long as one.
        threads = machine.cores()
        display.note(f"note: training.threads is {training.threads}, of {threads} cores; {threads} are used")
    return replace(
        config,
        data=replace(config.data, train=len(data.training.labels), validation=len(data.validation.labels)),
        training=replace(training, threads=threads),
    )


def _train(
    network: Network,
    data: Dataset,
    config: Config,
    state: State,
    directory: RunDirectory,
    display: Display,
    signal_received: Callable[[], str | None],
) -> str | None:
    """Train to the end, or to the first signal, whose name is returned; log and save on the way."""
    saved = perf_counter()
    display.begin(config.training.epochs, loop.batches_per_epoch(data, config.training))
    try:
        for epoch in loop.train(network, data, config.training, state, augmentation(config.data)):
            if epoch is None:
                display.step(state)
            else:
                directory.log(epoch)
                display.epoch(epoch)
                if state.epoch and perf_counter() - saved >= SAVE_EVERY:
                    weights.save(directory.weights, _learned(network, data, config, state))
                    saved = perf_counter()
            if (name := signal_received()) and not history.ended(state.history, config.training):
                return name
    except Diverged as error:
        if not state.epoch:
            raise
        weights.save(directory.weights, _learned(network, data, config, state))
        raise Diverged(f"{error}; the weights kept before are in {directory.weights}") from error
    finally:
        display.end()
    return None


def _learned(network: Network, data: Dataset, config: Config, state: State) -> Weights:
    """What a run has to show so far: the kept weights, or before the first epoch's end those at hand."""
    params = network.parameters(state.params.theta.dtype)
    params.theta[:] = state.kept if state.epoch else state.params.theta
    return Weights(
        config=config.network,
        params=params,
        data=config.data,
        shape=data.shape,
        digest=data.digest,
        penalty=loop.penalty(config.training, data),
        epoch=history.best(state.history, config.training).number if state.epoch else 0,
    )


def _scored(learned: Weights, split: Split) -> dict[str, float] | None:
    """How good the kept weights are on a split, which may be empty."""
    if not len(split.labels):
        return None
    score = evaluate(learned.network, learned.params, split, learned.penalty)
    return {"accuracy": score.accuracy, "cost": score.cost}


def _introduction(config: Config, data: Dataset) -> Iterator[str]:
    training, validation, test = (len(split.labels) for split in (data.training, data.validation, data.test))
    rows, columns = data.shape
    counts = f"{training:,} training, {validation:,} validation, {test:,} test images"
    yield f"{config.data.name}: {counts} of {rows}x{columns}"
    cost, seed, threads = config.network.cost, config.training.seed, config.training.threads
    yield f"network {sizes(config.network, data.inputs)}, cost {cost}, seed {seed}, threads {threads}"
    if _watches_test(config):
        yield "note: the test set is watched, to show its curve; nothing is chosen by it"


def _watches_test(config: Config) -> bool:
    return any(name.startswith("test") for name in config.training.watch)
