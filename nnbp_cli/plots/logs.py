"""Curves from the logs of runs, as plain values: what there is to draw, whoever draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from nnbp_cli.errors import NnbpError
from nnbp_cli.runs.directory import existing
from nnbp_cli.runs.listing import each_readable
from nnbp_cli.runs.log import read_log

Kind = Literal["cost", "accuracy", "learning rate", "layer speed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Log = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Curve:
    """One line: of the run with this name, what it shows ("validation", "layer 2"), epochs and values."""

    run: str
    what: str
    epochs: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True)
class Line:
    """How a curve is drawn: what it is called, and the numbers of its colour and of its style, from 0."""

    curve: Curve
    label: str
    color: int
    style: int


@dataclass(frozen=True)
class Panel:
    """The curves of one kind, for one pair of axes; `logarithmic` where values differ by orders of magnitude.
    Accuracies are in percent. `runs` are all that are drawn, so that a run has one colour in all panels.
    """

    runs: Sequence[str]
    kind: Kind
    curves: Sequence[Curve]
    logarithmic: bool

    @property
    def label(self) -> str:
        """What stands at the axis of values."""
        return {"accuracy": "accuracy, %", "layer speed": "speed of a layer, |delta|"}.get(
            self.kind, self.kind
        )

    @property
    def lines(self) -> list[Line]:
        """The curves as they are drawn. One run: a colour for each curve. Several: a colour for each run, a
        style for each of its curves.
        """
        runs = list(dict.fromkeys(self.runs))
        whats = list(dict.fromkeys(curve.what for curve in self.curves))
        several = len(runs) > 1
        drawn = []
        for curve in self.curves:
            run, what = runs.index(curve.run), whats.index(curve.what)
            names = [curve.run] * several + [curve.what] * (len(whats) > 1 or not several)
            drawn.append(Line(curve, ", ".join(names), run if several else what, what if several else 0))
        return drawn


def logs(
    runs: Sequence[Path], labels: Sequence[str] = (), *, note: Callable[[str], object]
) -> list[tuple[str, Log]]:
    """The logs of `runs`, each under its label, or else the name of its directory.

    Raises NnbpError, and tells `note` what is left out, as `each_readable` does.
    """

    def named(label: str, run: Path) -> tuple[str, Log]:
        log = read_log(existing(run).path)
        return label or run.resolve().name, log

    given = [*labels, *[""] * len(runs)]
    return each_readable(zip(given, runs), named, note)


def panels(logs: Sequence[tuple[str, Log]], only: Sequence[Kind] = ()) -> list[Panel]:
    """`logged`, but raises NnbpError when there is nothing to draw."""
    drawn = logged(logs, only)
    if not drawn:
        what = f"no {' or '.join(only)}" if only else "no curves"
        raise NnbpError(f"{logs[0][0]}: {what} in the log; name in training.watch what is to be measured")
    return drawn


def logged(logs: Sequence[tuple[str, Log]], only: Sequence[Kind] = ()) -> list[Panel]:
    """A panel for each kind of curve that the logs of runs have, or of those that `only` names.

    A learning rate that never changes is no curve, unless it is asked for.
    """
    drawn = []
    for kind in only or KINDS:
        curves = [curve for name, log in logs for curve in _curves(name, log, kind)]
        values = {value for curve in curves for value in curve.values}
        if curves and (kind != "learning rate" or only or len(values) > 1):
            drawn.append(Panel([name for name, _ in logs], kind, curves, kind == "layer speed"))
    return drawn


def _curves(name: str, log: Log, kind: Kind) -> list[Curve]:
    unit = 100 if kind == "accuracy" else 1
    found = []
    for column, values in log.items():
        if column == kind or column.endswith(f" {kind}") or column.startswith(f"{kind} "):
            known = [(e, unit * v) for e, v in zip(log["epoch"], values) if v == v]  # epoch 0 has no rate
            what = column.replace(kind, "").strip() or kind
            what = f"layer {what}" if kind == "layer speed" else what
            if known:
                epochs, shown = zip(*known)
                found.append(Curve(name, what, epochs, shown))
    return found
