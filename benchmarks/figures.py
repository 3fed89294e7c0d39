"""The figures of the README: each shipped experiment with several seeds, on the real test images.

    python -m benchmarks.figures [--data-dir DIR]

It runs the commands that a user would, one after the other, in a temporary directory, and prints for each
config the test accuracies in percent and the median seconds of training, and of the whole command from its
start to its last line.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from benchmarks.timing import spread
from nnbp_cli.shipped import shipped


def nnbp(here: Path, *arguments: object) -> tuple[dict[str, Any], float]:
    """What `nnbp ARGUMENTS --json` answers, and the seconds from its start to its end."""
    start = perf_counter()
    command = [sys.executable, "-m", "nnbp_cli", *map(str, arguments), "--json", "-q"]
    out = subprocess.run(command, cwd=here, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out), perf_counter() - start


def main(data_dir: Path) -> None:
    """Run everything and print a line for each config."""
    for config, seeds in {
        "fast": 5,
        "mnist": 3,
        "book/ch1-30": 5,
        "synthetic": 3,
        "demo": 3,
        "best_mlp": 3,
    }.items():
        accuracies, training, whole = [], [], []
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder)
            for seed in range(1, seeds + 1):
                drawn = config in ("synthetic", "demo")
                settings = [
                    "--set",
                    f"training.seed={seed}",
                    *(["--set", f"data.seed={seed}"] if drawn else []),
                ]
                where = here if drawn else data_dir
                summary, seconds = nnbp(
                    here,
                    "train",
                    "--config",
                    shipped()[config],
                    *settings,
                    "--data-dir",
                    where,
                    "--out",
                    seed,
                )
                training.append(summary["seconds"]["training"])
                whole.append(seconds)
                if drawn:
                    options = ("--data", "mnist", "--data-dir", data_dir)
                    accuracy = nnbp(here, "eval", seed, *options)[0]["accuracy"]
                elif config in ("fast", "mnist", "best_mlp"):
                    accuracy = summary["test"]["accuracy"]
                else:
                    with (here / str(seed) / "log.csv").open() as log:
                        accuracy = max(float(row["test_accuracy"]) for row in csv.DictReader(log))
                accuracies.append(100 * accuracy)
        each = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
        print(
            f"{config}: mean {mean(accuracies):.2f}, median {median(accuracies):.2f} ({each}); "
            f"training {spread(training)} s, command {spread(whole)} s",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    main(parser.parse_args().data_dir.resolve())
