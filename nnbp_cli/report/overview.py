"""The beginning and the end of a report on one run: its figures, its curves, its config, how it was made."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from nnbp_cli.config import Config, build, to_toml
from nnbp_cli.evaluation.calibration import calibration
from nnbp_cli.plots.logs import Panel
from nnbp_cli.report import charts
from nnbp_cli.report.markup import Content, Markup, joined, tag
from nnbp_cli.report.run_data import RunData
from nnbp_cli.report.wording import percent, seconds
from nnbp_cli.runs.summary import Summary


def headline(material: RunData) -> str:
    """What was trained on what, in a line."""
    network, data, learned = material.config.network, material.config.data, material.learned
    size = learned.network.title if learned else f"?{build(network, (1, 1)).title[1:]}"
    kinds = ", ".join(layer.activation for layer in network.layers)
    train = "" if data.train is None else f" {data.train:,} images of"
    return f"{size} ({kinds}), {network.cost} cost, trained on{train} {data.name}"


def figures(material: RunData) -> Markup:
    """The headline: how good it is, how large, how long it took."""
    predictions, run, summary, learned = (
        material.predictions,
        material.run,
        material.summary,
        material.learned,
    )
    told: list[tuple[str, str, str]] = []
    if predictions:
        score = predictions.score
        wrong = score.images - int(score.confusion.trace())
        told.append(("test accuracy", percent(score.accuracy), f"{wrong:,} of {score.images:,} wrong"))
        told.append(("test cost", f"{score.cost:.4f}", _cost(material.config)))
    elif run.test is not None and summary and summary.test:
        cost = "" if summary.test.cost is None else f"cost {summary.test.cost:.4f}"
        told.append(("test accuracy", percent(run.test), cost))
    if run.validation is not None:
        kept = f"kept: epoch {learned.epoch}" if learned else ""
        told.append(("validation accuracy", percent(run.validation), kept))
    if predictions and predictions.is_probability:
        error = calibration(predictions.confidence, predictions.correct).error
        sure = f"{percent(predictions.confidence.mean(), 1)} sure on average"
        told.append(("calibration error", percent(error), sure))
    if learned:
        told.append(("parameters", f"{learned.network.size:,}", learned.network.title))
    if summary:
        told.append(("training", seconds(summary.seconds.training), _epochs(run.epochs, summary)))
    else:
        told.append(("epochs so far", f"{run.epochs}", f"of {material.config.training.epochs}"))
    boxes = (
        tag("div", tag("dt", name), tag("dd", value), tag("dd", remark, class_="remark"))
        for name, value, remark in told
    )
    return tag("dl", *boxes, class_="figures")


def learning(panels: Iterable[Panel], material: RunData) -> Markup:
    """The curves, and the log as a table."""
    kept = material.learned.epoch if material.learned else None
    drawn = [charts.curves(panel, kept) for panel in panels]
    if not drawn:
        watched = "Nothing was watched but time: training.watch names what is to be measured."
        return tag("p", watched, class_="quiet")
    remark = [] if kept is None else [tag("p", f"The dotted line is epoch {kept}, whose weights were kept.")]
    return joined(
        [*remark, tag("div", *drawn, class_="charts"), _details("The log as a table", _log(material))]
    )


def provenance(material: RunData) -> Markup:
    """The whole config, as it was decided; when, with what and how long; the command that does it again."""
    toml = tag("code", to_toml(material.config))
    config = tag("pre", toml, tabindex="0", role="region", aria_label="The config of the run")
    command = f"nnbp train --config {shlex.quote(str(material.path / 'config.toml'))}"
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in _made(material)]
    again = tag("p", "The same again, bit for bit on the same machine with the same versions:")
    line = tag("pre", tag("code", command), tabindex="0", role="region", aria_label="The command")
    return tag("div", config, tag("div", tag("dl", *rows, class_="facts"), again, line), class_="beside")


def table(
    head: Iterable[str], rows: Iterable[Iterable[Content]], caption: str, kind: str = "numbers"
) -> Markup:
    """A table of "numbers" or of "words", whose first column names the rows."""
    columns = tag("tr", *(tag("th", name, scope="col") for name in head))
    body = (
        tag("tr", tag("th", first, scope="row"), *(tag("td", each) for each in rest)) for first, *rest in rows
    )
    parts = (tag("caption", caption, class_="unseen"), tag("thead", columns), tag("tbody", *body))
    return tag("div", tag("table", *parts, class_=kind), class_="wide", tabindex="0", role="region",
               aria_label=caption)  # fmt: skip


def _cost(config: Config) -> str:
    penalty = config.training.l1 or config.training.l2
    return f"{config.network.cost} and penalty" if penalty else config.network.cost


def _epochs(epochs: int, summary: Summary) -> str:
    if summary.diverged:
        why = "then it diverged"
    elif epochs == summary.epochs_at_most:
        return f"{epochs} epochs"
    else:
        why = f"stopped by {summary.stopped_by}" if summary.stopped_by else str(summary.ended)
    return f"{epochs} of {summary.epochs_at_most} epochs, {why}"


def _details(summary: str, content: Markup) -> Markup:
    return tag("details", tag("summary", summary), content)


def _log(material: RunData) -> Markup:
    columns = material.log
    rows = ([f"{value:.6g}" for value in row] for row in zip(*columns.values()))
    return table(columns, rows, "The log: a row for each epoch")


def _made(material: RunData) -> Iterator[tuple[str, str]]:
    training, run, summary = material.config.training, material.run, material.summary
    yield "began", f"{run.began:%Y-%m-%d %H:%M:%S %z}"
    yield "state", run.state
    yield "seed", str(training.seed)
    yield "threads", str(training.threads)
    if summary:
        yield "training", seconds(summary.seconds.training)
        yield "everything", f"{seconds(run.seconds)} ({seconds(summary.seconds.total_cpu)} of one processor)"
        yield from summary.versions.items()
        yield "test set", _tested(summary)
        yield "data, SHA-256", summary.digest


def _tested(summary: Summary) -> str:
    if summary.test_set_watched:
        return "watched, to show its curve; nothing was chosen by it"
    return "scored once, at the end" if summary.times_tested == 1 else f"scored {summary.times_tested} times"
