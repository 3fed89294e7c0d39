"""Which engine "auto" is, and what of it a run remembers."""

import json
import os
import sys
import tomllib
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

from nnbp_cli import config
from nnbp_cli.config import DataConfig
from nnbp_cli.config.build import needed_memory
from nnbp_cli.engines import automatic
from nnbp_cli.engines.automatic import compiled_pays
from nnbp_cli.reproduction import reproduce as whole
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.runs import checkpoint, setup
from nnbp_cli.runs.setup import with_engine
from nnbp_cli.system import files, hardware
from nnbp_cli.system.reporter import SILENT
from tests.command_line import Said, nnbp
from tests.small_run import replace as edit
from tests.small_run import results, train, without_numba

needs_numba = pytest.mark.skipif(not find_spec("numba"), reason="the extra 'fast' is not installed")
AUTO = ("-q", "--set", "training.engine=auto")
MNIST, DENSE = 0.19, 1.0  # ink


@pytest.mark.parametrize(
    ("sizes", "ink", "batch_size", "epochs", "threads", "pays"),
    [
        ([784, 30, 10], MNIST, 10, 2, 1, False),  # over in half a second
        ([784, 30, 10], MNIST, 10, 30, 1, True),
        ([784, 160, 10], MNIST, 128, 3, 1, True),  # configs/fast.toml
        ([784, 100, 10], MNIST, 100, 30, 1, True),
        ([784, 100, 10], MNIST, 100, 30, 2, False),  # BLAS has another core
        ([784, 800, 10], MNIST, 600, 30, 1, True),  # a fifth of the work is less than what BLAS gains
        ([784, 100, 10], DENSE, 32, 30, 1, False),  # the same work, and it gains
        ([784, 512, 512, 10], MNIST, 256, 60, 1, False),  # most of the work is behind the first layer
        ([784, 256, 256, 10], MNIST, 10, 60, 1, True),  # of which BLAS does not gain as much in small batches
    ],
)
def test_the_compiled_engine_is_taken_where_it_was_measured_to_end_sooner(
    sizes: list[int], ink: float, batch_size: int, epochs: int, threads: int, pays: bool
) -> None:
    work = [before * neurons for before, neurons in pairwise(sizes)]
    assert compiled_pays(work, ink, batch_size, epochs * 50_000, threads) is pays


