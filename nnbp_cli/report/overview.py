"""The beginning and the end of a report on one run: its figures, its curves, its config, how it was made."""

import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nnbp_cli.config import Config, build, to_toml
from nnbp_cli.datasets.sources import KNOWN, SHAPE
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.evaluation.score import Score
from nnbp_cli.plots.curves import Panel
from nnbp_cli.report import charts
from nnbp_cli.report.markup import Content, Markup, joined, tag
from nnbp_cli.report.run_data import RunData
from nnbp_cli.runs.summary import Summary
from nnbp_cli.wording import counted, duration, percent


class Figure(NamedTuple):
    """A number, what it is called, and a remark on it."""

    name: str
    value: str
    remark: str


def headline(run: RunData) -> str:
    """What was trained on what, in a line."""
    network, data = run.config.network, run.config.data
    kinds = ", ".join(layer.activation for layer in network.layers)
    train = "" if data.train is None else f" {data.train:,} images of"
    return f"{_title(run)} ({kinds}), {network.cost} cost, trained on{train} {data.name}"


def _title(run: RunData) -> str:
    """What the network is called, as far as that is known where there are neither weights nor summary: of a
    folder's images only those who read them know the size.
    """
    network = run.config.network
    if run.learned:
        return run.learned.network.title
    if run.summary:
        return run.summary.network
    if run.config.data.name in KNOWN:
        return build(network, SHAPE).title
    return "-".join(str(layer.neurons) if layer.neurons else f"{layer.maps} maps" for layer in network.layers)


def figures(measured: Iterable[Figure]) -> Markup:
    """Figures in large letters: how good a network is, how large, how long it took."""
    boxes = (
        tag("div", tag("dt", name), tag("dd", value), tag("dd", remark, class_="remark"))
        for name, value, remark in measured
    )
    return tag("dl", *boxes, class_="figures")


def measured(run: RunData) -> Iterator[Figure]:
    """The figures that there are of a run."""
    predictions, listed, summary, learned = run.predictions, run.listed, run.summary, run.learned
    if predictions:
        yield from tested(predictions.score, _cost(run.config))
    elif summary and summary.test and listed.test_accuracy is not None:
        yield Figure("test accuracy", percent(listed.test_accuracy), "")
        if summary.test.cost is not None:
            yield Figure("test cost", f"{summary.test.cost:.4f}", _cost(run.config))
    if listed.validation_accuracy is not None:
        kept = f"kept: epoch {learned.epoch}" if learned else ""
        yield Figure("validation accuracy", percent(listed.validation_accuracy), kept)
    if predictions:
        yield from calibrated(predictions)
    if learned:
        yield Figure("parameters", f"{learned.network.size:,}", learned.network.title)
    if summary:
        yield Figure("training", duration(summary.seconds.training), _epochs(listed.epochs, summary))
    else:
        yield Figure("epochs so far", f"{listed.epochs}", f"of {run.config.training.epochs}")


def tested(score: Score, cost: str) -> Iterator[Figure]:
    """How good the answers to the test images are; `cost` says which."""
    wrong = score.images - int(score.confusion.trace())
    yield Figure("test accuracy", percent(score.accuracy), f"{wrong:,} of {score.images:,} wrong")
    yield Figure("test cost", f"{score.cost:.4f}", cost)


def calibrated(predictions: Predictions) -> Iterator[Figure]:
    """How well answers are as good as they are sure, where outputs are probabilities."""
    if bins := predictions.calibration:
        confidence = f"{percent(predictions.confidence.mean(), 1)} sure on average"
        yield Figure("calibration error", percent(bins.error), confidence)


def learning(panels: Iterable[Panel], run: RunData) -> Markup:
    """The curves, and the log as a table."""
    kept = run.learned.epoch if run.learned else None
    drawn = [charts.curves(panel, kept) for panel in panels]
    if not drawn:
        watched = "Nothing was watched but time: training.watch names what is to be measured."
        return tag("p", watched, class_="quiet")
    remark = [] if kept is None else [tag("p", f"The dotted line is epoch {kept}, whose weights were kept.")]
    rows = ([f"{value:.6g}" for value in row] for row in zip(*run.log.values()))
    log = table(run.log, rows, "The log: a row for each epoch")
    details = tag("details", tag("summary", "The log as a table"), log)
    return joined([*remark, tag("div", *drawn, class_="charts"), details])


def provenance(run: RunData) -> Markup:
    """The resolved config; when, with what and how long; the command that does it again."""
    toml = tag("code", to_toml(run.config))
    config = tag("pre", toml, tabindex="0", role="region", aria_label="The config of the run")
    started = run.summary and run.summary.started_from
    words = "--config", str(run.path / "config.toml"), *(("--from", started.path) if started else ())
    command = shlex.join(("nnbp", "train", *words))
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in _facts(run)]
    again = tag("p", "The same again, bit for bit on the same machine with the same versions:")
    line = tag("pre", tag("code", command), tabindex="0", role="region", aria_label="The command")
    return tag("div", config, tag("div", tag("dl", *rows, class_="facts"), again, line), class_="beside")


def table(
    head: Iterable[str], rows: Iterable[Iterable[Content]], caption: str, kind: str = "numbers"
) -> Markup:
    """A table of "numbers" or of "words", whose first column names the rows."""
    columns = tag("tr", *(tag("th", name, scope="col") for name in head))
    body = (
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest)) for first, *rest in rows
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
        return counted(epochs, "epochs")
    else:
        why = f"stopped by {summary.stopped_by}" if summary.stopped_by else str(summary.ended)
    return f"{epochs:,} of {counted(summary.epochs_at_most, 'epochs')}, {why}"


def _facts(run: RunData) -> Iterator[tuple[str, str]]:
    training, listed, summary = run.config.training, run.listed, run.summary
    yield "began", f"{listed.began:%Y-%m-%d %H:%M:%S %z}"
    yield "state", listed.state
    yield "seed", str(training.seed)
    if summary and (started := summary.started_from):
        yield "began with", f"{started.path}, epoch {started.epoch}, learned from {started.data}"
    yield "threads", str(training.threads)
    if summary:
        yield "training", duration(summary.seconds.training)
        processor = duration(summary.seconds.total_cpu)
        yield "everything", f"{duration(listed.seconds)} ({processor} of one processor)"
        yield from summary.versions.items()
        scored = "once, at the end" if summary.times_tested == 1 else f"{summary.times_tested} times"
        watched = "watched, to show its curve; nothing was chosen by it"
        yield "test set", watched if summary.test_set_watched else f"scored {scored}"
        yield "data, SHA-256", summary.data["digest"]
