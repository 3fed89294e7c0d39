"""What all tests share: no data directory from outside, and the real MNIST only where it is."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.command_line import nnbp
from tests.small_run import CONFIG, WATCH, replace

# What a script starts in the background ignores Ctrl-C, and so would every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fast", max_examples=15)  # of `make test-fast`

OUTSIDE = Path(os.environ.get("NNBP_DATA_DIR", "data")).resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not (OUTSIDE / "mnist").is_dir():
        skip = pytest.mark.skip(
            reason="no real MNIST: 'nnbp download' brings it, NNBP_DATA_DIR names another place"
        )
        for item in items:
            if item.get_closest_marker("mnist"):
                item.add_marker(skip)


@pytest.fixture
def real_data() -> Path:
    """The data directory that holds the real MNIST."""
    return OUTSIDE


@pytest.fixture(autouse=True)
def _no_data_directory_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NNBP_DATA_DIR", raising=False)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which the synthetic digits are kept from test to test."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """A run of small.toml that watched a good deal while its rate fell, for whoever reads it or copies it."""
    config, run = (tmp_path_factory.mktemp("trained") / name for name in ("small.toml", "run"))
    config.write_text(CONFIG)
    weights, falling = ("--weights", run.with_name("weights.npz")), ("--set", "training.schedule=linear")
    line = ("--out", run, "--data-dir", drawn, *weights, "-q", "--set", WATCH, *falling)
    assert nnbp("train", "--config", config, *line).status == 0
    return run


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory, drawn: Path) -> Path:
    """The folder of a study of nine trials that has ended, and said.json, what its search said."""
    pytest.importorskip("optuna", reason="the extra 'search' is not installed")
    folder = tmp_path_factory.mktemp("searched")
    parameters = (
        '"training.learning_rate" = { min = 0.001, max = 1.0, scale = "log" }\n'
        '"training.batch_size" = { values = [10, 20] }\n'
    )
    (folder / "small.toml").write_text(f"{CONFIG}[search]\ntrials = 9\n[search.parameters]\n{parameters}")
    line = ("--study", folder / "eta/study.journal", "--data-dir", drawn, "-q", "--json")
    said = nnbp("search", folder / "small.toml", *line)
    assert said.status == 0
    (folder / "eta/said.json").write_text(said.out)
    return folder / "eta"


@pytest.fixture(params=["numpy", "compiled"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine."""
    if request.param == "compiled":
        pytest.importorskip("numba", reason="the extra 'fast' is not installed")
    return str(request.param)


@pytest.fixture
def each_engine(here: Path, engine: str) -> None:
    """small.toml with each engine."""
    replace(here / "small.toml", 'engine = "numpy"', f'engine = "{engine}"')


@pytest.fixture
def here(tmp_path: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, but for small.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NNBP_DATA_DIR", str(drawn))
    (tmp_path / "small.toml").write_text(CONFIG)
    return tmp_path
