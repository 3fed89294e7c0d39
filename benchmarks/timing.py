"""Taking times that can be compared: in turns, repeated, and shown with their spread."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter


def timed(work: Callable[[], object]) -> float:
    """The seconds that `work` takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def in_turns(works: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each work in each round, after a round that does not count.

    Every round begins with another one, so that none is always the one after the slowest.
    """
    names = list(works)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(-1, rounds):
        for k in range(len(names)):
            name = names[(turn + k) % len(names)]
            taken = timed(works[name])
            if turn >= 0:
                seconds[name].append(taken)
    return seconds


def ratios(seconds: Sequence[float], base: Sequence[float]) -> list[float]:
    """Round by round, how many times as long the one took as the other."""
    return [one / other for one, other in zip(seconds, base, strict=True)]


def spread(values: Sequence[float]) -> str:
    """Median and range."""
    return f"{rounded(median(values))} ({rounded(min(values))} to {rounded(max(values))})"


def rounded(value: float) -> str:
    """Three digits, or all those before the point."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
