"""Several seeds of one config: a run for each in one directory, which also says what they were to be, and
what came of all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from nnbp_cli import config
from nnbp_cli.config import Config
from nnbp_cli.errors import NnbpError
from nnbp_cli.jobs import dispatch
from nnbp_cli.jobs.job import Job
from nnbp_cli.runs import directory as run_directory
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.load import load_json
from nnbp_cli.runs.setup import Paths, load_or_download, settle
from nnbp_cli.runs.summary import FinalScore, Summary
from nnbp_cli.system import files, hardware, json_text
from nnbp_cli.system.reporter import Reporter
from nnbp_cli.system.schema import Seed

ASKED_FOR = "seeds.json"  # in their directory: the seeds that were asked for
MAX_FILE_BYTES = 1 << 16

_ASKED_FOR = TypeAdapter(Annotated[list[Seed], Field(max_length=1000)])


@dataclass(frozen=True)
class Spread:
    """How values lie: `deviation` is the standard deviation of a sample, over n - 1; None of a single one."""

    mean: float
    deviation: float | None
    smallest: float
    largest: float


@dataclass(frozen=True)
class Seeds:
    """What came of the runs in `directory`: the summaries of those that came to their end, and of the other
    seeds why they did not; `stopped_by` names the signal that stopped them, if one did.
    """

    directory: Path
    runs: Sequence[Summary]
    failures: dict[int, str]
    stopped_by: str | None

    @property
    def validation(self) -> Spread | None:
        """How the accuracies on the validation images lie, 0 to 1, where there are any."""
        return _spread(run.validation for run in self.runs)

    @property
    def test(self) -> Spread | None:
        """How those on the test images lie."""
        return _spread(run.test for run in self.runs)

    @property
    def may_go_on(self) -> bool:
        """Whether there is one that has not ended, and not diverged either."""
        summaries = [RunDirectory(self.directory / f"seed-{seed}").summary for seed in self.failures]
        return any(not saved or not saved.diverged for saved in summaries)

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        spreads = {"validation": self.validation, "test": self.test}
        plain = {name: spread and asdict(spread) for name, spread in spreads.items()}
        return asdict(self) | {"directory": str(self.directory)} | plain

    def check(self) -> None:
        """Raise NnbpError, with a line for each, where runs failed."""
        if self.failures and not self.stopped_by:
            raise NnbpError(*(f"{self.directory}: seed {seed}: {why}" for seed, why in self.failures.items()))


def _spread(scores: Iterable[FinalScore | None]) -> Spread | None:
    values = [score.accuracy for score in scores if score]
    if not values:
        return None
    deviation = stdev(values) if len(values) > 1 else None
    return Spread(fmean(values), deviation, min(values), max(values))


def train(
    paths: Paths,
    settings: Sequence[str],
    seeds: int,
    jobs: int | None,
    reporter: Reporter,
    cluster: str | None = None,
) -> Seeds:
    """Train the config of `paths` with its own seed and those that follow it, each as it is trained alone, in
    a new directory: `jobs` at a time, or on the workers of a `cluster`. Where several go on at a time,
    "auto" is one thread for each.

    Raises as `run` does, but where one of them fails.
    """
    if paths.out:
        run_directory.check_free(paths.out)
    first = config.load(paths.config, settings)
    numbers = range(first.training.seed, first.training.seed + seeds)
    if seeds > 1:  # a seed may be too large
        config.load(paths.config, [*settings, f"training.seed={numbers[-1]}"])
    several = min(seeds, jobs or hardware.available_cpus()) > 1
    if first.training.threads == "auto" and (cluster or several):
        first = replace(first, training=replace(first.training, threads=1))
    settled, data, network = settle(first, paths, reporter)
    with dispatch.workers_for([settled] * seeds, data, jobs, paths.data_dir, cluster) as workers:
        folder = run_directory.create(paths.out, paths.config.stem).path
        files.write(folder / ASKED_FOR, json_text.dumps(list(numbers)) + "\n")
        made = [_seeded(folder, settled, seed) for seed in numbers]
        made[0].prepare()  # the others can be made from it, should none begin
        reporter.note(f"{folder}: network {network.title}")
        return _seeds(folder, made, *dispatch.run(made, workers, reporter))


def resume(
    found: Sequence[Job], paths: Paths, jobs: int | None, reporter: Reporter, cluster: str | None = None
) -> Seeds:
    """Go on with those of `jobs_in` a folder that are not done, each where it was left; raises as `train`."""
    folder, configs = found[0].directory.parent, [job.config for job in found]
    if all(job.done for job in found):
        return _seeds(folder, found, {}, None)
    # The data once, before many want them at the same time.
    first = replace(paths, config=found[0].directory)
    name, data = config.load_recorded(configs[0].data, lambda name: load_or_download(name, first, reporter))
    found = [replace(job, config=replace(job.config, data=name)) for job in found]
    workers = dispatch.workers_for(configs, data, jobs, paths.data_dir, cluster)
    del data
    with workers:
        return _seeds(folder, found, *dispatch.run(found, workers, reporter))


def jobs_in(folder: Path) -> list[Job]:
    """The runs that `train` has put into `folder`, by their seeds, and those that have gone since; none where
    it is something else.
    """
    runs = filter(lambda run: run.begun, map(RunDirectory, folder.glob("seed-*/")))
    jobs = [_job(run.path, run.read_config()) for run in runs]
    asked_for = folder / ASKED_FOR
    if jobs and asked_for.exists():  # the first ones lack it
        remedy = "delete it, and the seeds that are here go on"
        seeds = load_json(_ASKED_FOR, asked_for, MAX_FILE_BYTES, remedy)
        missing = {*seeds} - {job.config.training.seed for job in jobs}
        jobs += [_seeded(folder, jobs[0].config, seed) for seed in missing]
    return sorted(jobs, key=lambda job: job.config.training.seed)


def _seeded(folder: Path, config: Config, seed: int) -> Job:
    """The run of another seed of `config`."""
    return _job(folder / f"seed-{seed}", replace(config, training=replace(config.training, seed=seed)))


def _job(directory: Path, config: Config) -> Job:
    return Job(f"seed {config.training.seed}", config, directory, work=config.training.epochs)


def _seeds(folder: Path, jobs: Sequence[Job], failures: Mapping[Job, str], stopped_by: str | None) -> Seeds:
    """What came of the jobs in a folder."""
    runs, missing = list[Summary](), dict[int, str]()
    for job in jobs:
        if result := job.result:
            runs.append(result)
        else:
            missing[job.config.training.seed] = failures.get(job, f"stopped by {stopped_by}")
    return Seeds(folder, runs, missing, stopped_by)
