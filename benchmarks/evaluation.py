"""Scoring 10,000 images beside the matrix products that it takes. One thread, in turns, milliseconds.

    python -m benchmarks.evaluation [--data-dir DIR] [--quick]

An evaluation also scales the bytes of the images, applies the activation functions, adds up the cost and
counts what was taken for what.
"""

from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import data
from benchmarks.contenders import floor, nnbp
from benchmarks.job import Job
from benchmarks.step import repeated
from benchmarks.timing import in_turns, ratios, spread
from nnbp_cli.evaluation.score import complete, evaluate
from nnbp_cli.nn.penalties import Penalty

JOBS = [
    Job((784, 30, 10), 10, 0.5),
    Job((784, 100, 10), 10, 0.5),
    Job((784, 800, 10), 100, 0.02, hidden="relu"),
    Job((784, 2500, 2000, 1500, 1000, 500, 10), 100, 0.01, hidden="relu"),
]


def main(data_dir: Path, quick: bool) -> None:
    """Print a row for each network."""
    split = data.load(data_dir).validation
    print("| | evaluation, ms | its products, ms | ratio |\n|---|---|---|---|")
    for job in JOBS:
        network, _, state = nnbp.begin(job)
        block = network.images_at_once
        products = floor.forward_products(job.sizes, block)

        def evaluation() -> None:
            complete(evaluate(network, state.params, split, Penalty(images=1)))  # noqa: B023

        works = {
            "evaluation": evaluation,
            "products": repeated(lambda: floor.multiply(products), len(split.labels) // block),  # noqa: B023
        }
        rounds = 3 if quick else 31 if network.size < 10**6 else 7
        seconds = in_turns(works, rounds)
        times = [spread([1e3 * each for each in seconds[name]]) for name in works]
        ratio = spread(ratios(seconds["evaluation"], seconds["products"]))
        print(f"| {' | '.join([job.network, *times, ratio])} |", flush=True)


if __name__ == "__main__":
    arguments = data.options(__doc__).parse_args()
    with threadpool_limits(1):
        main(arguments.data_dir, arguments.quick)
