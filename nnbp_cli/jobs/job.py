"""One of many runs: what is to be trained, where it is kept, and whether it has been run already."""

from dataclasses import dataclass, replace
from pathlib import Path

from nnbp_cli.config import Config, to_toml
from nnbp_cli.runs.directory import DYING_SECONDS, RunDirectory
from nnbp_cli.runs.summary import Summary
from nnbp_cli.system import files


@dataclass(frozen=True)
class Job:
    """One run: what to call it, its config, its directory, and the work in it, in a unit that is the same
    for all jobs that go on beside it.
    """

    name: str
    config: Config
    directory: Path
    work: float

    @property
    def result(self) -> Summary | None:
        """What came of it, if it was run to its end; where that is now, wherever it was run."""
        directory = RunDirectory(self.directory)
        if not (saved := directory.summary) or not saved.finished:
            return None
        return replace(saved, run=str(directory.path), weights=str(directory.weights_file))

    @property
    def done(self) -> bool:
        """Whether it was run to its end."""
        return self.result is not None

    def prepare(self) -> None:
        """Make its directory and put the config into it, which is all that `run` needs; leave one that has
        begun as it is. A process that is dying has a moment to let go of it.

        Raises InUse where another process trains into it all the same, NnbpError where it cannot be written.
        """
        files.make_directory(self.directory)
        with RunDirectory(self.directory).locked(DYING_SECONDS) as directory:
            if not directory.begun:
                directory.write(directory.config_file, to_toml(self.config))
