"""From a command to its first epoch's end: `nnbp train` beside a script in PyTorch and one in scikit-learn.

    python -m benchmarks.first_epoch [--data-dir DIR] [--quick]

784-30-10, batches of ten, 50,000 images, scored on 10,000; one core each, fresh processes, in turns. Timed
is everything from the start of the process to the line that says how good the first epoch was: the imports,
reading the images (nnbp checks them, too), training, scoring.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import data
from benchmarks.running import environment, on_cores
from benchmarks.timing import in_turns, ratios, spread
from nnbp_cli.datasets import sources

CONFIG = """
[data]
name = "{name}"
{size}
train = 50000
validation = 10000

[network]
cost = "cross-entropy"
layers = [{{ neurons = 30, activation = "sigmoid" }}, {{ neurons = 10, activation = "sigmoid" }}]

[training]
epochs = 1
batch_size = 10
learning_rate = 0.5
"""
NNBP = "`nnbp train`, numpy"


def main(data_dir: Path, quick: bool) -> None:
    """Print a row for each."""
    images = data.load(data_dir)
    folder = sources.locate(images.name, data_dir, size=data.SIZE).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        size = f"size = {data.SIZE}" if images.name == sources.SYNTHETIC else ""
        (here / "config.toml").write_text(CONFIG.format(name=images.name, size=size))
        train = ["-m", "nnbp_cli", "train", "--config", "config.toml", "--data-dir", str(data_dir.resolve())]
        scripts = Path(__file__).parent / "scripts"
        commands = {
            NNBP: [*train, "--set", "training.engine=numpy"],
            "`nnbp train`, compiled before": [*train, "--set", "training.engine=compiled"],
            "PyTorch": [str(scripts / "with_pytorch.py"), str(folder)],
            "scikit-learn": [str(scripts / "with_sklearn.py"), str(folder)],
        }
        works = {name: partial(run, arguments, here) for name, arguments in commands.items()}
        seconds = in_turns(works, rounds=3 if quick else 11)
    print("| | seconds to the first epoch's end | times nnbp's |\n|---|---|---|")
    for name, each in seconds.items():
        print(f"| {name} | {spread(each)} | {spread(ratios(each, seconds[NNBP]))} |")


def run(arguments: list[str], here: Path) -> None:
    """Run Python until it has printed a line that begins with "epoch 1"; what follows is not timed."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(1),
        preexec_fn=on_cores(1),
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("epoch 1"):
            process.kill()
            process.communicate()
            return
    raise RuntimeError("".join(said))


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    main(arguments.data_dir, arguments.quick)
