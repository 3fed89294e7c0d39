"""HTML and SVG as values. Whatever is not markup already is escaped, so no name of a run can become a tag."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib import resources
from string import Template
from typing import Any

from nnbp_cli.errors import printable
from nnbp_cli.system import json_text


@dataclass(frozen=True)
class Markup:
    """Text that is HTML: it stands in the page as it is."""

    text: str


Content = Markup | str


def tag(name: str, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """An element. In the names of attributes an underscore is a hyphen, and one at the end is nothing:
    `class_`, `aria_label`. False and None leave an attribute out, True gives it no value.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{name}{head}>{joined(content).text}</{name}>")


def joined(content: Iterable[Content]) -> Markup:
    """One piece of content after the other."""
    return Markup("".join(part.text if isinstance(part, Markup) else _escaped(part) for part in content))


def resource(name: str) -> Markup:
    """The text of a file of this package."""
    return Markup(resources.files("nnbp_cli.report").joinpath(name).read_text(encoding="utf-8"))


def filled(name: str, **parts: Content) -> Markup:
    """The template in a file of this package, with `parts` in place of their names."""
    values = {key: joined([part]).text for key, part in parts.items()}
    return Markup(Template(resource(name).text).substitute(values))


def script_data(value: Any) -> Markup:
    """A value as JSON for a script element, which no text in it can end."""
    return Markup(json_text.dumps(value, separators=(",", ":")).replace("<", "\\u003c"))


def _attribute(key: str, value: str | float | bool | None) -> str:
    key = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {key}"
    shown = value if isinstance(value, str) else f"{round(value, 2):.9g}"
    return f' {key}="{_escaped(shown)}"'


def _escaped(text: str) -> str:
    """Text without markup. What is not printable, in names say, is shown escaped, but for ends of lines."""
    return escape("\n".join(map(printable, text.split("\n"))))
