"""A search beside chance: the book's question, eta, lambda and the size of mini-batches for 784-30-10.

    python -m benchmarks.search [--data-dir DIR] [--studies 5] [--folder runs/search-beside-chance] [--quick]

Studies of configs/search/book.toml, by TPE and ASHA as it says; beside each one by random search without
pruning, with as many epochs; and runs with the book's own values. Seeds 1, 2, ... are all that differs. They
stay in the folder: stopped, the same command goes on.
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate
from math import ceil
from pathlib import Path
from statistics import median

from benchmarks import data
from nnbp_cli import config, presets
from nnbp_cli.runs import summary
from nnbp_cli.runs.run import run
from nnbp_cli.runs.setup import Paths
from nnbp_cli.search.result import Search, Trial, best_of
from nnbp_cli.search.search import search
from nnbp_cli.terminal.progress import TerminalReporter
from nnbp_cli.wording import MISSING, percent

CONFIG = presets.shipped()["search/book"]
KEYS = ("training.learning_rate", "training.l2", "training.batch_size")
BAR, BUDGET = 0.965, 350  # of the validation images right, in so many epochs
HEAD = (
    *("search", "trials", "epochs", "best", f"best after {BUDGET} epochs", f"{BAR:.1%} after epochs"),
    *("eta", "lambda", "batch", "test"),
)


def within(trials: Iterable[Trial], epochs: int) -> list[Trial]:
    """The first trials, as far as all of them have at most so many epochs."""
    trials = list(trials)
    together = accumulate(trial.epochs for trial in trials)
    return [trial for trial, so_far in zip(trials, together) if so_far <= epochs]


def first_at(found: Search, accuracy: float) -> int | None:
    """After how many epochs of all trials one had this accuracy."""
    reached = (
        number
        for number, trial in enumerate(found.trials, start=1)
        if trial.state == "complete" and (trial.accuracy or 0) >= accuracy
    )
    number = next(reached, None)
    return None if number is None else sum(trial.epochs for trial in found.trials[:number])


def row(name: str, found: Search) -> tuple[str, ...]:
    """What there is to say of a study."""
    best, at_budget = found.best, best_of(within(found.trials, BUDGET))
    assert best
    assert found.test
    values = (best.values[key] for key in KEYS)
    return (
        *(name, str(len(found.trials)), str(found.epochs), percent(best.accuracy)),
        percent(at_budget.accuracy if at_budget else None),
        str(first_at(found, BAR) or MISSING),
        *(f"{value:.3g}" for value in values),
        percent(found.test.accuracy),
    )


def medians(name: str, studies: list[Search]) -> tuple[str, ...]:
    """The median of each number, of several studies."""
    best = median(study.best.accuracy or 0 for study in studies if study.best)
    at_budget = [best_of(within(study.trials, BUDGET)) for study in studies]
    reached = median(first_at(study, BAR) or float("inf") for study in studies)
    return (
        *(f"{name}, median", "", f"{median(study.epochs for study in studies):g}", percent(best)),
        percent(median(trial.accuracy or 0 if trial else 0 for trial in at_budget)),
        f"{reached:g}" if reached < float("inf") else MISSING,
        *("", "", ""),
        percent(median(study.test.accuracy for study in studies if study.test)),
    )


def show(cells: Iterable[str]) -> None:
    """Print a row of the table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def book(folder: Path, data_dir: Path, seed: int, settings: list[str]) -> tuple[float, float]:
    """The accuracies, validation and test, of a run with the book's own values."""
    out = folder / f"book-{seed}"
    if not (out / "summary.json").exists():
        loaded = replace(config.load(CONFIG, [*settings, f"training.seed={seed}"]), search=None)
        run(loaded, Paths(CONFIG, data_dir, out=out), TerminalReporter(quiet=True))
    scored = summary.read(out)
    assert scored.validation
    assert scored.test
    return scored.validation.accuracy, scored.test.accuracy


def main(data_dir: Path, folder: Path, studies: int, settings: list[str]) -> None:
    """Search and train, and print what came of it, a row at a time."""
    epochs = config.load(CONFIG, settings).training.epochs
    show(HEAD)
    show("---" for _ in HEAD)
    guided, random = list[Search](), list[Search]()

    def searched(name: str, seed: int, *more: str) -> Search:
        # Far apart, as a trial's seed is that of its study and its number.
        file = folder / f"{name}-{seed}" / "study.journal"
        line = [*settings, f"training.seed={1000 * seed}", *more]
        found = search(CONFIG, line, file, data_dir, TerminalReporter(quiet=False))
        if found.stopped_by:
            raise SystemExit(f"stopped by {found.stopped_by}; the same command goes on")
        show(row(f"{name} {seed}", found))
        return found

    for seed in range(1, studies + 1):
        guided.append(searched("TPE and ASHA", seed))
        trials = ceil(guided[-1].epochs / epochs)
        chance = ("search.sampler=random", "search.pruner=none", f"search.trials={trials}")
        random.append(searched("random", seed, *chance))
    show(medians("TPE and ASHA", guided))
    show(medians("random", random))
    validation, test = zip(*(book(folder, data_dir, seed, settings) for seed in range(1, studies + 1)))
    values = ("0.5", "5", "10", percent(median(test)))
    blank = ("", f"{epochs} each", percent(median(validation)), "", "")
    show((f"the book's values, median of {studies} runs", *blank, *values))


if __name__ == "__main__":
    parser = data.options(__doc__)
    parser.add_argument("--studies", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("runs/search-beside-chance"))
    asked = parser.parse_args()
    short = ["search.trials=6", "training.epochs=2", "data.train=5000"] if asked.quick else []
    main(asked.data_dir, asked.folder, asked.studies, short)
