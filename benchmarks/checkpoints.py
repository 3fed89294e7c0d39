"""What checkpoints cost: trainings that save them as always, each beside one that saves at its end alone.

    python -m benchmarks.checkpoints [--data-dir DIR] [--quick]

Each pair begins with the other one. Shown are the seconds of the whole run, the ratio of each pair, and what
can be seen through the noise of the machine: the seconds that were spent in saving along the way, as a share.
"""

import tempfile
from math import inf
from pathlib import Path
from unittest.mock import patch

from benchmarks import data
from benchmarks.timing import in_turns, ratios, spread, timed
from nnbp_cli import config
from nnbp_cli.presets import shipped
from nnbp_cli.runs import checkpoint
from nnbp_cli.runs import run as experiment
from nnbp_cli.runs.setup import Paths
from nnbp_cli.system.reporter import SILENT

# So many epochs of each config take some more than ten seconds on one core: a run is saved once on its way.
EPOCHS = {"mnist": 18, "book/ch1-30": 55}


def main(data_dir: Path, quick: bool) -> None:
    """Print a row for each config."""
    loaded = data.load(data_dir)
    drawn = [f"data.size={data.SIZE}"] if loaded.name == "synthetic" else []
    print("| | with checkpoints, s | without, s | ratio | share of saving |\n|---|---|---|---|---|")
    for name, epochs in EPOCHS.items():
        settings = [f"data.name={loaded.name}", *drawn, f"training.epochs={epochs}", "training.threads=1"]
        described = config.load(shipped()[name], settings)
        saving: list[float] = []

        def train(save_every: float) -> None:
            with tempfile.TemporaryDirectory() as folder, patch.object(experiment, "SAVE_EVERY", save_every):
                paths = Paths(shipped()[name], data_dir, Path(folder, "run"), offline=True)  # noqa: B023
                experiment.run(described, paths, SILENT)  # noqa: B023

        def with_checkpoints() -> None:
            save = checkpoint.save
            taken: list[float] = []

            def and_time_it(*arguments: object) -> None:
                taken.append(timed(lambda: save(*arguments)))  # type: ignore[arg-type]

            with patch.object(checkpoint, "save", and_time_it):
                train(experiment.SAVE_EVERY)
            saving.append(sum(taken[:-1]))  # noqa: B023, the last one is at the end of every run

        works = {"with": with_checkpoints, "without": lambda: train(inf)}
        seconds = in_turns(works, rounds=1 if quick else 5)
        shares = [f"{one / whole:.2%}" for one, whole in zip(saving[1:], seconds["with"], strict=True)]
        cells = [spread(seconds["with"]), spread(seconds["without"]), spread(ratios(*seconds.values()))]
        print(f"| {' | '.join([name, *cells, ', '.join(shares)])} |", flush=True)


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    main(arguments.data_dir, arguments.quick)
