"""A report on several runs: their figures and curves together, and what their configs differ in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from nnbp_cli.config import Config, changed_keys
from nnbp_cli.evaluation.calibration import calibration
from nnbp_cli.plots.logs import Panel
from nnbp_cli.report import charts
from nnbp_cli.report.markup import Markup, tag
from nnbp_cli.report.overview import table
from nnbp_cli.report.run_data import RunData
from nnbp_cli.report.wording import MISSING, percent, seconds


def figures(runs: Sequence[RunData]) -> Markup:
    """A row of figures for each run."""
    head = (
        "run", "test accuracy", "test cost", "validation accuracy", "calibration error",
        "parameters", "epochs", "training",
    )  # fmt: skip
    return table(head, map(_figures, runs), "The figures of the runs")


def differences(runs: Sequence[RunData]) -> Markup:
    """The keys of their configs that are not the same in all of them."""
    configs = [run.config for run in runs]
    found = {key for other in configs[1:] for key in changed_keys(configs[0], other)}
    keys = [key for key in _keys(configs[0]) if key in found]
    if not keys:
        return tag("p", "The configs of these runs are the same.", class_="quiet")
    rows = ([key, *(_value(each, key) for each in configs)] for key in keys)
    return table(["key", *(run.name for run in runs)], rows, "What the configs differ in", "words")


def learning(panels: Sequence[Panel]) -> Markup:
    """The curves of all runs, kind by kind."""
    if not panels:
        return tag("p", "The logs of these runs have no curves.", class_="quiet")
    return tag("div", *(charts.curves(panel) for panel in panels), class_="charts")


def _figures(run: RunData) -> Iterator[str]:
    predictions, summary = run.predictions, run.summary
    test = predictions.score if predictions else summary.test if summary else None
    cost = test.cost if test else None
    trusted = predictions and predictions.is_probability
    yield run.name
    yield percent(predictions.score.accuracy if predictions else run.run.test)
    yield MISSING if cost is None else f"{cost:.4f}"
    yield percent(run.run.validation)
    yield (
        percent(calibration(predictions.confidence, predictions.correct).error)
        if predictions and trusted
        else MISSING
    )
    yield f"{run.learned.network.size:,}" if run.learned else MISSING
    yield str(run.run.epochs)
    yield seconds(summary.seconds.training if summary else None)


def _keys(config: Config) -> Iterator[str]:
    for name, keys in asdict(config).items():
        yield from (f"{name}.{key}" for key in keys)


def _value(config: Config, key: str) -> str:
    table, name = key.split(".")
    value = asdict(config)[table][name]
    if key == "network.layers":
        return ", ".join(map(_layer, value))
    return MISSING if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)


def _layer(layer: dict[str, Any]) -> str:
    dropout = f" dropout {layer['dropout']:g}" if layer["dropout"] else ""
    other = "".join(f" ({each['neuron']}: {each['activation']})" for each in layer["override"])
    return f"{layer['neurons']} {layer['activation']}{other}{dropout}"
