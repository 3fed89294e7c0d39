"""The wheel, away from the checkout: what `pip install` brings is complete, and the commands run from it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nnbp_cli
from nnbp_cli.datasets.catalog import NAMES
from tests.mirror import mirror

pytestmark = pytest.mark.slow

CHECKOUT = Path(nnbp_cli.__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel was unpacked into."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", *build, str(CHECKOUT)], check=True, stderr=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def nnbp(installed: Path, here: Path, *arguments: str) -> str:
    """The stdout of `nnbp` from the wheel, run in `here`."""
    environment = {key: value for key, value in os.environ.items() if key != "NNBP_DATA_DIR"}
    environment["PYTHONPATH"] = str(installed)
    program = "import nnbp_cli, nnbp_cli.cli; assert 'site' in nnbp_cli.__file__; nnbp_cli.cli.main()"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(
        command, cwd=here, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def test_it_brings_every_shipped_config(installed: Path, tmp_path: Path) -> None:
    listed = {line.split()[0] for line in nnbp(installed, tmp_path, "init", "--list").splitlines()}
    folder = CHECKOUT / "configs"
    shipped = (path.relative_to(folder).as_posix() for path in folder.rglob("*.*ml"))
    assert "ch1-30 " in nnbp(installed, tmp_path, "reproduce", "--list")
    assert listed == {name.removesuffix(".toml") for name in shipped} - {"book/experiments"}


def test_it_trains_without_a_checkout(installed: Path, tmp_path: Path) -> None:
    nnbp(installed, tmp_path, "init", "demo")
    few = ["--set", "data.size=600", "--set", "training.epochs=1"]
    nnbp(installed, tmp_path, "train", "--config", "configs/demo.toml", "-q", *few)
    assert "accuracy" in nnbp(installed, tmp_path, "eval", "weights.npz")
    (run,) = (tmp_path / "runs").iterdir()
    assert nnbp(installed, tmp_path, "report", str(run)) == "wrote report.html\n"


@pytest.mark.mnist
def test_the_three_commands(installed: Path, tmp_path: Path, real_data: Path) -> None:
    """In an empty folder, with the real files coming from a server."""
    real = {f"{name}.gz": (real_data / "mnist" / f"{name}.gz").read_bytes() for name in NAMES}
    with mirror(real) as good:
        said = nnbp(installed, tmp_path, "download", "--mirror", good.url, "-q")
    assert said == "data/mnist: MNIST, 4 files, all verified\n"
    nnbp(installed, tmp_path, "init")
    assert "test accuracy 98." in nnbp(installed, tmp_path, "train", "--config", "configs/mnist.toml")
    assert "accuracy 98." in nnbp(installed, tmp_path, "eval", "weights.npz")
