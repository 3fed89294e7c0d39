"""A report on several runs: their figures and curves together, and what their configs differ in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nnbp_cli.config import decided
from nnbp_cli.plots.curves import Panel
from nnbp_cli.report import charts, overview
from nnbp_cli.report.markup import Markup, tag
from nnbp_cli.report.overview import Figure, table
from nnbp_cli.report.run_data import RunData
from nnbp_cli.wording import MISSING

FIGURES = ("test accuracy", "test cost", "validation accuracy", "calibration error", "parameters")


def figures(runs: Sequence[RunData], vote: Sequence[Figure] = ()) -> Markup:
    """A row of figures for each run, and one for their vote."""
    head = ["run", *FIGURES, "epochs", "training"]
    rows = [_row(run.name, overview.measured(run), str(run.listed.epochs)) for run in runs]
    if vote:
        rows.append(_row("the vote", vote, MISSING))
    return table(head, rows, "The figures of the runs")


def differences(runs: Sequence[RunData]) -> Markup:
    """The keys of their configs that are not the same in all of them."""
    configs = [dict(_keys(decided(asdict(run.config)))) for run in runs]
    rows = [
        [key, *(_value(key, config[key]) if key in config else MISSING for config in configs)]
        for key in sorted(set().union(*configs))
        if any(config.get(key) != configs[0].get(key) for config in configs)
    ]
    if not rows:
        return tag("p", "The configs of these runs are the same.", class_="quiet")
    return table(["key", *(run.name for run in runs)], rows, "What the configs differ in", "words")


def learning(panels: Sequence[Panel]) -> Markup:
    """The curves of all runs, kind by kind."""
    if not panels:
        return tag("p", "The logs of these runs have no curves.", class_="quiet")
    return tag("div", *(charts.curves(panel) for panel in panels), class_="charts")


def _row(name: str, measured: Iterable[Figure], epochs: str) -> list[str]:
    values = {figure.name: figure.value for figure in measured}
    return [name, *(values.get(each, MISSING) for each in FIGURES), epochs, values.get("training", MISSING)]


def _keys(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of a table, as they are written after --set, and their values."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{above}{key}.")
        else:
            yield above + key, value


def _value(key: str, value: Any) -> str:
    if key == "network.layers":
        return ", ".join(map(_layer, value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def _layer(layer: dict[str, Any]) -> str:
    dropout = f" dropout {layer['dropout']:g}" if layer["dropout"] else ""
    other = "".join(f" ({each['neuron']}: {each['activation']})" for each in layer["override"])
    return f"{_size(layer)} {layer['activation']}{other}{dropout}"


def _size(layer: dict[str, Any]) -> str:
    if "maps" not in layer:
        return str(layer["neurons"])
    padding = " same" if layer["padding"] == "same" else ""
    return f"{layer['maps']} maps {layer['kernel']}x{layer['kernel']} pool {layer['pool']}{padding}"
