"""How time and memory grow with the network, the batch and the data: nnbp beside PyTorch, one thread.

    python -m benchmarks.scale [--data-dir DIR] [--quick]     writes benchmarks/results/scale.json
    python -m benchmarks.scale --plot                         draws docs/scale.png of it

One thing grows at a time, up to 12 million weights; each point is a process of its own for each of the two,
in turns. A step is timed with everything that an epoch has: its share of shuffling and gathering.
"""

import json
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from benchmarks import data, running
from benchmarks.job import Job
from benchmarks.timing import spread

RESULTS = Path(__file__).parent / "results" / "scale.json"
CONTENDERS = {"nnbp": "nnbp", "pytorch_eager": "PyTorch, eager, fastest form"}
BASE = Job((784, 500, 10), 100, 0.02, hidden="relu", momentum=0.9, images=10_000)


@dataclass(frozen=True)
class Growth:
    """What grows, what stays, and a job for each value."""

    what: str
    rest: str
    jobs: dict[int, Job]


def growths() -> list[Growth]:
    """The four sweeps."""
    neurons = (10, 30, 100, 300, 1_000, 3_000, 10_000, 16_000)
    layers = (1, 2, 4, 8, 16, 32, 48)
    batches = (1, 3, 10, 30, 100, 300, 1_000, 3_000)
    images = (1_000, 3_000, 10_000, 30_000, 50_000)
    return [
        Growth(
            "hidden neurons",
            "784-N-10, batch 100,\nup to 12.7 million weights",
            {n: sized((784, n, 10)) for n in neurons},
        ),
        Growth(
            "hidden layers",
            "500 neurons each, batch 100,\nup to 12.1 million weights",
            {n: sized((784, *[500] * n, 10)) for n in layers},
        ),
        Growth("images in a batch", "784-500-10,\n397,000 weights", {n: batched(n) for n in batches}),
        Growth("training images", "784-500-10,\nbatch 100", {n: replace(BASE, images=n) for n in images}),
    ]


def sized(sizes: tuple[int, ...]) -> Job:
    """A job of about 40 billion operations an epoch, in a hundred steps at most and five at least."""
    job = replace(BASE, sizes=sizes)
    steps = min(100, max(5, 4 * 10**10 // (6 * job.weights * job.batch_size)))
    return replace(job, images=steps * job.batch_size)


def batched(size: int) -> Job:
    """So many images at once; small steps for small batches, or they would not learn but burst."""
    images = min(45_000, max(1_000, 10 * size)) // size * size
    return replace(BASE, batch_size=size, learning_rate=0.02 * min(1, size / 100), images=images)


def main(data_dir: Path, quick: bool) -> None:
    """Measure every point and write them down."""
    images = data.load(data_dir)
    starts, rounds = (1, 2) if quick else (2, 3)
    written = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        for growth in growths():
            points = list(growth.jobs.items())[:: 3 if quick else 1]
            for value, job in points:
                running.write_arrays(job, images, path, validation=1_000)
                measured = running.measure(list(CONTENDERS), job, path, starts, rounds)
                for name, each in measured.items():
                    micros = [1e6 * seconds / job.steps for seconds in each.epochs]
                    point = {
                        "grows": growth.what,
                        "rest": growth.rest,
                        "value": value,
                        "weights": job.weights,
                        "images": job.images,
                        "contender": name,
                        "microseconds per step": micros,
                        "peak megabytes": median(each.peaks) / 1e6,
                    }
                    written.append(point)
                    print(f"{growth.what} {value:,}: {name} {spread(micros)} µs a step", file=sys.stderr)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("--plot", action="store_true", help="draw what was measured before")
    arguments = parser.parse_args()
    if arguments.plot:
        from benchmarks.scale_plot import draw

        draw(json.loads(RESULTS.read_text()))
    else:
        main(arguments.data_dir, arguments.quick)
