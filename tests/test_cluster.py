"""Jobs on a Dask cluster: a scheduler and two workers here, which share no folder with the rest."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnbp_cli.runs import summary
from tests.command_line import nnbp
from tests.dask_cluster import Cluster, running, until
from tests.datasets import own_digits
from tests.processes import started
from tests.small_run import CONFIG, results

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

EPOCHS = 150  # about a second
SOON = 10  # seconds


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("cluster")) as made:
        yield made


LINE = ("train", "small.toml", "--set", f"training.epochs={EPOCHS}", "-q")


def alone(seed: int) -> dict[str, Any]:
    nnbp(*LINE, "--set", f"training.seed={seed}", "--out", f"alone-{seed}")
    return results(Path(f"alone-{seed}"))


def test_jobs_come_back_with_the_bits_that_they_have_at_home(cluster: Cluster, here: Path) -> None:
    said = nnbp(*LINE, "--seeds", 3, "--out", "out", "--cluster", cluster.address)
    assert (said.status, said.err) == (0, "")
    for seed in (1, 2, 3):
        assert results(Path(f"out/seed-{seed}")) == alone(seed)
        found = summary.read(Path(f"out/seed-{seed}"))
        assert (found.run, found.weights) == (f"out/seed-{seed}", f"out/seed-{seed}/weights.npz")


def seeds(cluster: Cluster, count: int, *more: object) -> Any:
    line = (sys.executable, "-W", "ignore", "-m", "nnbp_cli", *LINE, "--out", "out")
    return started(*line, "--seeds", count, "--cluster", cluster.address, *more)


def trained(seed: int) -> int:
    log = Path(f"out/seed-{seed}/log.csv")
    return log.read_text().count("\n") if log.exists() else 0


def test_whatever_is_killed_every_job_ends_with_the_same_bits(cluster: Cluster, here: Path) -> None:
    with seeds(cluster, 6) as process:
        for victims in (cluster.training, cluster.worker_processes, cluster.training):
            assert until(cluster.training)
            assert until(victims)
            for pid in victims()[:1]:
                os.kill(pid, signal.SIGKILL)
            time.sleep(1)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    for seed in (1, 6):
        assert results(Path(f"out/seed-{seed}")) == alone(seed)
    assert len(list(Path("out").glob("*/summary.json"))) == 6
    assert not cluster.training()


def test_a_stop_brings_home_what_was_learned_and_leaves_nothing_running(cluster: Cluster, here: Path) -> None:
    long = ("--set", "training.epochs=400")
    with seeds(cluster, 3, *long) as process:
        assert until(lambda: sum(epochs > 5 for epochs in cluster.logs()) == 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SOON)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert out.splitlines()[-1] == f"go on: nnbp train --resume out --cluster {cluster.address}"
    assert not cluster.training()
    assert sorted(map(trained, (1, 2, 3)))[1] > 5
    assert nnbp("train", "--resume", "out", "-q", "--cluster", cluster.address).status == 0
    nnbp(*LINE, *long, "--out", "alone")
    assert results(Path("out/seed-1")) == results(Path("alone"))


def test_nothing_is_trained_on_when_the_client_was_killed(cluster: Cluster, here: Path) -> None:
    with seeds(cluster, 3, "--set", "training.epochs=100000") as process:
        assert until(lambda: len(cluster.training()) == 2)
        process.kill()
    assert until(lambda: not cluster.training(), SOON)
    assert nnbp(*LINE, "--seeds", 1, "--out", "other", "--cluster", cluster.address).status == 0


def test_a_scheduler_that_is_killed_ends_the_command_in_a_line_for_each_job(here: Path) -> None:
    (here / "cluster").mkdir()
    with running(here / "cluster") as cluster:
        with seeds(cluster, 2, "--set", "training.epochs=100000") as process:
            assert until(lambda: len(cluster.training()) == 2)
            cluster.scheduler.kill()
            _, err = process.communicate(timeout=60)
        assert (process.returncode, err.splitlines()) == (
            1,
            ["out: seed 1: the scheduler is gone", "out: seed 2: the scheduler is gone"],
        )
        assert until(lambda: not cluster.training(), SOON)


def test_a_folder_of_ones_own_goes_along(cluster: Cluster, here: Path) -> None:
    own_digits(here / "own")
    (here / "small.toml").write_text(CONFIG.replace('"synthetic"\nsize = 600', '"own"'))
    assert nnbp(*LINE, "--seeds", 1, "--out", "out", "--cluster", cluster.address).status == 0
    assert results(Path("out/seed-1")) == alone(1)


def test_no_scheduler_and_no_dask_are_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnbp_cli.jobs.dask_workers.CONNECT_SECONDS", 0.5)
    said = nnbp(*LINE, "--seeds", 2, "--cluster", "tcp://127.0.0.1:9", "--out", "out")
    assert said.status == 1
    assert said.err == (
        "--cluster: no scheduler answers at tcp://127.0.0.1:9; "
        "start one with 'dask scheduler', and name the address that it prints\n"
    )
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "nnbp_cli.jobs.dask_workers", raising=False)
    assert "pip install 'nnbp-cli[cluster]'" in nnbp("train", "--resume", "out", "--cluster", "tcp://a:1").err
