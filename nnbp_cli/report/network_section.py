"""The network itself: a pad to draw on for it, what the page needs to run it, and its first weights."""

import base64
from collections.abc import Iterable, Mapping
from math import ceil, prod
from typing import Any

from nnbp_cli.models.weights import Weights
from nnbp_cli.nn.convolution import Convolution
from nnbp_cli.nn.layers import Layer
from nnbp_cli.plots.network import MAX_NEURONS_SHOWN, FirstWeights
from nnbp_cli.report import sprites
from nnbp_cli.report.markup import Markup, filled, joined, tag
from nnbp_cli.report.sprites import Sprites

PAD_SHAPE = (28, 28)  # of the images that the pad makes
MAPS_ACROSS = 10  # side by side
MAX_PAGE_PARAMETERS = 4_000_000  # of a network in the page: 21 MB of text


def pad(networks: Mapping[str, Weights]) -> tuple[Markup, dict[str, Any]]:
    """Where to draw, what a network, or several that vote, see of it, and the outputs, with the data that the
    script wants; or why they cannot have a pad. The networks have the names of their runs.
    """
    first, *others = networks.values()
    rows, columns = first.shape
    if first.shape != PAD_SHAPE:
        refusal = f"The pad makes images of 28x28, and this network reads {rows}x{columns}."
        return tag("p", refusal, class_="quiet"), {}
    size = sum(learned.network.size for learned in networks.values())
    if size > MAX_PAGE_PARAMETERS:
        whose = f"The {len(networks)} networks have" if others else "The network has"
        refusal = f"{whose} {size:,} parameters, too many to put into a page."
        return tag("p", refusal, class_="quiet"), {}
    outputs = (
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", tag("span", tag("span", class_="fill"), class_="bar-track"), aria_hidden="true"),
            tag("td", "0.000", class_="output"),
        )
        for name in first.classes
    )
    beneath = _members(networks) if others else _maps(first.network.layers[0])
    data = {"networks": [network_json(learned) for learned in networks.values()]}
    return filled("pad.html", outputs=joined(outputs), beneath=beneath), data


def _members(names: Iterable[str]) -> Markup:
    """Where the pad shows what each of several networks reads."""
    rows = (
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", "\N{EM DASH}", class_="read"),
            tag("td", class_="sure"),
        )
        for name in names
    )
    caption = tag("caption", "What each of them reads by itself")
    return tag("table", caption, tag("tbody", *rows), id="members")


def _maps(first: Layer) -> Markup:
    """Where the pad shows what the maps of a first convolution make of what is drawn."""
    if not isinstance(first, Convolution):
        return Markup("")
    rows, columns, maps = first.outputs
    width = MAPS_ACROSS * (columns + 1) - 1
    height = ceil(maps / MAPS_ACROSS) * (rows + 1) - 1
    label = f"The {maps} maps of the first layer"
    canvas = tag(
        "canvas", id="maps", width=width, height=height, data_across=MAPS_ACROSS, role="img", aria_label=label
    )
    caption = f"What each of the {maps} maps of the first layer makes of it"
    return tag("figure", canvas, tag("figcaption", caption), class_="maps")


def network_json(learned: Weights) -> dict[str, Any]:
    """The layers, first to last, but for dropout, which does nothing here; and theta in base64:
    little-endian float32, every W and then every b.
    """
    trained = (layer for layer in learned.network.layers if layer.shapes)
    layers = [
        _layer_json(layer)
        | {
            "activation": described.activation,
            "override": {each.neuron: each.activation for each in described.override},
        }
        for described, layer in zip(learned.config.layers, trained)
    ]
    theta = learned.params.theta.astype("<f4").tobytes()
    return {"inputs": learned.network.inputs, "layers": layers, "theta": base64.b64encode(theta).decode()}


def _layer_json(layer: Layer) -> dict[str, Any]:
    """How many neurons it has, and of a convolution what they see and where."""
    if not isinstance(layer, Convolution):
        return {"neurons": prod(layer.outputs)}
    return {
        "neurons": prod(layer.outputs),
        "picture": layer.picture,
        "pooled": layer.outputs,
        "kernel": layer.kernel,
        "pool": layer.pool,
        "padding": layer.padding[0],
    }


def first_weights(learned: Weights) -> tuple[Sprites, Markup]:
    """The weights of each neuron or map of the first layer, a picture each, and what to make of them."""
    first = FirstWeights.of(learned, min(MAX_NEURONS_SHOWN, sprites.capacity(prod(learned.shape))))
    shown = len(first.W)
    rows, columns = first.shape
    one, looks = "neuron", "Where a neuron of the first layer looks"
    if isinstance(learned.network.layers[0], Convolution):
        one, looks = "map", f"What a map of the first layer looks for, in each {rows}x{columns} pixels"
    sheet = sprites.weights("weights", first.W, first.shape, first.full_color)
    pictures = (
        tag("li", sheet.picture(j, f"weights of {one} {j}"), tag("span", str(j), aria_hidden="true"))
        for j in range(shown)
    )
    some = f" The first {shown} of {first.neurons} {one}s." if first.neurons > shown else ""
    caption = (
        f"{looks}: ink on red raises its z, ink on blue lowers it. "
        f"Full colour is a weight of {first.full_color:.2g}, the same for all.{some}"
    )
    return sheet, tag("div", tag("p", caption), tag("ol", *pictures, class_="neurons"))
