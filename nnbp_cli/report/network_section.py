"""The network itself: a pad to draw on for it, what the page needs to run it, and its first weights."""

from __future__ import annotations

import base64
from math import prod
from typing import Any

from nnbp_cli.models.weights import Weights
from nnbp_cli.plots.network import MAX_NEURONS_SHOWN, FirstWeights
from nnbp_cli.report import sprites
from nnbp_cli.report.markup import Markup, tag
from nnbp_cli.report.sprites import Sprites

PAD_SHAPE = (28, 28)  # of the images that the pad makes
MAX_PAGE_PARAMETERS = 4_000_000  # of a network in the page: 21 MB of text


def why_no_pad(learned: Weights) -> str | None:
    """Why a network cannot have a pad, or None."""
    if learned.shape != PAD_SHAPE:
        rows, columns = learned.shape
        return f"The pad makes images of 28x28, and this network reads {rows}x{columns}."
    if learned.network.size > MAX_PAGE_PARAMETERS:
        return f"The network has {learned.network.size:,} parameters, too many to put into a page."
    return None


def pad(learned: Weights) -> Markup:
    """Where to draw, what the network sees of it, and its outputs."""
    surface = tag(
        "div",
        tag(
            "canvas", id="pad", width=400, height=400, tabindex="0", role="application",
            aria_label="Drawing pad", aria_describedby="pad-keys",
        ),
        tag("span", id="pen", aria_hidden="true", hidden=True),
        tag("p", "Draw a digit here", id="invitation", aria_hidden="true"),
        class_="surface",
    )  # fmt: skip
    keys = "By keyboard: arrows move the pen, space puts it down and lifts it, Escape clears."
    clear = tag("button", "Clear", type="button", id="clear")
    drawing = tag("div", surface, tag("div", clear, tag("p", keys, id="pad-keys"), class_="under"))
    seen = tag(
        "figure",
        tag("canvas", id="seen", width=28, height=28, role="img", aria_label="The 28x28 pixels that it sees"),
        tag("figcaption", "What the network sees"),
    )
    answer = tag("p", tag("b", "\N{EM DASH}", id="predicted"), tag("span", id="confidence"), class_="answer")
    rows = (
        tag(
            "tr",
            tag("th", str(k), scope="row"),
            tag("td", tag("span", tag("span", class_="fill"), class_="bar-track"), aria_hidden="true"),
            tag("td", "0.000", class_="output"),
        )
        for k in range(learned.network.outputs)
    )
    caption = tag("caption", "The outputs of the network", class_="unseen")
    outputs = tag("table", caption, tag("tbody", *rows), id="outputs")
    spoken = tag("p", id="spoken", class_="unseen", role="status")
    parts = (drawing, tag("div", seen, answer, class_="reading"), outputs, spoken)
    how = "With the mouse, a pen or a finger. It is fitted into 28x28, and read as you draw."
    return tag("div", tag("p", how), tag("div", *parts, class_="pad"))


def network_json(learned: Weights) -> dict[str, Any]:
    """The layers, first to last, but for dropout, which does nothing here; and theta in base64:
    little-endian float32, every W and then every b.
    """
    layers = [
        {
            "neurons": layer.neurons,
            "activation": layer.activation,
            "override": {each.neuron: each.activation for each in layer.override},
        }
        for layer in learned.config.layers
    ]
    theta = learned.params.theta.astype("<f4").tobytes()
    return {"inputs": learned.network.inputs, "layers": layers, "theta": base64.b64encode(theta).decode()}


def first_weights(learned: Weights) -> tuple[Sprites, Markup]:
    """The weights of each neuron of the first layer, a picture each, and what to make of them."""
    first = FirstWeights.of(learned, min(MAX_NEURONS_SHOWN, sprites.capacity(prod(learned.shape))))
    shown = len(first.W)
    sheet = sprites.weights("weights", first.W, first.shape, first.full_color)
    pictures = (
        tag("li", sheet.picture(j, f"weights of neuron {j}"), tag("span", str(j), aria_hidden="true"))
        for j in range(shown)
    )
    some = f" The first {shown} of {first.neurons} neurons." if first.neurons > shown else ""
    caption = (
        "Where a neuron of the first layer looks: ink on red raises its z, ink on blue lowers it. "
        f"Full colour is a weight of {first.full_color:.2g}, the same for all.{some}"
    )
    return sheet, tag("div", tag("p", caption), tag("ol", *pictures, class_="neurons"))