@pytest.fixture
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are long enough for the compiled engine, however short."""
    monkeypatch.setattr(automatic, "LEAST_SAVED_WORK", 1)


def engine_of(run: str | Path) -> str:
    """What the config of a run says."""
    engine: str = tomllib.loads(Path(run, "config.toml").read_text())["training"]["engine"]
    return engine


@needs_numba
@pytest.mark.usefixtures("short_runs")
def test_a_run_is_what_it_is_with_the_engine_that_auto_took(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("--out", "compiled", "-q", "--set", "training.engine=compiled")
    assert train("--out", "run", *AUTO).status == 0
    assert results(Path("run")) == results(Path("compiled"))
    without_numba(monkeypatch)
    remedy = "pip install 'nnbp-cli[fast]', or train a new run with 'numpy'"
    line = f"training.engine: 'compiled' needs numba; {remedy}\n"
    more = ("--set", "training.epochs=4", "-q")
    assert nnbp("train", "--resume", "run", *more) == Said(1, "", line)
    train("--out", "numpy", "-q")
    said = train("--out", "auto", "--set", "training.engine=auto")
    assert (said.status, "numba" in said.err) == (0, False), "who has not installed it does not miss it"
    assert results(Path("auto")) == results(Path("numpy"))


@pytest.mark.usefixtures("short_runs")
def test_a_numba_that_cannot_be_used_is_not(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_numba(monkeypatch)
    monkeypatch.delitem(sys.modules, "numba")
    Path("numba.py").write_text("raise ImportError('numba needs an older numpy')")
    monkeypatch.syspath_prepend(here)
    said = train("--out", "run", "--set", "training.engine=auto")
    assert "'compiled' cannot use numba (numba needs an older numpy); " in said.err
    assert (said.status, engine_of("run")) == (0, "numpy")


@needs_numba
@pytest.mark.parametrize(
    ("settings", "engine"),
    [
        ([], "compiled"),
        (["training.patience=1"], "numpy"),  # it may end after two epochs
        (["data.train=20"], "numpy"),
        (["network.layers.0.dropout=0.1"], "numpy"),
        (["network.layers.0={maps=2, kernel=5, activation='relu'}"], "numpy"),
    ],
)
def test_auto_is_numpy_where_a_run_may_be_short_or_cannot_be_compiled(
    here: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch, settings: list[str], engine: str
) -> None:
    monkeypatch.setattr(automatic, "LEAST_SAVED_WORK", 500_000_000)
    auto = ["training.engine=auto", "training.threads=1", "training.epochs=100"]
    loaded = config.load("small.toml", [*auto, *settings])
    data = config.load_data(loaded.data, drawn, where="small.toml")
    network = config.build(loaded.network, data.shape)
    assert with_engine(loaded, data, network, SILENT).training.engine == engine
    compiled = replace(loaded.training, engine="compiled")
    memory = needed_memory(network, compiled) + data.nbytes - 1
    monkeypatch.setattr(hardware, "total_memory", lambda: memory)
    assert with_engine(loaded, data, network, SILENT).training.engine == "numpy"


@pytest.mark.usefixtures("short_runs")
def test_a_run_of_which_nothing_but_an_older_config_is_left_goes_on_with_numpy(here: Path) -> None:
    train("--out", "run", "-q")
    before = results(Path("run"))
    for name in ("checkpoint.npz", "log.csv", "summary.json", "weights.npz"):
        Path("run", name).unlink()
    edit("run/config.toml", 'engine = "numpy"\n', "")
    assert nnbp("train", "--resume", "run", "-q").status == 0
    assert results(Path("run")) == before


@pytest.mark.usefixtures("short_runs")
def test_a_run_from_when_there_was_but_one_engine_goes_on_with_numpy(here: Path) -> None:
    train("--out", "long", "-q", "--set", "training.epochs=4")
    train("--out", "run", "-q")
    left = checkpoint.load(Path("run/checkpoint.npz"))
    training = replace(left.config.training, engine="auto")
    older = replace(left, config=replace(left.config, training=training))
    checkpoint.save(Path("run/checkpoint.npz"), older, files.anything)
    edit("run/config.toml", 'engine = "numpy"\n', "")
    assert nnbp("train", "--resume", "run", "-q", "--set", "training.epochs=4").status == 0
    assert results(Path("run"))["state"] == results(Path("long"))["state"]


@needs_numba
@pytest.mark.slow
@pytest.mark.usefixtures("short_runs")
def test_all_seeds_and_all_runs_of_the_book_have_the_engine_that_was_made_ready_for_them(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With two threads numpy would be taken, but of seeds that go on at a time each has one.
    monkeypatch.setattr(setup, "MIN_WORK_FOR_THREADS", 1)
    monkeypatch.setattr(hardware, "available_cpus", lambda: 2)
    batches = ("--set", "training.batch_size=100")
    assert train("--out", "alone", *batches, *AUTO).status == 0
    assert engine_of("alone") == "numpy"
    assert train("--out", "seeds", "--seeds", 2, *batches, *AUTO).status == 0
    monkeypatch.setattr(whole, "DATA", DataConfig(name="synthetic", size=600, seed=1))
    small = Experiment("small", "784-12-10", here / "small.toml", ("training.engine=auto",), ())
    whole.reproduce([small], 2, 2, Path("book"), Path(os.environ["NNBP_DATA_DIR"]), SILENT)
    runs = [*Path("seeds").glob("seed-*"), *Path("book").iterdir()]
    assert [engine_of(run) for run in runs] == ["compiled"] * 4
    for run in runs:
        assert "numba" in json.loads((run / "summary.json").read_text())["versions"]
