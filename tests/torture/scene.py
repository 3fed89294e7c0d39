"""Where small runs are made, left in every way, looked at and taken up again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from nnbp_cli import config
from nnbp_cli.errors import NnbpError
from nnbp_cli.runs import active_run, checkpoint, summary
from nnbp_cli.runs import run as experiment
from nnbp_cli.runs.directory import RunDirectory
from nnbp_cli.runs.log import read_log
from nnbp_cli.system import files
from nnbp_cli.training import loop
from tests.command_line import nnbp
from tests.datasets import own_digits
from tests.small_run import CONFIG, results
from tests.torture.warm import Running, Step, Warm

# Seven batches an epoch, with everything whose place in the run must be kept. The digits are in files of
# their own, since to look whether the built-in ones are as they should be takes half of such a run's time.
EPOCHS = 2
SETTINGS = (
    f"training.epochs={EPOCHS}",
    "data.augment.shift=1",
    "network.layers.0.dropout=0.2",
    "training.optimizer=adam",
    "training.learning_rate=0.01",
)
READERS: dict[str, Callable[[Path], object]] = {
    "config.toml": lambda run: config.load(run / "config.toml"),
    "checkpoint.npz": lambda run: checkpoint.load(run / "checkpoint.npz"),
    "summary.json": summary.read,
    "log.csv": read_log,
}
OFTEN: Step = ("tests.torture.scene:save_every", 1)
SOMETIMES: Step = ("tests.torture.scene:save_every", 8)


def save_every(steps: int) -> None:
    """Let a run be left after every batch, and save it at every so many places where it may be left."""
    # A second is the time from one such place to the next.
    loop.BATCHES_PER_CHUNK = 1
    experiment.SAVE_EVERY, experiment.SHARE_OF_SAVING = steps, inf
    setattr(active_run, "perf_counter", count().__next__)  # noqa: B010, mypy would compare the types


@dataclass(frozen=True)
class Scene:
    """A folder of runs, all of one config, beside one that was never disturbed."""

    folder: Path
    warm: Warm

    def begin(self, run: Path, *before: Step) -> Running:
        """Begin to train into `run`."""
        run.parent.mkdir(exist_ok=True)
        return self.warm.start(self.folder, self.beginning(run), before)

    def resume(self, run: Path, *before: Step) -> Running:
        """Go on with `run`; from the start where there is nothing to go on with."""
        if not (run / "config.toml").exists():
            return self.begin(run, *before)
        return self.warm.start(self.folder, ["train", "-q", "--resume", run, *_places(run)], before)

    def beginning(self, run: Path) -> list[str]:
        """The command line that begins `run`."""
        settings = [part for each in SETTINGS for part in ("--set", each)]
        line = ["train", "-q", "--config", self.folder / "small.toml", "--out", run, *settings, *_places(run)]
        return [str(each) for each in line]

    @cached_property
    def whole(self) -> dict[str, Any]:
        """What the run that was never disturbed has left."""
        return results(self.folder / "undisturbed" / "run")

    @staticmethod
    def unreadable(run: Path) -> list[str]:
        """What cannot be read in the directory of a run that was left in some way."""
        wrong = []
        for name, read in READERS.items():
            if (run / name).exists():
                try:
                    read(run)
                except NnbpError as error:
                    wrong.append(str(error))
        said = nnbp("runs", run.parent)
        if said.status:
            wrong.append(said.err)
        said = nnbp("eval", run)
        if said.status and "; the run has not ended" not in said.err and "no such file" not in said.err:
            wrong.append(said.err)
        return wrong

    def finish(self, run: Path) -> list[str]:
        """Go on with a run to its end, unless it is there; what is not as in the undisturbed one."""
        if not RunDirectory(run).finished_after(EPOCHS):
            ended = self.resume(run).wait()
            if ended.status or ended.err:
                return [f"resumed it ended with {ended.status}: {ended.err}"]
        if left := [path.name for path in run.iterdir() if files.is_temporary(path)]:
            return [f"temporary files are left: {left}"]
        return [name for name, result in results(run).items() if result != self.whole[name]]


def _places(run: Path) -> list[object]:
    return ["--weights", run.parent / "weights.npz"]


def write_config(folder: Path) -> Path:
    """A config in an empty folder, and the digits that it names."""
    digits = own_digits(folder / "digits")
    config = folder / "small.toml"
    config.write_text(CONFIG.replace('"synthetic"\nsize = 600', f'"{digits}"'))
    return config


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Make a scene in an empty folder."""
    write_config(folder)
    with Warm() as warm:
        made = Scene(folder, warm)
        ended = made.begin(folder / "undisturbed" / "run", OFTEN).wait()
        if ended.status:
            raise RuntimeError(ended.err)
        yield made
