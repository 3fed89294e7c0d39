"""The schema as data: what is expected at each place of a config, for its errors and its manual."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from nnbp_cli.config.schema import Config
from nnbp_cli.wording import Location, listed, quoted

Node = dict[str, Any]


@cache
def _root() -> Node:
    """The node of a whole config; made when it is wanted, and most configs have no mistake to explain."""
    return TypeAdapter(Config).json_schema()


def find(place: Location) -> tuple[Location, Node]:
    """The node at `place`, or the last one on the way there, with its own place."""
    node = _root()
    for depth, step in enumerate(place):
        below = node.get("items") if isinstance(step, int) else node.get("properties", {}).get(step)
        if below is None:
            return place[:depth], node
        node = _followed(below)
    return place, node


def tables(place: Location = (), node: Node | None = None) -> Iterator[tuple[Location, Node]]:
    """Every table with its place, from the whole config down; 0 stands for an index."""
    node = _root() if node is None else node
    if "properties" in node:
        yield place, node
        for key, below in node["properties"].items():
            yield from tables((*place, key), _followed(below))
    elif "items" in node:
        yield from tables((*place, 0), _followed(node["items"]))


def choices(node: Node) -> list[str]:
    """The words that may stand here, where only certain words may."""
    if "anyOf" in node:
        return [word for each in node["anyOf"] for word in choices(each)]
    words: list[str] = node.get("enum", [node["const"]] if "const" in node else [])
    return words


def expected(node: Node) -> str:
    """What may stand here: 'a number > 0', "'best' or 'last'"."""
    if "anyOf" in node:
        return listed(expected(each) for each in map(_followed, node["anyOf"]) if each["type"] != "null")
    if words := choices(node):
        return listed(map(quoted, words))
    match node["type"]:
        case "integer":
            return f"an integer >= {node['minimum']}"  # the upper bound is named when it is passed
        case "number":
            return f"a number{_range(node)}"
        case "array":
            items = _followed(node["items"])
            return f"a list of {'tables' if items['type'] == 'object' else expected(items)}"
        case "object":
            return "a table"
    return "a name"


def _range(node: Node) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "maximum": "<=", "exclusiveMaximum": "<"}
    return " and".join(f" {sign} {node[key]:g}" for key, sign in signs.items() if key in node)


def _followed(node: Node) -> Node:
    """The table that a node refers to, or the node itself."""
    # allOf: pydantic before 2.9; anyOf: a table that may be left out.
    for each in (node, *node.get("allOf", ()), *node.get("anyOf", ())):
        if "$ref" in each:
            table: Node = _root()["$defs"][each["$ref"].rpartition("/")[2]]
            return table
    return node
