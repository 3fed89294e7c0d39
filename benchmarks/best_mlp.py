"""configs/best_mlp.toml beside the same recipe in PyTorch: whole commands on two cores, in turns.

    python -m benchmarks.best_mlp [--data-dir DIR] [--seeds 3] [--epochs 60]

Prints the seconds of each command from its start to its end, and the accuracy on the test images, which both
look at once, at the end. With fewer epochs the seconds can be compared, but not what was learned.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

from benchmarks import data
from benchmarks.running import environment, on_cores
from benchmarks.timing import ratios, spread, timed
from nnbp_cli.datasets import sources
from nnbp_cli.presets import shipped

NNBP, PYTORCH = "`configs/best_mlp.toml`", "the same recipe in PyTorch"


def main(data_dir: Path, seeds: int, epochs: int) -> None:
    """Print a row for each."""
    folder = sources.locate("mnist", data_dir)
    accuracies: dict[str, list[float]] = {NNBP: [], PYTORCH: []}
    seconds: dict[str, list[float]] = {NNBP: [], PYTORCH: []}

    def nnbp(seed: int) -> None:
        with tempfile.TemporaryDirectory() as here:
            settings = [f"training.epochs={epochs}", f"training.seed={seed}"]
            chosen = ["--config", str(shipped()["best_mlp"]), *(f"--set={setting}" for setting in settings)]
            places = ["--data-dir", str(data_dir), "--out", f"{here}/run", "--weights", f"{here}/weights.npz"]
            said = output(["-m", "nnbp_cli", "train", *chosen, *places, "--json", "-q"])
        accuracies[NNBP].append(json.loads(said)["test"]["accuracy"])

    def pytorch(seed: int) -> None:
        script = Path(__file__).parent / "scripts" / "best_with_pytorch.py"
        said = output([str(script), str(folder), str(epochs), str(seed)])
        accuracies[PYTORCH].append(float(said.split()[-1]))

    ways: dict[str, Callable[[int], None]] = {NNBP: nnbp, PYTORCH: pytorch}
    for seed in range(1, seeds + 1):
        for name in sorted(ways, reverse=seed % 2 == 0):
            seconds[name].append(timed(lambda: ways[name](seed)))  # noqa: B023
            print(f"{name}, seed {seed}: {seconds[name][-1]:.0f} s, {accuracies[name][-1]:.2%}", flush=True)

    print(f"\n| {epochs} epochs | seconds of the command | times nnbp's | test accuracy, % | mean |")
    print("|---|---|---|---|---|")
    for name in ways:
        each = ", ".join(f"{100 * accuracy:.2f}" for accuracy in accuracies[name])
        times = spread(ratios(seconds[name], seconds[NNBP]))
        print(f"| {name} | {spread(seconds[name])} | {times} | {each} | {100 * mean(accuracies[name]):.2f} |")


def output(arguments: list[str]) -> str:
    """What Python says on stdout with these arguments, on two cores."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment(2), preexec_fn=on_cores(2)
    ).stdout


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    if not find_spec("torch"):
        parser.error("needs PyTorch: `make .venv-bench/.installed` makes an environment that has it")
    main(arguments.data_dir.resolve(), arguments.seeds, 4 if arguments.quick else arguments.epochs)
