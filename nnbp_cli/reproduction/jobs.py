"""One seed of one experiment: what is to be run, where it is kept, and whether it has been run already."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep

from nnbp_cli import __version__, config
from nnbp_cli.config import Config, build
from nnbp_cli.datasets import dataset
from nnbp_cli.datasets.shifts import SHIFTS
from nnbp_cli.errors import NnbpError
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.runs import summary
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.resume import resume
from nnbp_cli.runs.run import run as start
from nnbp_cli.runs.setup import Paths
from nnbp_cli.system.reporter import Reporter

DYING_SECONDS = 10  # that a process which was killed may take to let go of its run


@dataclass(frozen=True)
class Job:
    """One run. Its directory is named by all that its result depends on: the experiment and seed in words,
    the config and the version of the program in a digest.
    """

    experiment: Experiment
    seed: int
    config: Config
    directory: Path

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.experiment.id} seed {self.seed}"

    @property
    def work(self) -> float:
        """How long it takes, in units of its own: images times what one costs, in training and in watching.

        An image costs as much as its multiplications, and 32,000 more for the calls of a step.
        """
        training, work = self.config.training, build(self.config.network, dataset.SHAPE).work
        train, augment = self.config.data.train or 50_000, self.config.data.augment
        split = {"training": train, "layer": 1000}
        watched = {name.split()[0] for name in training.watch}
        copies = len(SHIFTS) if augment and augment.shifts == "all" else 1
        images = copies * train + sum(split.get(name, 10_000) for name in watched) / 4
        return training.epochs * images * (32_000 + work)

    @property
    def done(self) -> bool:
        """Whether it was run to its end."""
        try:
            return summary.read(self.directory).finished
        except NnbpError:
            return False

    def run(self, data_dir: Path, reporter: Reporter) -> None:
        """Run it, or go on with it where it was left."""
        paths = Paths(self.experiment.config or self.directory, data_dir, offline=True)
        if self.directory.exists():
            self._take_over()
        if RunDirectory(self.directory).config.exists():
            resume(self.directory, (), paths, reporter)
        else:
            start(self.config, replace(paths, out=self.directory), reporter)

    def _take_over(self) -> None:
        """Wait a moment for a process that is dying to let go of the run; remove one that had not begun.

        Raises NnbpError where another process still trains into it.
        """
        deadline = monotonic() + DYING_SECONDS
        while True:
            try:
                with RunDirectory(self.directory).locked():
                    if not RunDirectory(self.directory).config.exists():
                        shutil.rmtree(self.directory)
            except NnbpError:
                if monotonic() >= deadline:
                    raise
                sleep(0.1)
            else:
                return


def jobs(experiments: Iterable[Experiment], seeds: int, runs: Path) -> list[Job]:
    """The jobs of `experiments` with seeds 1 to `seeds`; a baseline has none, as it trains nothing."""
    made = []
    for experiment in experiments:
        if not experiment.config:
            continue
        loaded = config.load(experiment.config, [*experiment.settings, "training.threads=1"])
        for seed in range(1, seeds + 1):
            seeded = replace(loaded, training=replace(loaded.training, seed=seed))
            text = f"nnbp {__version__}\n{config.to_toml(seeded)}"
            digest = hashlib.sha256(text.encode()).hexdigest()[:10]
            made.append(Job(experiment, seed, seeded, runs / f"{experiment.id}-seed-{seed}-{digest}"))
    return made
