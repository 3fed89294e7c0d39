"""One seed of one experiment: what is to be run, where it is kept, and whether it has been run already."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, perf_counter, sleep

from pydantic import TypeAdapter

from nnbp_cli import __version__, config
from nnbp_cli.config import Config, build
from nnbp_cli.datasets import dataset
from nnbp_cli.datasets.darkness import accuracy_by_darkness
from nnbp_cli.errors import NnbpError
from nnbp_cli.reproduction.experiments import Experiment
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.load import load_json
from nnbp_cli.runs.resume import resume
from nnbp_cli.runs.run import run as start
from nnbp_cli.runs.setup import Paths
from nnbp_cli.runs.summary import MAX_FILE_BYTES, Score
from nnbp_cli.system import files, json_text
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.system.schema import Seconds, Text

PATIENCE = 10  # seconds that a process which was killed may take to let go of its run


@dataclass(frozen=True)
class Total:
    """How long a job took."""

    total: Seconds


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a job: of the summary of a run, as much as a baseline has too, which trains nothing."""

    seconds: Total
    stopped_by: Text | None = None
    diverged: Text | None = None
    validation: Score | None = None
    test: Score | None = None

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        return self.stopped_by is None and self.diverged is None


_OUTCOME = TypeAdapter(Outcome)


def outcome(directory: Path) -> Outcome:
    """What came of the job in `directory`. Raises NnbpError where there is nothing to be read."""
    remedy = "delete it, and it is run again"
    return load_json(_OUTCOME, directory / "summary.json", MAX_FILE_BYTES, remedy)


@dataclass(frozen=True)
class Job:
    """One run. Its directory is named by all that its result depends on: the experiment and seed in words,
    the config and the version of the program in a digest.
    """

    experiment: Experiment
    seed: int
    config: Config | None
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
        if not self.config:
            return 1e9
        training, work = self.config.training, build(self.config.network, dataset.SHAPE).work
        split = {"training": self.config.data.train or 50_000, "layer": 1000}
        watched = {name.split()[0] for name in training.watch}
        images = (self.config.data.train or 50_000) + sum(split.get(name, 10_000) for name in watched) / 4
        return training.epochs * images * (32_000 + work)

    @property
    def done(self) -> bool:
        """Whether it was run to its end."""
        try:
            return outcome(self.directory).finished
        except NnbpError:
            return False

    def run(self, data_dir: Path, reporter: Reporter) -> None:
        """Run it, or go on with it where it was left."""
        if not (self.config and self.experiment.config):
            return self._run_baseline(data_dir)
        paths = Paths(self.experiment.config, data_dir, offline=True)
        if self.directory.exists():
            self._take_over()
        if RunDirectory(self.directory).config.exists():
            resume(self.directory, (), paths, reporter)
        else:
            start(self.config, replace(paths, out=self.directory), reporter)
        return None

    def _take_over(self) -> None:
        """Wait a moment for a process that is dying to let go of the run; remove one that had not begun.

        Raises NnbpError where another process still trains into it.
        """
        deadline = monotonic() + PATIENCE
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

    def _run_baseline(self, data_dir: Path) -> None:
        began = perf_counter()
        accuracy = accuracy_by_darkness(dataset.load("mnist", data_dir, train=50_000, validation=10_000))
        came = Outcome(seconds=Total(round(perf_counter() - began, 3)), test=Score(accuracy))
        files.make_directory(self.directory)
        files.write(self.directory / "summary.json", json_text.dumps(asdict(came), indent=2) + "\n")


def jobs(experiments: Iterable[Experiment], seeds: int, runs: Path) -> list[Job]:
    """The jobs of `experiments` with seeds 1 to `seeds`; a baseline has one, as nothing in it is random."""
    made = []
    for each in experiments:
        loaded = config.load(each.config, [*each.settings, "training.threads=1"]) if each.config else None
        for seed in range(1, seeds + 1 if loaded else 2):
            own = replace(loaded, training=replace(loaded.training, seed=seed)) if loaded else None
            text = f"nnbp {__version__}\n{config.to_toml(own) if own else each.id}"
            digest = hashlib.sha256(text.encode()).hexdigest()[:10]
            made.append(Job(each, seed, own, runs / f"{each.id}-seed-{seed}-{digest}"))
    return made
