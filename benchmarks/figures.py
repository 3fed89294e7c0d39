"""The figures of the README: each shipped experiment with several seeds, on the real test images.

    python -m benchmarks.figures [--data-dir DIR] [CONFIG ...]

It runs the commands that a user would, one after the other, in a temporary directory, and prints for each
config the test accuracies in percent and the median seconds: of training and of the whole command from its
start to its last line, both by the clock, and of the processor. A command has one core, but that of best_mlp,
which distorts on a second one. best_mlp and best_cnn take some four minutes a seed; leave them out by naming
the others. Of some configs the first seeds vote, too.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from benchmarks.data import DATA_DIR
from benchmarks.running import on_cores
from benchmarks.timing import spread
from nnbp_cli.presets import shipped

SEEDS = {
    "fast": 5,
    "mnist": 3,
    "book/ch1-30": 5,
    "synthetic": 3,
    "demo": 3,
    "best_mlp": 3,
    "fast_cnn": 5,
    "best_cnn": 5,
}
VOTES = {"best_cnn": (2, 5)}  # of how many of the seeds
CORES = {"best_mlp": 2}
DRAWN = ("synthetic", "demo")  # learn from drawn digits


def main(data_dir: Path, configs: Sequence[str]) -> None:
    """Run the configs, and print a line for each."""
    for config in configs:
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            runs = [run(config, seed, here, data_dir) for seed in range(1, SEEDS[config] + 1)]
            votes = {voters: vote(voters, here, data_dir) for voters in VOTES.get(config, ())}
        accuracies, training, whole, processor = zip(*runs)
        each = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
        print(
            f"{config}: mean {mean(accuracies):.2f}, median {median(accuracies):.2f} ({each}); "
            f"training {spread(training)} s, command {spread(whole)} s, processor {spread(processor)} s",
            *(f"; a vote of {voters} {accuracy:.2f}" for voters, accuracy in votes.items()),
            sep="",
            flush=True,
        )


def run(config: str, seed: int, here: Path, data_dir: Path) -> tuple[float, float, float, float]:
    """Train with a seed: the test accuracy in percent, the seconds of training, those of the command, and the
    processor's.
    """
    chosen = ["--config", shipped()[config], "--set", f"training.seed={seed}"]
    if config in DRAWN:
        chosen += ["--set", f"data.seed={seed}"]
    where = here if config in DRAWN else data_dir
    summary, seconds = nnbp(
        here, "train", *chosen, "--data-dir", where, "--out", seed, cores=CORES.get(config, 1)
    )
    if config in DRAWN:
        accuracy = nnbp(here, "eval", seed, "--data", "mnist", "--data-dir", data_dir)[0]["accuracy"]
    elif config.startswith("book/"):  # the best of its epochs, as the book tells it
        with (here / str(seed) / "log.csv").open() as log:
            accuracy = max(float(row["test_accuracy"]) for row in csv.DictReader(log))
    else:
        accuracy = summary["test"]["accuracy"]
    return 100 * accuracy, summary["seconds"]["training"], seconds, summary["seconds"]["total_cpu"]


def vote(voters: int, here: Path, data_dir: Path) -> float:
    """The test accuracy of the first seeds together, in percent."""
    seeds = range(1, voters + 1)
    return 100 * float(nnbp(here, "eval", *seeds, "--data-dir", data_dir)[0]["accuracy"])


def nnbp(here: Path, *arguments: object, cores: int = 1) -> tuple[dict[str, Any], float]:
    """What `nnbp ARGUMENTS --json` answers, and the seconds from its start to its end."""
    start = perf_counter()
    command = [sys.executable, "-m", "nnbp_cli", *map(str, arguments), "--json", "-q"]
    out = subprocess.run(
        command, cwd=here, check=True, stdout=subprocess.PIPE, preexec_fn=on_cores(cores)
    ).stdout
    return json.loads(out), perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR)
    parser.add_argument("configs", nargs="*", metavar="CONFIG", help=f"of {', '.join(SEEDS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.configs) - set(SEEDS):
        parser.error(f"no figures of {', '.join(sorted(unknown))}; there are those of {', '.join(SEEDS)}")
    main(arguments.data_dir.resolve(), arguments.configs or list(SEEDS))
