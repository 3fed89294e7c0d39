"""The search of which a run is the best: what was drawn, how each trial went, how much each key mattered."""

from collections.abc import Sequence
from pathlib import Path

from nnbp_cli.config import ParameterConfig
from nnbp_cli.errors import NnbpError
from nnbp_cli.plots.trials import slices
from nnbp_cli.report import charts
from nnbp_cli.report.markup import Markup, joined, tag
from nnbp_cli.report.overview import table
from nnbp_cli.search.journal import is_journal
from nnbp_cli.search.result import Search
from nnbp_cli.wording import counted, listed, percent


def finished_search(paths: Sequence[Path]) -> Search | None:
    """The search whose study is the only one of `paths`; None where they are runs. Raises NnbpError where it
    has not ended: a report looks at the test images.
    """
    if len(paths) > 1 or not is_journal(paths[0]):
        return None
    from nnbp_cli.search.storage import read

    search = read(paths[0])
    if not search.test:
        how = "'nnbp search' goes on with it, 'nnbp plot' shows how far it is"
        raise NnbpError(f"{search.study}: has not ended, and a report looks at the test images; {how}")
    return search


def section(search: Search) -> Markup:
    """All of it; the search has ended, and there is a best trial."""
    assert search.best
    assert search.test
    begun = search.search
    ends = [f"{number} {state}" for state, number in search.counts.items() if number]
    drawn = (
        f"{begun.sampler} drew {counted(len(search.trials), 'trials')}, and {begun.pruner} pruned: "
        f"{listed(ends, 'and')}, {counted(search.epochs, 'epochs')} together. Trial {search.best.number} was "
        f"the best on the validation images, {percent(search.best.accuracy)}, which flatters it, as they "
        "chose it. On the test images "
    )
    others = counted(search.tested - 1, "other trials")
    tested = f"{others} of this search were scored, too." if search.tested > 1 else "no other was scored."
    keys = [
        [key, _range(parameter), _value(search.best.values[key]), percent(search.importances.get(key), 0)]
        for key, parameter in begun.parameters.items()
    ]
    head = ["trial", "state", "validation", "epochs", *begun.parameters]
    rows = [
        [
            str(trial.number),
            trial.state,
            percent(trial.accuracy),
            str(trial.epochs),
            *(_value(trial.values[key]) for key in begun.parameters),
        ]
        for trial in search.trials
    ]
    return joined(
        [
            tag("p", drawn, tested),
            table(["key", "drawn from", "the best", "importance"], keys, "What was searched", "words"),
            charts.trials_legend(),
            tag("div", *map(charts.trials, slices(search)), class_="charts"),
            tag(
                "details",
                tag("summary", "The trials as a table"),
                table(head, rows, "The trials: a row for each"),
            ),
        ]
    )


def _range(parameter: ParameterConfig) -> str:
    if parameter.values is not None:
        return ", ".join(map(str, parameter.values))
    scale = ", log" if parameter.scale == "log" else ""
    return f"{parameter.min:g} to {parameter.max:g}{scale}"


def _value(value: float | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
