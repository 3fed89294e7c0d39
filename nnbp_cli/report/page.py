"""The page: sections in their order, the style, the script and a policy under which nothing else may load."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnbp_cli import __version__
from nnbp_cli.evaluation.predictions import Predictions
from nnbp_cli.plots import curves
from nnbp_cli.plots.curves import Panel
from nnbp_cli.report import comparison, mistakes, network_section, overview, search_section, sprites, vote
from nnbp_cli.report.markup import Markup, filled, joined, resource, script_data, tag
from nnbp_cli.report.run_data import RunData
from nnbp_cli.report.sprites import Sprites
from nnbp_cli.report.vote import Vote
from nnbp_cli.search.result import Search
from nnbp_cli.system.outputs import Output, signed

OUTPUT = Output(
    "a report",
    {".html": signed(rb'<!doctype html>.*<meta name="generator" content="nnbp ')},
    "name another file with -o",
)
SCRIPTS = ("network.js", "digit.js", "pad.js", "confusion.js", "start.js")


@dataclass(frozen=True)
class Section:
    """A part of the page, with the sheets that its pictures are on and the data that the script wants."""

    anchor: str
    title: str
    content: Markup
    sprites: tuple[Sprites, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def page(runs: Sequence[RunData], elected: Vote | None = None, search: Search | None = None) -> str:
    """The report on one run, of which it may be said by what search it was found, on several compared, or on
    their vote: HTML that holds all it needs.
    """
    panels = curves.panels([(run.name, run.log) for run in runs])
    if elected:
        headline = f"{', '.join(elected.networks)}: the mean of their outputs"
        title, sections = elected.ensemble.title.capitalize(), list(_elected(elected, panels))
    elif len(runs) > 1:
        headline, sections = ", ".join(run.name for run in runs), list(_compared(runs, panels))
        title = f"{len(runs)} runs compared"
    else:
        headline, sections = overview.headline(runs[0]), list(_one(runs[0], panels, search))
        title = f"{search.name}: {runs[0].name}" if search else runs[0].name
    notes = [tag("p", note, class_="note") for run in runs for note in run.notes]
    sheets = [sheet for section in sections for sheet in section.sprites]
    positions = sprites.sprite_css(max((len(sheet) for sheet in sheets), default=0))
    style = resource("page.css").text + "".join([*(sheet.style() for sheet in sheets), *positions])
    script = joined(map(resource, SCRIPTS)).text
    links = (tag("li", tag("a", section.title, href=f"#{section.anchor}")) for section in sections)
    data = {key: value for section in sections for key, value in section.data.items()}
    return filled(
        "page.html",
        title=title,
        version=__version__,
        policy=Markup(_policy(style, script)),
        style=Markup(style),
        script=Markup(script),
        headline=joined([tag("p", headline, class_="lead"), *notes]),
        navigation=tag("nav", tag("ul", *links), aria_label="Sections"),
        sections=joined(map(_section, sections)),
        data=script_data(data),
    ).text


def _one(run: RunData, panels: Sequence[Panel], search: Search | None) -> Iterator[Section]:
    learned, predictions = run.learned, run.predictions
    yield Section("figures", "Figures", overview.figures(overview.measured(run)))
    if search:
        yield Section("search", "The search", search_section.section(search))
    if learned:
        pad, networks = network_section.pad({run.name: learned})
        yield Section("pad-section", "Draw a digit", pad, data=networks)
    yield Section("learning", "How it learned", overview.learning(panels, run))
    if predictions:
        yield from _answers(predictions)
    if learned:
        sheet, pictures = network_section.first_weights(learned)
        yield Section("weights", "First weights", pictures, (sheet,))
    yield Section("provenance", "How it was made", overview.provenance(run))


def _answers(predictions: Predictions) -> Iterator[Section]:
    """What was said to the test images."""
    sheet, places = mistakes.cells(predictions)
    data = {"cells": places, "columns": sprites.COLUMNS}
    yield Section("confusion-section", "Confusion", mistakes.confusion(predictions), (sheet,), data)
    if worst := mistakes.worst(predictions):
        sheet, pictures = worst
        yield Section("worst", "Worst mistakes", pictures, (sheet,))
    if bins := predictions.calibration:
        yield Section("calibration", "Calibration", mistakes.reliability(predictions, bins))


def _elected(elected: Vote, panels: Sequence[Panel]) -> Iterator[Section]:
    measured = list(vote.measured(elected))
    yield Section("figures", "Figures", overview.figures(measured))
    yield Section("voters", "Who votes", comparison.figures(elected.runs, measured))
    pad, networks = network_section.pad(elected.networks)
    yield Section("pad-section", "Draw a digit", pad, data=networks)
    yield Section("learning", "How they learned", comparison.learning(panels))
    if elected.predictions:
        yield from _answers(elected.predictions)
    yield Section("differences", "What the configs differ in", comparison.differences(elected.runs))
    yield Section("provenance", "How they were made", vote.provenance(elected))


def _compared(runs: Sequence[RunData], panels: Sequence[Panel]) -> Iterator[Section]:
    yield Section("figures", "Figures", comparison.figures(runs))
    yield Section("differences", "What the configs differ in", comparison.differences(runs))
    yield Section("learning", "How they learned", comparison.learning(panels))


def _section(section: Section) -> Markup:
    title = f"{section.anchor}-title"
    heading = tag("h2", section.title, id=title)
    return tag("section", heading, section.content, id=section.anchor, aria_labelledby=title)


def _policy(style: str, script: str) -> str:
    """Nothing may load but this very style, this very script, and pictures that are in the page itself."""
    scripts, styles = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (script, style)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{scripts}'; style-src 'sha256-{styles}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
