"""Jobs on a Dask cluster: a scheduler and two workers here, which share no folder with the rest."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import rmtree
from socket import create_server
from typing import Any

import pytest

from nnbp_cli import __version__
from nnbp_cli.config import load
from nnbp_cli.datasets import loading
from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs.job import Job
from nnbp_cli.jobs.workers import Ended
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import RunDirectory
from tests.by_the_clock import until
from tests.command_line import nnbp
from tests.dask_cluster import Cluster, running, worker
from tests.datasets import own_digits
from tests.processes import started
from tests.small_run import CONFIG, results

pytest.importorskip("distributed")
from distributed import Client

from nnbp_cli.jobs.dask_workers import DaskWorkers

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
    with seeds(cluster, 8) as process:
        for victims in (cluster.training, cluster.worker_processes, cluster.training):
            assert until(cluster.training)
            assert until(victims)
            for pid in victims()[:1]:
                os.kill(pid, signal.SIGKILL)
            time.sleep(1)
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    for seed in (1, 8):
        assert results(Path(f"out/seed-{seed}")) == alone(seed)
    assert len(list(Path("out").glob("*/summary.json"))) == 8
    assert not cluster.training()


def test_a_stop_brings_home_what_was_learned_and_leaves_nothing_running(cluster: Cluster, here: Path) -> None:
    with seeds(cluster, 3, "--set", "training.epochs=100000") as process:
        assert until(lambda: sum(epochs > 5 for epochs in cluster.epochs()) == 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SOON)
    assert (process.returncode, "Traceback" in err) == (130, False)
    assert out.splitlines()[-1] == f"go on: nnbp train --resume out --cluster {cluster.address}"
    assert not cluster.training()
    done = sorted(map(trained, (1, 2, 3)))
    assert done[1] > 5
    enough = done[2] + 100
    for written in Path("out").glob("seed-*/config.toml"):
        written.write_text(written.read_text().replace("epochs = 100000", f"epochs = {enough}"))
    assert nnbp("train", "--resume", "out", "-q", "--cluster", cluster.address).status == 0
    nnbp(*LINE, "--set", f"training.epochs={enough}", "--out", "alone")
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
        with seeds(cluster, 3, "--set", "training.epochs=100000") as process:
            assert until(lambda: len(cluster.training()) == 2)
            cluster.scheduler.kill()
            out, err = process.communicate(timeout=60)
        lines = [f"out: seed {seed}: the scheduler is gone" for seed in (1, 2, 3)]
        assert (process.returncode, err.splitlines()) == (1, lines)
        assert out.splitlines()[-1] == f"go on: nnbp train --resume out --cluster {cluster.address}"
        assert until(lambda: not cluster.training(), SOON)


def test_ctrl_c_waits_for_no_scheduler_that_does_not_answer(here: Path) -> None:
    (here / "cluster").mkdir()
    with running(here / "cluster") as cluster:
        with seeds(cluster, 2, "--set", "training.epochs=100000") as process:
            assert until(lambda: len(cluster.training()) == 2)
            cluster.scheduler.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, "")
        assert out.splitlines()[-1].startswith("go on: nnbp train --resume out")
        cluster.scheduler.send_signal(signal.SIGCONT)
        assert until(lambda: not cluster.training(), SOON)


def test_jobs_that_somebody_cancels_begin_again(cluster: Cluster, here: Path) -> None:
    with seeds(cluster, 2) as process:
        assert until(cluster.training)
        with Client(cluster.address, set_as_default=False) as somebody:
            somebody.restart()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert results(Path("out/seed-2")) == alone(2)


def test_no_more_go_on_than_are_wanted_and_what_cannot_begin_does_not_count(
    cluster: Cluster, here: Path, drawn: Path
) -> None:
    small = load("small.toml")
    elsewhere = replace(small, data=replace(small.data, name="/lost.npz", size=None))
    lost, job = (Job(f"seed {k}", each, here / f"{k}", work=1) for k, each in enumerate((elsewhere, small)))
    lost.prepare()
    job.prepare()
    loading.load("synthetic", drawn, size=600)
    with DaskWorkers(cluster.address, drawn, most=1) as workers:
        assert until(lambda: workers.title == f"{cluster.address}: 2 workers")
        with pytest.raises(NnbpError, match=r"lost\.npz"):
            workers.begin(lost)
        with RunDirectory(lost.directory).locked():
            assert until(lambda: workers.ready)
        workers.begin(job)
        assert not workers.ready
        job.directory.rename("moved")
        ends = (each for _ in count() for each in workers.news(1) if isinstance(each, Ended))
        assert "the directory was moved to " in str(next(ends).failure)


def test_workers_that_leave_or_lack_nnbp_are_told_of_and_get_no_jobs(here: Path) -> None:
    bare = here / "bare/nnbp_cli/__init__.py"
    bare.parent.mkdir(parents=True)
    bare.write_text("raise ModuleNotFoundError(\"No module named 'nnbp_cli'\")")
    (here / "cluster").mkdir()
    with (
        running(here / "cluster", workers=1) as cluster,
        DaskWorkers(cluster.address, here, most=None) as workers,
    ):
        assert until(lambda: workers.title == f"{cluster.address}: 1 worker" and workers.ready)
        os.killpg(cluster.workers[0].pid, signal.SIGKILL)
        assert until(lambda: "no workers; start some with 'dask worker tcp://" in workers.title)
        with worker(cluster.address, here / "cluster", str(bare.parent.parent)):
            assert until(lambda: "has no nnbp, and here is" in workers.title)
            assert not workers.ready
            said = nnbp(*LINE, "--seeds", 2, "--cluster", cluster.address, "--out", "out")
            assert said.err.startswith("--cluster: tcp://127.0.0.1:")
            assert said.err.endswith(f" {__version__}; install the same there, or end that worker\n")
            assert not Path("out").exists()
        cluster.scheduler.kill()
        assert until(lambda: workers.gone)
        with pytest.raises(NnbpError, match="the scheduler is gone"):
            workers.begin(Job("seed 1", load("small.toml"), here, work=1))


def test_a_folder_of_ones_own_goes_along_even_when_it_was_moved(cluster: Cluster, here: Path) -> None:
    own_digits(here / "own")
    (here / "small.toml").write_text(CONFIG.replace('"synthetic"\nsize = 600', '"own"'))
    assert nnbp(*LINE, "--seeds", 1, "--out", "out", "--cluster", cluster.address).status == 0
    assert results(Path("out/seed-1")) == alone(1)
    os.chdir(here.rename(here.with_name(f"{here.name}-moved")))
    Path("out/seeds.json").write_text("[1, 2]")
    there = alone(2)
    for where in ((), ("--cluster", cluster.address)):
        assert nnbp("train", "--resume", "out", "-q", *where).status == 0
        assert results(Path("out/seed-2")) == there
        rmtree("out/seed-2")


def test_no_scheduler_and_no_dask_are_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnbp_cli.jobs.dask_workers.CONNECT_SECONDS", 0.5)
    line = (*LINE, "--seeds", 2, "--out", "out", "--cluster")
    said = nnbp(*line, "tcp://127.0.0.1:9")
    assert said.status == 1
    assert said.err == (
        "--cluster: no scheduler answers at tcp://127.0.0.1:9; "
        "start one with 'dask scheduler', and name the address that it prints\n"
    )
    with create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        said = nnbp(*line, address)
        assert said.err.startswith(f"--cluster: no scheduler answers at {address}; ")
        silent.accept()[0].close()
        with started(sys.executable, "-m", "nnbp_cli", *line, address) as process, silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
    assert nnbp(*line, "tls://127.0.0.1:9").err == (
        "--cluster: tls://127.0.0.1:9 needs certificates that can be read; "
        "name them to Dask: https://distributed.dask.org/en/stable/tls.html\n"
    )
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "nnbp_cli.jobs.dask_workers", raising=False)
    assert "pip install 'nnbp-cli[cluster]'" in nnbp(*line, "tcp://a:1").err
    assert not Path("out").exists()
