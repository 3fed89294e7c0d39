"""The page: sections in their order, the style, the script and a policy under which nothing else may load."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

from nnbp_cli import __version__
from nnbp_cli.plots import logs
from nnbp_cli.report import comparison, mistakes, network_section, overview, sprites
from nnbp_cli.report.markup import Content, Markup, joined, tag
from nnbp_cli.report.network_json import network_json
from nnbp_cli.report.run_data import RunData
from nnbp_cli.report.sprites import Sprites
from nnbp_cli.system import json_text
from nnbp_cli.system.outputs import Output, signed

OUTPUT = Output(
    "a report",
    {".html": signed(rb'<!doctype html>.*<meta name="generator" content="nnbp ')},
    "name another file with -o",
)
SCRIPTS = ("network.js", "digit.js", "pad.js", "confusion.js", "start.js")


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its title, and what is in it, with the sheets that its pictures are on
    and the data that the script wants.
    """

    anchor: str
    title: str
    content: Markup
    sprites: tuple[Sprites, ...] = ()
    data: tuple[tuple[str, Any], ...] = ()


def page(runs: Sequence[RunData]) -> str:
    """The report on one run, or on several compared: HTML that holds all it needs."""
    panels = logs.logged([(run.name, run.log) for run in runs])
    if len(runs) > 1:
        headline, sections = ", ".join(run.name for run in runs), list(_compared(runs, panels))
        title = f"{len(runs)} runs compared"
    else:
        headline, sections = overview.headline(runs[0]), list(_one(runs[0], panels))
        title = runs[0].name
    notes = [tag("p", note, class_="note") for run in runs for note in run.notes]
    return _whole(title, joined([tag("p", headline, class_="lead"), *notes]), sections)


def _one(run: RunData, panels: Sequence[logs.Panel]) -> Iterator[Section]:
    learned, predictions = run.learned, run.predictions
    yield Section("figures", "Figures", overview.figures(run))
    if learned:
        refusal = network_section.why_no_pad(learned)
        if refusal:
            yield Section("pad-section", "Draw a digit", tag("p", refusal, class_="quiet"))
        else:
            network = (("network", network_json(learned)),)
            yield Section("pad-section", "Draw a digit", network_section.pad(learned), data=network)
    yield Section("learning", "How it learned", overview.learning(panels, run))
    if predictions:
        sheet, places = mistakes.cells(predictions)
        data = (("cells", places), ("columns", sprites.COLUMNS))
        yield Section("confusion-section", "Confusion", mistakes.confusion(predictions), (sheet,), data)
        found = mistakes.worst(predictions)
        if found:
            yield Section("worst", "Worst mistakes", found[1], (found[0],))
        if predictions.is_probability:
            yield Section("trust", "Calibration", mistakes.reliability(predictions))
    if learned:
        sheet, pictures = network_section.first_weights(learned)
        yield Section("weights", "First weights", pictures, (sheet,))
    yield Section("making", "How it was made", overview.provenance(run))


def _compared(runs: Sequence[RunData], panels: Sequence[logs.Panel]) -> Iterator[Section]:
    yield Section("figures", "Figures", comparison.figures(runs))
    yield Section("differences", "What the configs differ in", comparison.differences(runs))
    yield Section("learning", "How they learned", comparison.learning(panels))


def _whole(title: str, headline: Content, sections: Sequence[Section]) -> str:
    shown = [sheet for section in sections for sheet in section.sprites]
    most = max((sheet.shape[0] for sheet in shown), default=0)
    style = "".join([_file("page.css"), *(sheet.style() for sheet in shown), *sprites.sprite_css(most)])
    script = "".join(map(_file, SCRIPTS))
    links = (tag("li", tag("a", section.title, href=f"#{section.anchor}")) for section in sections)
    parts = (_section(section) for section in sections)
    values = {
        "title": joined([title]).text,
        "version": __version__,
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "lead": joined([headline]).text,
        "navigation": tag("nav", tag("ul", *links), aria_label="Sections").text,
        "sections": joined(parts).text,
        "data": _json(dict(pair for section in sections for pair in section.data)),
    }
    return Template(_file("page.html")).substitute(values)


def _section(section: Section) -> Markup:
    title = tag("h2", section.title, id=f"{section.anchor}-title")
    labelled = f"{section.anchor}-title"
    return tag("section", title, section.content, id=section.anchor, aria_labelledby=labelled)


def _policy(style: str, script: str) -> str:
    """Nothing may load but this very style, this very script, and pictures that are in the page itself."""
    rules = {
        "default-src": "'none'",
        "script-src": _digest(script),
        "style-src": _digest(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: Any) -> str:
    """JSON that ends no script element, whatever is in it."""
    return json_text.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _file(name: str) -> str:
    return resources.files("nnbp_cli.report").joinpath(name).read_text(encoding="utf-8")
