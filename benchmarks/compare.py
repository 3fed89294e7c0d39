"""nnbp beside its peers: the same images, first weights, steps and cores, in turns. Prints Markdown tables.

    python -m benchmarks.compare [--data-dir DIR] [--quick] [--job NUMBER]... [--peer NAME]...

Seconds per epoch are those of training, shuffling and gathering among them, without the score after it and
without the first epoch of a process, which compiles. The ratio is taken round by round. "first epoch" is the
time from the command to the score after the first epoch, with the imports, what is compiled, and reading the
arrays; nnbp's steps were compiled before. Ratios are to nnbp with the engine that a run takes. Exit status 1
where one did not learn as well as the others.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from math import isnan
from pathlib import Path
from statistics import median

from threadpoolctl import threadpool_info, threadpool_limits

from benchmarks import data, running
from benchmarks.contenders import floor, nnbp
from benchmarks.job import Job
from benchmarks.running import Measured
from benchmarks.timing import ratios, rounded, spread, timed
from nnbp_cli import engines

FLOOR = "floor"
NAMES = {
    "nnbp_compiled": "nnbp, compiled",
    "nnbp_numpy": "nnbp, numpy",
    "per_example": "a loop over the examples",
    "sklearn_mlp": "scikit-learn",
    "pytorch_module": "PyTorch, `nn` and `optim`",
    "pytorch_eager": "PyTorch, eager, fastest form",
    "pytorch_by_hand": "PyTorch without autograd",
    "pytorch_compiled": "PyTorch, compiled",
    "jax_scan": "JAX",
    FLOOR: "the matrix products alone",
}

JOBS = [
    Job((784, 30, 10), 10, 0.5),
    Job((784, 100, 10), 10, 0.5),
    Job((784, 100, 10), 32, 0.2, momentum=0.9, images=49_920),
    Job((784, 800, 10), 100, 0.02, momentum=0.9, hidden="relu"),
    Job((784, 2500, 2000, 1500, 1000, 500, 10), 100, 0.01, momentum=0.9, hidden="relu", images=2_000),
]
WITHIN = 0.01  # of nnbp's validation accuracy


def main(data_dir: Path, quick: bool, jobs: Sequence[Job], contenders: Sequence[str]) -> int:
    """Print a table for each job; the exit status."""
    images = data.load(data_dir)
    print(f"{images.name}, {len(images.validation.labels):,} validation images; numpy with {blas()}\n")
    engines.prepare("compiled", print)  # once on a machine
    learned = True
    with tempfile.TemporaryDirectory() as folder:
        # What torch.compile keeps from one process for the next one begins empty.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder + "/inductor"
        for job in jobs:
            job = shortened(job) if quick else job
            path = Path(folder) / "arrays.npz"
            running.write_arrays(job, images, path)
            names = [name for name in contenders if name not in left_out(job, quick)]
            starts, rounds = (1, 2) if quick else (2, 4)
            measured = running.measure(names, job, path, starts, rounds)
            print(f"**{job}**\n")
            ours = measured[f"nnbp_{nnbp.chosen(job)}"]
            print("\n".join([*table(measured, ours.epochs), ""]), flush=True)
            for name, each in measured.items():
                learned &= check(name, each, ours)
    return 0 if learned else 1


def left_out(job: Job, quick: bool) -> set[str]:
    """The loop over examples where an epoch of it would take minutes; the compiler where there is no time."""
    return ({"per_example"} if job.hidden == "relu" else set()) | ({"pytorch_compiled"} if quick else set())


def shortened(job: Job) -> Job:
    """A tenth of the images, but ten steps at least."""
    steps = max(10, job.steps // 100 * 10)
    return replace(job, images=steps * job.batch_size)


def table(measured: dict[str, Measured], ours: Sequence[float]) -> list[str]:
    """A row for each contender: medians, and ranges in brackets; `ours` is what 1 is in the ratios."""
    rows = [
        "| | seconds per epoch | times nnbp's | first epoch, s | peak memory, MB | validation accuracy, % |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in measured.items():
        if each.failed:
            rows.append(f"| {NAMES[name]} | did not run: {each.failed} | | | | |")
            continue
        cells = [spread(each.epochs), spread(ratios(each.epochs, ours))]
        if name == FLOOR:
            cells += [""] * 3
        else:
            accuracies = ", ".join(f"{100 * accuracy:.2f}" for accuracy in each.accuracies)
            cells += [spread(each.first), rounded(median(each.peaks) / 1e6), accuracies]
        rows.append(f"| {' | '.join([NAMES[name], *cells])} |")
    return rows


def check(name: str, each: Measured, ours: Measured) -> bool:
    """Whether a contender learned what nnbp did; what did not run has nothing to show."""
    if each.failed or name == FLOOR:
        return True
    off = median(each.accuracies) - median(ours.accuracies)
    if isnan(off) or abs(off) > WITHIN:
        print(f"{NAMES[name]}: validation accuracy off by {100 * off:+.2f} points; not the same work", "\n")
        return False
    return True


def blas() -> str:
    """What numpy multiplies with, and how fast it can on one core: the best of ten large products.

    OPENBLAS_CORETYPE, where it is set, chooses the instructions of numpy's products and of nobody else's.
    """
    product = [(floor.random(2048, 2048), floor.random(2048, 2048), floor.random(2048, 2048))]
    with threadpool_limits(1):
        gflops = 2 * 2048**3 / min(timed(lambda: floor.multiply(product)) for _ in range(10)) / 1e9
    names = [f"{each['internal_api']} for {each.get('architecture', '?')}" for each in threadpool_info()]
    chosen = " as OPENBLAS_CORETYPE says" if "OPENBLAS_CORETYPE" in os.environ else ""
    return f"{', '.join(names)}{chosen}, {gflops:.0f} GFLOP/s"


if __name__ == "__main__":
    parser = data.options(__doc__)
    numbers, (compiled, numpy, *peers) = range(1, len(JOBS) + 1), NAMES
    parser.add_argument("--job", type=int, choices=numbers, action="append", help="some networks alone")
    parser.add_argument("--peer", choices=peers, action="append", help="beside nnbp, some alone")
    arguments = parser.parse_args()
    chosen = [JOBS[number - 1] for number in arguments.job or numbers]
    contenders = [compiled, numpy, *(arguments.peer or peers)]
    sys.exit(main(arguments.data_dir, arguments.quick, chosen, contenders))
