"""A report on several runs: their figures and curves together, and what their configs differ in."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

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
    configs = [
        {f"{name}.{key}": value for name, keys in asdict(run.config).items() for key, value in keys.items()}
        for run in runs
    ]
    rows = [
        [key, *(_value(key, config[key]) for config in configs)]
        for key, value in configs[0].items()
        if any(config[key] != value for config in configs)
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


def _value(key: str, value: Any) -> str:
    if key == "network.layers":
        return ", ".join(map(_layer, value))
    return MISSING if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)


def _layer(layer: dict[str, Any]) -> str:
    dropout = f" dropout {layer['dropout']:g}" if layer["dropout"] else ""
    other = "".join(f" ({each['neuron']}: {each['activation']})" for each in layer["override"])
    return f"{_size(layer)} {layer['activation']}{other}{dropout}"


def _size(layer: dict[str, Any]) -> str:
    if not layer["maps"]:
        return str(layer["neurons"])
    pool = f" pool {layer['pool']}" if layer["pool"] else ""
    padding = " same" if layer["padding"] == "same" else ""
    return f"{layer['maps']}@{layer['kernel']}x{layer['kernel']}{pool}{padding}"
