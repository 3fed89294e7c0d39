"""Sixteen jobs on a cluster of two workers, each of which is killed once at a random moment."""

import os
import signal
import sys
import time
from pathlib import Path
from threading import Event, Thread

import numpy as np

from tests.by_the_clock import until
from tests.dask_cluster import Cluster, running
from tests.processes import started
from tests.small_run import results
from tests.torture.harness import Outcome
from tests.torture.scene import write_config

JOBS = 16
EPOCHS = 100  # of a run, which take about a second
SECONDS = 120  # that all of them may take


def run(tries: int, seed: int, folder: Path) -> Outcome:
    """Kill both workers, so many times over: every job ends with the bits that it has at home, and begins no
    more often than it was killed, and once.
    """
    outcome, rng = Outcome(), np.random.default_rng(seed)
    line = ("train", write_config(folder), "--set", f"training.epochs={EPOCHS}", "--seeds", JOBS, "-q")
    program = (sys.executable, "-W", "ignore", "-m", "nnbp_cli")
    with started(*program, *line, "--out", folder / "home") as process:
        _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(said)
    (folder / "cluster").mkdir()
    with running(folder / "cluster") as cluster:
        while outcome.tries < tries:
            outcome.tries += 1
            moments = sorted(rng.uniform(0, 8, 2))
            when = " and ".join(f"{moment:.2f}" for moment in moments)
            again = f"try {outcome.tries}, workers killed after {when} s, seed {seed}"
            out = folder / f"out-{outcome.tries}"
            begun, ended = set[int](), Event()
            watcher = Thread(target=_watch, args=(cluster, begun, ended))
            watcher.start()
            with started(*program, *line, "--out", out, "--cluster", cluster.address) as process:
                kills = _kill_both(cluster, moments)
                _, said = process.communicate(timeout=SECONDS)
            ended.set()
            watcher.join()
            outcome.check(process.returncode == 0, f"{again}: status {process.returncode}: {said}")
            outcome.check(until(lambda: not cluster.training(), 10), f"{again}: something trains on")
            outcome.check(len(begun) <= JOBS + kills, f"{again}: {len(begun)} processes for {JOBS} jobs")
            for k in range(1, JOBS + 1):
                home, away = folder / f"home/seed-{k}", out / f"seed-{k}"
                same = (away / "summary.json").exists() and results(away) == results(home)
                outcome.check(same, f"{again}: seed {k} is not what it is at home")
    return outcome


def _kill_both(cluster: Cluster, moments: list[float]) -> int:
    """Kill the worker of each nanny, which begins another; how many were there to be killed."""
    began, kills = time.monotonic(), 0
    for nanny, moment in zip(cluster.nannies(), moments):
        time.sleep(max(0, began + moment - time.monotonic()))
        for pid in cluster.worker_processes(nanny):
            os.kill(pid, signal.SIGKILL)
            kills += 1
    return kills


def _watch(cluster: Cluster, begun: set[int], ended: Event) -> None:
    """Note every process that trains."""
    while not ended.wait(0.02):
        begun.update(cluster.training())
