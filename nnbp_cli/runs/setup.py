"""What must be settled before a run begins: its data, and whatever its config left open."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from nnbp_cli import engines
from nnbp_cli.config import Config, DataConfig, build, check_against_data, load_data, not_compiled
from nnbp_cli.config.build import too_large
from nnbp_cli.datasets import sources
from nnbp_cli.datasets.dataset import Dataset
from nnbp_cli.datasets.remarks import remarks
from nnbp_cli.engines import ALONE, Communicator
from nnbp_cli.engines.automatic import compiled_pays
from nnbp_cli.errors import MissingData, NnbpError
from nnbp_cli.models import weights
from nnbp_cli.nn.network import Network
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.training.metrics import watches_test

# Multiplications in a layer's matrix product, below which one thread is used: a second would save little,
# and beside any other work on the machine the two wait for each other, which has cost a factor of ten.
MIN_WORK_FOR_THREADS = 250_000_000
IMAGES_LOOKED_AT = 100  # for the share of their pixels that are inked


@dataclass(frozen=True)
class Paths:
    """Where a run finds its data and leaves its results; `config` is the file that the config is from,
    `weights` where the weights go beside the run directory, if anywhere, and `data` the name by which the
    data set of a run that goes on is to be found now, if it is another. The files of the data set are in
    `data_folder`, if that is given, whatever its name says; a new run begins with the weights at `start`, if
    that is given.
    """

    config: Path
    data_dir: Path
    out: Path | None = None
    weights: Path | None = None
    offline: bool = False
    data: str | None = None
    data_folder: Path | None = None
    start: Path | None = None


def check_weights(run: Path | None, path: Path | None) -> Path | None:
    """Where weights go beside those in `run`, if anywhere. Raises NnbpError where they may not be written."""
    if path is None or (run and os.path.realpath(path) == os.path.realpath(run / "weights.npz")):
        return None
    weights.OUTPUT.check(path)
    return path


def load_or_download(data: DataConfig, paths: Paths, reporter: Reporter) -> Dataset:
    """The data set of a config, downloaded first where it can be and is not there at all."""
    if data.name == sources.SYNTHETIC and not paths.data_folder:
        folder = sources.locate(data.name, paths.data_dir, size=data.size, seed=data.seed)
        if not folder.exists():
            reporter.note(f"drawing the digits of {folder}")
    try:
        return load_data(data, paths.data_dir, str(paths.config), paths.data_folder, reporter.note)
    except MissingData:
        if paths.offline or not (published := sources.published(data.name)):
            raise
    from nnbp_cli.datasets.download import fetch  # with its library: a tenth of a second to import

    reporter.note(f"{published.name} is not in {paths.data_dir} yet; downloading it")
    fetch(published, paths.data_dir, reporter=reporter)
    return load_or_download(data, replace(paths, offline=True), reporter)


def settle(
    config: Config, paths: Paths, reporter: Reporter, communicator: Communicator = ALONE
) -> tuple[Config, Dataset, Network]:
    """The config with everything decided, its data set and its network. Raises ConfigError where config and
    data do not fit, NnbpError where the data fail.
    """
    if config.search:
        reporter.note("note: [search] is for 'nnbp search'; one run has no use for it")
        config = replace(config, search=None)
    data = load_or_download(config.data, paths, reporter)
    check_against_data(config, data, where=str(paths.config))
    for remark in remarks(data, shuffled=bool(config.data.shuffle)):
        reporter.note(f"note: {remark}")
    network = build(config.network, data.shape)
    return resolve(config, data, network, reporter, communicator), data, network


def resolve(
    config: Config, data: Dataset, network: Network, reporter: Reporter, communicator: Communicator = ALONE
) -> Config:
    """The config with everything it left open decided, so that it says all there is to say of the run."""
    training, cores = config.training, communicator.cores
    threads = training.threads
    if threads == "auto":
        largest = max(layer.work for layer in network.layers) * training.batch_size
        threads = 1 if largest < MIN_WORK_FOR_THREADS else cores
    elif threads > cores:
        # They would wait for each other: three threads on two cores have taken 28 times as long as one.
        threads = cores
        reporter.note(f"note: training.threads is {training.threads}, of {threads} cores; {threads} are used")
    config = replace(
        config,
        data=replace(config.data, train=len(data.training.labels), validation=len(data.validation.labels)),
        training=replace(training, threads=threads),
    )
    return with_engine(config, data, network, reporter, communicator)


def with_engine(
    config: Config, data: Dataset, network: Network, reporter: Reporter, communicator: Communicator = ALONE
) -> Config:
    """The config, of which everything else is decided, with an engine that is ready."""
    training = config.training
    if training.engine == "auto":
        several = communicator.size > 1
        compiled = not several and find_spec("numba") and _compiled_pays(config, data, network)
        training = replace(training, engine="compiled" if compiled else "numpy")
    try:
        engines.prepare(training.engine, reporter.note, communicator=communicator)
    except NnbpError as error:
        if config.training.engine != "auto":
            raise
        reporter.note(f"note: {error}; 'auto' takes numpy")
        training = replace(training, engine="numpy")
    return replace(config, training=training)


def _compiled_pays(config: Config, data: Dataset, network: Network) -> bool:
    training = config.training
    compiled = replace(training, engine="compiled")
    if any(not_compiled(config.network, training)) or too_large(network, compiled, data.nbytes):
        return False
    some = data.training.images[:IMAGES_LOOKED_AT]
    epochs = min(training.epochs, (training.patience or training.epochs) + 1)  # at least
    images = epochs * (config.data.train or len(data.training.labels)) * config.data.copies
    work = [layer.work for layer in network.layers]
    return compiled_pays(work, float((some > 0).mean()), training.batch_size, images, int(training.threads))


def describe(config: Config, data: Dataset, network: Network, ranks: int = 1) -> Iterator[str]:
    """What is about to be trained, line by line."""
    training, validation, test = (len(split.labels) for split in (data.training, data.validation, data.test))
    rows, columns = data.shape
    counts = f"{training:,} training, {validation:,} validation, {test:,} test images"
    yield f"{config.data.name}: {counts} of {rows}x{columns}"
    cost, seed, threads = config.network.cost, config.training.seed, config.training.threads
    engine = f", engine {config.training.engine}" if config.training.engine != "numpy" else ""
    each = f"{ranks} ranks of {threads}" if ranks > 1 else threads
    yield f"network {network.title}, cost {cost}, seed {seed}, threads {each}{engine}"
    if watches_test(config.training):
        yield "note: the test set is watched, to show its curve; nothing is chosen by it"
